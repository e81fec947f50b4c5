"""Tables of the model card in Markdown, one function each, from the numbers in ``validity.json``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scripts.model_card.measure.families import BREAKING
from scripts.model_card.measure.validity import OWN, PEERS
from scripts.model_card.write.targets import judge

_LABELS = {"mse": "-mse", "random": "random", "oracle": "oracle", **PEERS}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table.

    Raises:
        ValueError: a row has another number of cells than the head.
    """
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"{len(head)} columns, but a row has {len(row)} cells: {list(row)}")
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)


def _range(interval: Sequence[float] | None, *, sign: bool = False) -> str:
    if interval is None:
        return ""
    low, high = (f"{x:+.2f}" if sign else f"{x:.2f}" for x in interval)
    return f"{low} to {high}"


def areas(validity: dict[str, Any], name: str) -> str:
    """Normalised areas of one set, own measures first."""
    methods = validity["sets"][name]["methods"]
    rows = []
    for method in (*OWN, *PEERS, "random", "oracle"):
        values = methods[method]
        label = _LABELS.get(method, method)
        rows.append(
            (
                f"**{label}**" if method in OWN else label,
                f"{values['pauc0.2']:.3f}",
                f"{values['pauc0.3']:.3f}",
                _range(values.get("interval0.3")),
                "" if method == "quality" else _range(values.get("quality_minus_it"), sign=True),
            )
        )
    head = ("measure", "pAUC@0.2", "pAUC@0.3", "95 % interval", "quality minus it, at 0.3")
    return table(head, rows)


def kinds(distributions: dict[str, Any]) -> str:
    """Quality by kind of picture."""
    rows = [
        (kind, f"{v['count']:,}", f"{v['p10']:.0f}", f"{v['median']:.0f}", f"{v['p90']:.0f}")
        for kind, v in distributions["kinds"].items()
    ]
    return table(("pictures", "count", "10th percentile", "median", "90th percentile"), rows)


def development_families(distributions: dict[str, Any]) -> str:
    """Medians of the development images with one degradation."""
    rows = [
        (
            family,
            str(v["count"]),
            f"{v['median']:.0f}",
            str(v["strong_count"]),
            "" if v["strong_median"] is None else f"{v['strong_median']:.0f}",
        )
        for family, v in distributions["development_families"].items()
    ]
    head = ("degradation", "images", "median quality", "of strength 0.6 and more", "their median")
    return table(head, rows)


def families(facts: dict[str, Any]) -> str:
    """Quality and rank correlations by family."""
    rows = []
    for family, v in facts["families"].items():
        quality = v["means"]["quality"]
        mark = " *" if family in BREAKING else ""
        rows.append(
            (
                f"{family}{mark}",
                " / ".join(f"{quality[i]:.0f}" for i in (0, 4, 9)),
                f"{v['strong_median']:.0f}",
                *(f"{v['rho'][name]:.2f}" for name in ("quality", "ssim", "mse", "discriminator")),
            )
        )
    head = (
        "family",
        "mean quality at 0.1 / 0.5 / 1",
        "median at 0.8 to 1",
        *(f"rho {_LABELS.get(n, n)}" for n in ("quality", "ssim", "mse", "discriminator")),
    )
    return table(head, rows)


def restoration(facts: dict[str, Any]) -> str:
    """Before, after and gain by family."""
    names = ("psnr", "ssim", *facts["recognisers"])
    rows = []
    for family, v in facts["families"].items():
        cells = [family]
        for name in names:
            digits = 2 if name == "psnr" else 3
            x = v[name]
            cells.append(
                f"{x['before']:.{digits}f} -> {x['after']:.{digits}f} (**{x['gain']:+.{digits}f}**"
                f" ± {x['error']:.{digits}f})"
            )
        rows.append(cells)
    head = ("family", "PSNR in dB", "SSIM", *(f"similarity, {n}" for n in facts["recognisers"]))
    return table(head, rows)


def subgroups(facts: dict[str, Any]) -> str:
    """Quality and false rejections by group."""
    rows = []
    for group, v in facts["groups"].items():
        low, first, middle, third, _ = v["percentiles"]
        wrong = f"{v['false_rejections']} of {v['pairs']:,}" if v["pairs"] else ""
        rows.append(
            (
                group,
                f"{v['count']:,}",
                f"{middle:.0f}",
                f"{first:.0f} to {third:.0f}",
                f"{low:.0f}",
                f"{100 * v['below']:.1f} %",
                wrong,
            )
        )
    head = (
        "group",
        "images",
        "median",
        "quartiles",
        "5th percentile",
        "below acceptable",
        "pairs falsely rejected",
    )
    return table(head, rows)


def networks(facts: dict[str, Any]) -> str:
    """Parameters and multiply-adds, with their sums."""
    rows = [
        (name, f"{v['parameters'] / 1e6:.2f} M", f"{v['multiply_adds'] / 1e9:.3f} G")
        for name, v in facts.items()
    ]
    total = [sum(v[k] for v in facts.values()) for k in ("parameters", "multiply_adds")]
    rows.append(("together", f"{total[0] / 1e6:.2f} M", f"{total[1] / 1e9:.3f} G"))
    return table(("network", "parameters", "multiply-adds at 128 px"), rows)


def settings(training: Mapping[str, Any]) -> str:
    """All settings of the run, one a row."""
    rows = []
    for key, value in training["settings"].items():
        if isinstance(value, dict):
            value = ", ".join(f"{k} {v}" for k, v in value.items()) or "defaults"
        rows.append((f"`{key}`", str(value)))
    return table(("setting", "value"), rows)


def targets(facts: dict[str, Any]) -> str:
    """Every target, with a plain yes or no."""
    rows = [(t.what, t.asked, t.measured, "yes" if t.met else "**no**") for t in judge(facts)]
    return table(("what", "target", "measured", "met"), rows)
