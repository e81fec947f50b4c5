"""Goggles of swimmers and skiers."""

from __future__ import annotations

import numpy as np

from faceqgen_core.covers.canvas import Canvas, curve, outline, oval
from faceqgen_core.covers.colours import cloth, dye, room


def goggles(canvas: Canvas, strength: float) -> None:
    """Swimming or ski goggles with a strap round the head."""
    rng = canvas.rng
    opacity = np.float32(min(1.0, 0.6 + 0.45 * strength))
    strap = rng.uniform(0.12, 0.2)
    rim = dye(rng)
    if rng.random() < 0.5:  # ski: one wide glass in a padded frame
        hx, hy = 0.85 + 0.35 * strength, 0.36 + 0.24 * strength
        cy = rng.uniform(0.0, 0.08)
        shell = oval((0, cy), (hx, hy), power=3.0, count=60)
        shell[:, 1] += np.where(
            shell[:, 1] > cy, -0.42 * hy * np.exp(-((shell[:, 0] / 0.25) ** 2)), 0
        )
        glass_points = (shell - np.array((0, cy))) * (0.9, 0.83) + (0, cy)
        band = np.array(
            [
                [-2.2, cy - strap - 0.05],
                [2.2, cy - strap - 0.05],
                [2.2, cy + strap],
                [-2.2, cy + strap],
            ]
        )
        ribbon = canvas.fill(band) * (np.abs(canvas.x) > hx * 0.7)
        canvas.lay(ribbon.astype(np.float32), cloth(canvas, plain=0.3), shadow=0.25, height=0.04)
        body = canvas.fill(shell)
        canvas.lay(body, rim, canvas.relief(body, 0.08, 1.0), shadow=0.45, height=0.1)
        glass = canvas.fill(glass_points)
    else:  # swimming: two cups
        hx, hy = 0.26 + 0.16 * strength, 0.2 + 0.13 * strength
        for side in (-1, 1):
            line = curve(
                [
                    [side * (0.45 + hx), 0.02],
                    [side * 1.1, -0.03],
                    [side * 1.6, rng.uniform(-0.2, 0.05)],
                ],
                8,
            )
            cord = canvas.fill(outline(line, strap * 0.8))
            canvas.lay(cord, rim * 0.8, canvas.relief(cord, 0.04, 0.8), shadow=0.3, height=0.04)
        nose = canvas.fill(outline(curve([[-0.3, 0.0], [0, -0.05], [0.3, 0.0]], 9), 0.09))
        canvas.lay(nose, rim * 0.7, shadow=0.3, height=0.05)
        cups = [oval((s * 0.52, 0.03), (hx, hy), power=2.5, angle=s * 0.12) for s in (-1, 1)]
        body = canvas.fill(*cups)
        canvas.lay(body, rim, canvas.relief(body, 0.05, 1.1), shadow=0.5, height=0.08)
        inner = [(c - c.mean(axis=0)) * 0.78 + c.mean(axis=0) for c in cups]
        glass = canvas.fill(*inner)
    tint = dye(rng) * 0.6
    canvas.lay(glass * opacity, tint)
    canvas.lay(glass * np.float32(rng.uniform(0.2, 0.8)) * opacity, room(canvas))
    canvas.lay(glass * np.float32(0.35) * (canvas.relief(glass, 0.06, 1.0) > 1.25), (255, 255, 255))
