"""A histogram as inline SVG: bars, a scale, the median, and which direction is better. No script, no other file."""

from __future__ import annotations

from .contents import Distribution

WIDTH, HEIGHT = 480, 190
LEFT, RIGHT, TOP, BOTTOM = 40, 10, 22, 34
TICKS = 5


def draw(distribution: Distribution) -> str:
    """The drawing; colours come from the page's style."""
    shape = distribution.histogram
    low, high = shape.low, shape.high
    highest = max(shape.counts) or 1
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    base = TOP + tall

    def across(value: float) -> float:
        return LEFT + wide * (value - low) / (high - low)

    parts = []
    for bar, count in enumerate(shape.counts):
        if count:
            start, end = shape.edges(bar)
            height = max(tall * count / highest, 1)
            parts.append(
                f'<rect class="bar" x="{across(start) + 0.5:.1f}" y="{base - height:.1f}" '
                f'width="{max(across(end) - across(start) - 1, 1):.1f}" height="{height:.1f}">'
                f"<title>{start:.4g} to {end:.4g}: {count:,}</title></rect>"
            )
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base}" y2="{base}"/>')
    for step in range(TICKS):
        value = low + (high - low) * step / (TICKS - 1)
        anchor = "start" if step == 0 else "end" if step == TICKS - 1 else "middle"
        parts.append(
            f'<text x="{across(value):.1f}" y="{base + 14}" text-anchor="{anchor}">{value:.3g}</text>'
        )
    parts.append(f'<text x="{LEFT - 4}" y="{TOP + 8}" text-anchor="end">{highest:,}</text>')
    parts.append(f'<text x="{LEFT - 4}" y="{base}" text-anchor="end">0</text>')
    parts.append(_median(across(distribution.quantiles[2]), distribution.quantiles[2], base))
    better = "better →" if distribution.score.higher_is_better else "← better"
    side, anchor = (
        (WIDTH - RIGHT, "end") if distribution.score.higher_is_better else (LEFT, "start")
    )
    parts.append(f'<text x="{side}" y="{HEIGHT - 4}" text-anchor="{anchor}">{better}</text>')
    label = f"Histogram of {distribution.name}: {distribution.count:,} samples"
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def _median(x: float, value: float, base: int) -> str:
    return (
        f'<line class="middle" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 4}" y2="{base}"/>'
        f'<text x="{min(max(x, LEFT + 40), WIDTH - RIGHT - 40):.1f}" y="{TOP - 9}" text-anchor="middle">'
        f"median {value:.3g}</text>"
    )
