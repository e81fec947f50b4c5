"""Microphones before the mouth."""

from __future__ import annotations

import numpy as np

from faceqgen_core.covers.canvas import Canvas, outline, oval
from faceqgen_core.covers.colours import dye
from faceqgen_core.covers.in_hand.ball import ball
from faceqgen_core.covers.in_hand.grip import grip

_METAL = np.array([[45, 45, 48], [120, 122, 126], [185, 187, 192], [190, 160, 95]], np.float64)


def microphone(canvas: Canvas, strength: float) -> None:
    """One to three microphones, ball or foam, on a handle or a stand; nearer and larger with the strength."""
    rng = canvas.rng
    count = 1 if rng.random() < 0.7 else int(rng.integers(2, 4))
    for i in range(count):
        radius = (0.2 + 0.36 * strength) * rng.uniform(0.85, 1.1) * (1 if i == 0 else 0.8)
        offset = 0.0 if i == 0 else float(rng.choice([-1, 1])) * rng.uniform(0.5, 0.9)
        at = np.array(
            [rng.normal(0, 0.15) + offset, 1.75 - 0.7 * strength + rng.uniform(-0.1, 0.1) + 0.2 * i]
        )
        lean = rng.uniform(-0.7, 0.7)
        down = np.array([np.sin(lean), np.cos(lean)])
        metal = _METAL[int(rng.integers(len(_METAL)))] if rng.random() < 0.7 else dye(rng)
        thick = radius * rng.uniform(0.5, 1.2)
        line = np.stack([at + down * s for s in np.linspace(radius * 0.5, 3.5, 6)])
        stem = canvas.fill(outline(line, np.linspace(thick * 1.25, thick * 0.75, 6)))
        across = (canvas.x - float(at[0])) * float(down[1]) - (canvas.y - float(at[1])) * float(
            down[0]
        )
        gleam = 0.7 + 0.6 * np.exp(
            -(((across - 0.25 * thick * canvas.light[0]) / (0.2 * thick)) ** 2)
        )
        canvas.lay(
            stem,
            metal * rng.uniform(0.4, 1.0),
            np.asarray(canvas.relief(stem, 0.06, 0.8) * gleam, np.float32),
            shadow=0.35,
            height=0.12,
        )
        alpha, shading = ball(canvas, at, radius)
        grain = canvas.grain()
        if rng.random() < 0.5:  # foam
            stretch = rng.uniform(1.0, 1.5)
            alpha = canvas.fill(
                oval(
                    tuple(at - down * 0.2 * radius),
                    (radius, radius * stretch),
                    power=rng.uniform(2, 2.8),
                    angle=-lean,
                )
            )
            shading = canvas.relief(alpha, radius * 0.4, 1.0) * (1 + 0.13 * grain)
            foam = rng.uniform(12, 45) + rng.normal(0, 3, 3) if rng.random() < 0.6 else dye(rng)
            canvas.lay(
                alpha,
                foam,
                np.asarray(shading, np.float32),
                shadow=rng.uniform(0.3, 0.6),
                height=0.14,
                soft=0.1,
            )
            if rng.random() < 0.4:
                box = canvas.fill(
                    oval(
                        tuple(at + down * radius * 1.2),
                        (radius * 0.75, radius * 0.5),
                        power=8,
                        angle=-lean,
                    )
                )
                canvas.lay(box, dye(rng), 0.8 + 0.4 * canvas.clouds(26), shadow=0.3, height=0.05)
        else:  # wire mesh
            pitch = rng.uniform(28, 60)
            mesh = np.sin((canvas.x + canvas.y) * pitch) * np.sin((canvas.x - canvas.y) * pitch)
            canvas.lay(
                alpha,
                metal,
                np.asarray(shading * (1 + 0.3 * mesh), np.float32),
                shadow=rng.uniform(0.3, 0.6),
                height=0.14,
                soft=0.1,
            )
            band = canvas.fill(
                outline(
                    np.stack(
                        [
                            at - np.array([down[1], -down[0]]) * radius,
                            at + np.array([down[1], -down[0]]) * radius,
                        ]
                    ),
                    radius * 0.22,
                )
            )
            canvas.lay(band * alpha, metal * 1.3, shading)
        if rng.random() < 0.3:
            hold = at + down * (radius + 0.45)
            grip(canvas, float(hold[0]), float(hold[1]), float(rng.choice([-1, 1])), 0.28, 3)
