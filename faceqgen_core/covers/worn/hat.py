"""Hats, caps and hoods, with the shadow that they cast."""

from __future__ import annotations

import numpy as np

from faceqgen_core.covers.canvas import Canvas, curve, oval
from faceqgen_core.covers.colours import cloth, dye, folds


def hat(canvas: Canvas, strength: float) -> None:
    """A cap, a brimmed hat, a woollen hat or a hood; the lower it sits, the more of the face lies in its shadow."""
    rng = canvas.rng
    kind = str(rng.choice(["cap", "brim", "wool", "hood"]))
    fabric = cloth(canvas, plain=0.6)
    low = -0.95 + 0.85 * strength + rng.uniform(-0.04, 0.04)
    tilt = rng.uniform(-0.1, 0.1)
    deep = rng.uniform(0.35, 0.75) * (0.4 + 0.6 * strength)
    if kind == "hood":
        hx, hy = 1.35 - 0.5 * strength, 1.75 - 0.6 * strength
        hole = canvas.fill(oval((rng.uniform(-0.08, 0.08), 0.75), (hx, hy), power=2.3))
        body = 1 - hole
        canvas.cast(body, deep, rng.uniform(0.1, 0.3), 0.14)
        shading = canvas.relief(body, 0.15, 0.9) * folds(canvas, 0.18)
        canvas.lay(body, fabric, np.asarray(shading, np.float32))
        return
    crown = rng.uniform(1.12, 1.3)
    arc = curve(
        [
            [-crown, low + 0.08],
            [-0.6, low - 0.02],
            [0, low - 0.05],
            [0.6, low - 0.02],
            [crown, low + 0.08],
        ],
        30,
    )
    arc[:, 1] += tilt * arc[:, 0]
    top = np.vstack(
        [
            arc,
            [
                [crown * 1.02, low - 0.8],
                [crown * 0.7, -2.2],
                [-crown * 0.7, -2.2],
                [-crown * 1.02, low - 0.8],
            ],
        ]
    )
    body = canvas.fill(top)
    if kind == "wool":
        canvas.cast(body, deep * 0.6, 0.12, 0.08)
        across, along = canvas.x, canvas.y
        ribs = (
            1
            + 0.16 * np.sin(across * rng.uniform(18, 40)) * (along > low - 0.45)
            + 0.12 * (canvas.streaks(60, 30, across, along) - 0.5)
        )
        shading = canvas.relief(body, 0.3, 0.8) * ribs
        canvas.lay(body, fabric, np.asarray(shading, np.float32))
        fold = np.exp(-(((canvas.y - low + 0.45) / 0.04) ** 2)).astype(np.float32)
        canvas.lay(body * fold * np.float32(0.5), (10, 10, 10))
        return
    shading = canvas.relief(body, 0.35, 0.9) * folds(canvas, 0.08)
    canvas.lay(body, fabric, np.asarray(shading, np.float32))
    reach = rng.uniform(0.18, 0.32) if kind == "cap" else rng.uniform(0.12, 0.24)
    wide = rng.uniform(0.85, 1.1) if kind == "cap" else rng.uniform(1.7, 2.2)
    xs = np.linspace(-wide, wide, 9)
    bow = rng.uniform(0.1, 0.3) if kind == "cap" else rng.uniform(-0.12, 0.2)
    front = np.stack([xs, low + reach - bow * (xs / wide) ** 2 * 1.2 + tilt * xs], axis=1)
    back = np.stack(
        [
            xs[::-1],
            low
            - 0.1 * (1 - (xs / wide) ** 2)
            - (0.02 if kind == "cap" else reach * 0.6)
            + tilt * xs[::-1],
        ],
        axis=1,
    )
    brim = canvas.fill(np.vstack([curve(front, 30), curve(back, 30)]))
    # A brim shades what lies below it, wherever the light stands above.
    shadow_y = low + reach + rng.uniform(0.25, 1.0) * (0.3 + 0.7 * strength)
    below = 1 / (
        1
        + np.exp(
            -np.clip((shadow_y + 0.15 * canvas.x**2 - canvas.y) / rng.uniform(0.02, 0.12), -30, 30)
        )
    )
    canvas.shade *= np.asarray(1 - deep * below * (np.abs(canvas.x) < wide * 1.1), np.float32)
    brim_colour = fabric if rng.random() < 0.6 else dye(rng)
    light = np.asarray(canvas.relief(brim, 0.06, 1.0) * rng.uniform(0.6, 1.0), np.float32)
    canvas.lay(brim, brim_colour, light, shadow=0.3, height=0.06)
    if kind == "cap" and rng.random() < 0.6:
        badge = canvas.fill(
            oval(
                (rng.uniform(-0.1, 0.1), low - 0.35),
                (rng.uniform(0.15, 0.4), rng.uniform(0.1, 0.22)),
                power=rng.uniform(2, 6),
            )
        )
        canvas.lay(badge * body, dye(rng), 0.6 + 0.8 * canvas.clouds(30))
    elif kind == "brim" and rng.random() < 0.7:
        band = (
            canvas.fill(np.vstack([arc + np.array((0, -0.1)), arc[::-1] + np.array((0, -0.35))]))
            * body
            * (1 - brim)
        )
        canvas.lay(np.asarray(band, np.float32), dye(rng), shading)
