"""Masks over mouth and nose."""

from __future__ import annotations

import numpy as np

from faceqgen_core.covers.canvas import Canvas, curve, outline, oval
from faceqgen_core.covers.colours import cloth, dye, folds

_PAPER = np.array(
    [
        [150, 195, 220],
        [205, 225, 235],
        [240, 240, 240],
        [165, 210, 190],
        [25, 25, 28],
        [235, 190, 205],
    ],
    np.float64,
)


def face_mask(canvas: Canvas, strength: float) -> None:
    """A surgical, cloth or respirator mask; at small strengths it hangs below the mouth, then climbs over the nose."""
    rng = canvas.rng
    kind = str(rng.choice(["surgical", "cloth", "respirator"]))
    top = 1.38 - 1.13 * strength + rng.uniform(-0.04, 0.04)
    wide = rng.uniform(0.92, 1.04)
    slope = rng.uniform(0.1, 0.3)
    bump = rng.uniform(0.08, 0.2) * min(1.0, 1.5 * strength)
    low = rng.uniform(1.95, 2.15)
    upper = curve(
        [
            [-wide, top + slope],
            [-0.45, top + 0.08],
            [0, top - bump],
            [0.45, top + 0.08],
            [wide, top + slope],
        ],
        24,
    )
    jaw = wide * rng.uniform(0.55, 0.75)
    lower = curve(
        [
            [wide * 0.97, max(top + slope + 0.1, 1.25)],
            [jaw, low - 0.18],
            [0, low],
            [-jaw, low - 0.18],
            [-wide * 0.97, max(top + slope + 0.1, 1.25)],
        ],
        24,
    )
    body = canvas.fill(np.vstack([upper, lower]))
    loops = []
    thin = rng.uniform(0.025, 0.055)
    for side in (-1, 1):
        for y in (top + slope + 0.04, 1.3 + 0.1 * rng.random()):
            loops.append(
                outline(
                    curve(
                        [
                            [side * wide * 0.95, y],
                            [side * 1.12, 0.5 * y + 0.15],
                            [side * 1.25, 0.15],
                        ],
                        8,
                    ),
                    thin,
                )
            )
    straps = canvas.fill(*loops)
    canvas.lay(
        straps,
        rng.uniform(190, 245) + rng.normal(0, 4, 3) if rng.random() < 0.7 else dye(rng),
        shadow=0.25,
        height=0.03,
        soft=0.04,
    )
    canvas.cast(body, rng.uniform(0.2, 0.45), 0.06, 0.06)
    shading = canvas.relief(body, rng.uniform(0.15, 0.3), rng.uniform(0.6, 1.1))
    # The nose and the chin push the cloth out; the light falls on that ridge.
    ridge = np.exp(-((canvas.x / 0.5) ** 2)).astype(np.float32)
    shading = shading * (0.86 + 0.2 * ridge)
    v = canvas.y - top - slope * np.clip(canvas.x**2, 0, 1)
    if kind == "surgical":
        paper = _PAPER[int(rng.integers(len(_PAPER)))] + rng.normal(0, 6, 3)
        pitch = (low - top) / rng.uniform(3.5, 5)
        turns = (v + 0.03 * np.sin(canvas.x * 3)) / pitch
        phase = turns - np.floor(turns)
        pleat = 1 - 0.22 * np.exp(-(((phase - 0.1) / 0.07) ** 2)) + 0.07 * phase
        shading = shading * pleat * folds(canvas, 0.07)
        canvas.lay(body, paper, np.asarray(shading, np.float32))
        wire = canvas.fill(outline(upper + np.array((0, 0.05)), 0.045)) * body
        canvas.lay(wire * np.float32(0.5), paper * 0.8 + 40)
    elif kind == "cloth":
        fabric = cloth(canvas, plain=0.35)
        shading = shading * folds(canvas, rng.uniform(0.05, 0.2))
        if rng.random() < 0.5:
            seam = np.exp(-((canvas.x / 0.025) ** 2))
            shading = shading * (1 - 0.35 * seam)
        hem = np.exp(-(((v - 0.06) / 0.02) ** 2))
        canvas.lay(body, fabric, np.asarray(shading * (1 - 0.2 * hem), np.float32))
    else:
        shell = (
            np.array([238, 238, 235]) + rng.normal(0, 5, 3)
            if rng.random() < 0.75
            else dye(rng) * 0.7
        )
        if rng.random() < 0.5:  # folded upright
            seam = np.exp(-((canvas.x / 0.03) ** 2))
            shading = (
                shading
                * (1 + 0.18 * np.tanh(canvas.x * 6 * np.sign(canvas.light[0])))
                * (1 - 0.25 * seam)
            )
        else:
            rings = np.exp(
                -(((np.hypot(canvas.x / 0.8, (canvas.y - 1.2) / 0.75) - 0.75) / 0.04) ** 2)
            )
            shading = shading * (1 - 0.15 * rings)
        canvas.lay(body, shell, np.asarray(shading * folds(canvas, 0.05), np.float32))
        if rng.random() < 0.4:
            side = rng.choice([-1, 0, 1])
            valve = canvas.fill(oval((0.42 * side, 1.25), (0.2, 0.17), power=3))
            canvas.lay(
                valve * body, shell * 0.85, canvas.relief(valve, 0.05, 1.2), shadow=0.3, height=0.04
            )
