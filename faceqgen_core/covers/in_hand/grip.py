"""Fingers that hold a thing before the face."""

from __future__ import annotations

import numpy as np

from faceqgen_core.covers.canvas import Canvas, curve, outline, oval
from faceqgen_core.covers.colours import skin_colour


def grip(canvas: Canvas, x: float, y: float, side: float, step: float, count: int) -> None:
    """Fingers that reach round a thing from one side, and the hand that they belong to."""
    rng = canvas.rng
    colour = skin_colour(canvas)
    mottle = np.asarray(0.93 + 0.14 * canvas.clouds(14), np.float32)
    width = step * 1.08
    middle = y + (count - 1) * step / 2
    palm = oval((x + side * 0.62, middle + 0.1), (0.5, 0.5 * count * step + 0.12), power=2.6)
    arm = outline(
        curve(
            [
                [x + side * 0.75, middle + 0.1],
                [x + side * 1.2, middle + 0.9],
                [x + side * 1.4, middle + 2.4],
            ],
            8,
        ),
        0.75,
    )
    body = canvas.fill(palm, arm)
    canvas.lay(body, colour, canvas.relief(body, 0.12, 0.7) * mottle, shadow=0.25, height=0.08)
    order = np.arange(count) if rng.random() < 0.5 else np.arange(count)[::-1]
    for i in order:
        yi = y + i * step + rng.normal(0, 0.02)
        reach = rng.uniform(0.12, 0.34) - 0.04 * abs(i - 1)
        droop = rng.uniform(-0.02, 0.06)
        line = curve(
            [
                [x + side * 0.6, yi + 0.04],
                [x + side * 0.22, yi - 0.03],
                [x - side * reach, yi + droop],
            ],
            14,
        )
        taper = width * np.concatenate([np.linspace(1.0, 1.05, 7), np.linspace(1.02, 0.8, 7)])
        finger = canvas.fill(outline(line, taper))
        canvas.lay(
            finger,
            colour * (1.02, 0.98, 0.97),
            canvas.relief(finger, 0.06, 0.6) * mottle,
            shadow=0.3,
            height=0.03,
            soft=0.03,
        )
        crease = canvas.fill(
            outline(np.array([[x + side * 0.2, yi - 0.09], [x + side * 0.18, yi + 0.06]]), 0.03)
        )
        canvas.lay(crease * np.float32(0.3), colour * 0.6)
        nail = (
            canvas.fill(
                oval((x - side * (reach - 0.02), yi + droop), (0.09, 0.075), power=2.6, count=16)
            )
            * finger
        )
        canvas.lay(nail * np.float32(0.55), np.minimum(colour * (1.1, 1.02, 1.02) + 14, 255))
