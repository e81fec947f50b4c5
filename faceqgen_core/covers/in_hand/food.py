"""Something eaten."""

from __future__ import annotations

import cv2
import numpy as np

from faceqgen_core.covers.canvas import Canvas, oval
from faceqgen_core.covers.colours import dye, mix
from faceqgen_core.covers.in_hand.ball import ball
from faceqgen_core.covers.in_hand.grip import grip


def food(canvas: Canvas, strength: float) -> None:
    """Something eaten: ice cream, an apple, a slice of melon, a sandwich, a burger."""
    rng = canvas.rng
    size = (0.32 + 0.36 * strength) * rng.uniform(0.92, 1.08)
    at = np.array([rng.normal(0, 0.12), 1.75 - 0.62 * strength + rng.uniform(-0.06, 0.06)])
    kind = str(rng.choice(["ice", "apple", "melon", "bread"]))
    grain = cv2.GaussianBlur(canvas.grain(), (0, 0), 0.8)
    if kind == "ice":
        cone = np.array(
            [
                at + np.array((-size * 0.75, size * 0.2)),
                at + np.array((size * 0.75, size * 0.2)),
                at + np.array((0, size * 3.2)),
            ]
        )
        body = canvas.fill(cone)
        waffle = (
            1
            - 0.3 * (np.abs(np.sin((canvas.x + canvas.y * 0.5) * 12)) < 0.2)
            - 0.3 * (np.abs(np.sin((canvas.x - canvas.y * 0.5) * 12)) < 0.2)
        )
        canvas.lay(
            body,
            (214, 160, 92),
            np.asarray(waffle, np.float32) * canvas.relief(body, 0.15, 1.0),
            shadow=0.3,
            height=0.12,
        )
        for k in range(int(rng.integers(1, 3)), 0, -1):
            alpha, shading = ball(canvas, at - (0, size * 0.85 * (k - 1)), size)
            canvas.lay(
                alpha,
                np.clip(dye(rng) * 0.6 + 100, 0, 255),
                np.asarray(shading * (1 + 0.1 * grain), np.float32),
                shadow=0.35,
                height=0.12,
            )
    elif kind == "apple":
        alpha, shading = ball(canvas, at, size * 1.05)
        skin = np.array([[190, 30, 35], [130, 170, 50], [225, 190, 70], [240, 140, 30]])[
            int(rng.integers(4))
        ]
        canvas.lay(
            alpha,
            mix(skin * 0.875, skin * 1.125, canvas.clouds(9)),
            shading,
            shadow=0.45,
            height=0.14,
        )
        gloss, _ = ball(canvas, at + canvas.light * size * 0.5, size * 0.2)
        canvas.lay(canvas.blur(gloss, 0.04) * np.float32(0.7), (255, 255, 255))
    elif kind == "melon":
        turn = rng.uniform(-0.4, 0.4)
        arc = oval(
            tuple(at - np.array((0, size * 0.3))), (size * 1.7, size * 1.5), angle=turn, count=60
        )
        for scale, paint in ((1.0, (40, 110, 50)), (0.93, (225, 235, 200)), (0.86, (222, 60, 70))):
            half = (arc - at + np.array((0, size * 0.3))) * scale
            half = half[np.argsort(np.arctan2(half[:, 1], half[:, 0]))]
            half = half[half @ np.array([-np.sin(turn), np.cos(turn)]) > 0]
            piece = canvas.fill(half + at - np.array((0, size * 0.3)))
            canvas.lay(
                piece,
                paint,
                np.asarray(1 + 0.08 * grain, np.float32),
                shadow=0.35 if scale == 1.0 else 0.0,
                height=0.12,
            )
        seeds = (canvas.clouds(34) > 0.86).astype(np.float32) * piece
        canvas.lay(seeds, (30, 20, 18))
    else:
        turn = rng.uniform(-0.35, 0.35)
        layers = [
            ((196, 140, 78), 0.55),
            ((90, 150, 60), 0.18),
            ((190, 50, 40), 0.16),
            ((110, 66, 40), 0.28),
            ((204, 150, 88), 0.45),
        ]
        down = np.array([-np.sin(turn), np.cos(turn)])
        place = at - down * size * 0.7
        for paint, thick in layers:
            place = place + down * size * thick / 2
            slab = oval(
                tuple(place),
                (size * rng.uniform(1.35, 1.55), size * thick * 0.72),
                power=2.8,
                angle=turn,
            )
            slab += rng.normal(0, 0.015, slab.shape)
            alpha = canvas.fill(slab)
            canvas.lay(
                alpha,
                paint,
                np.asarray(canvas.relief(alpha, 0.08, 1.0) * (1 + 0.12 * grain), np.float32),
                shadow=0.3,
                height=0.08,
            )
            place = place + down * size * thick / 2
    if rng.random() < 0.5:
        s = float(rng.choice([-1, 1]))
        grip(
            canvas,
            float(at[0]) + s * size,
            float(at[1]) + size * 0.2,
            s,
            0.28,
            int(rng.integers(2, 4)),
        )
