"""A telephone held before the face."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.covers.canvas import Canvas, oval
from faceqgen_core.covers.colours import cloth, dye
from faceqgen_core.covers.in_hand.ball import ball
from faceqgen_core.covers.in_hand.grip import grip
from faceqgen_core.covers.planes import three


def _gleam(canvas: Canvas) -> NDArray[np.float32]:
    """A soft diagonal gleam (H, W, 3)."""
    slant = canvas.x * canvas.rng.uniform(-1, 1) + canvas.y + canvas.rng.uniform(-0.5, 0.5)
    gleam = np.exp(-((slant / 0.35) ** 2))
    return np.asarray(40 + 210 * three(np.asarray(gleam, np.float32)), np.float32)


def phone(canvas: Canvas, strength: float) -> None:
    """A telephone held up: its back with the cameras, or its edge at the cheek."""
    rng = canvas.rng
    half = np.array([0.56, 1.12]) * (0.75 + 0.35 * strength) * rng.uniform(0.92, 1.08)
    side = float(rng.choice([-1, 1]))
    away = 1 - strength
    at = np.array(
        [
            side * (0.15 + 0.95 * away + rng.uniform(-0.1, 0.1)),
            0.75 + 0.7 * away * rng.uniform(0, 1),
        ]
    )
    angle = rng.normal(0, 0.18) + (np.pi / 2 if rng.random() < 0.2 else 0)
    shell = dye(rng)
    body = canvas.fill(
        oval(tuple(at), tuple(half), power=rng.uniform(7, 12), angle=angle, count=72)
    )
    canvas.lay(body, shell * 0.6, shadow=rng.uniform(0.25, 0.5), height=0.2, soft=0.14)
    plate = canvas.fill(oval(tuple(at), tuple(half - 0.035), power=8, angle=angle, count=72))
    c, s = np.cos(angle), np.sin(angle)
    sheen = 0.85 + 0.35 * (canvas.x * canvas.light[0] + canvas.y * canvas.light[1])
    paint = cloth(canvas, plain=0) if rng.random() < 0.25 else shell
    canvas.lay(plate, paint, np.asarray(np.clip(sheen, 0.5, 1.3), np.float32))
    if rng.random() < 0.4:
        canvas.lay(plate * np.float32(rng.uniform(0.1, 0.4)), _gleam(canvas))
    corner = half * (-0.55, -0.72)
    spot = at + np.array([c * corner[0] - s * corner[1], s * corner[0] + c * corner[1]])
    island = canvas.fill(
        oval(tuple(spot), (0.2, 0.2 * rng.uniform(0.9, 1.5)), power=5, angle=angle)
    )
    canvas.lay(
        island,
        shell * 0.75 + 8,
        canvas.relief(island, 0.03, 1.2),
        shadow=0.25,
        height=0.03,
        soft=0.03,
    )
    for k in range(int(rng.integers(1, 4))):
        eye = spot + np.array([(-0.08, 0.08, 0.0)[k] * 0.9, (-0.09, -0.06, 0.1)[k]])
        lens, shading = ball(canvas, eye, 0.075)
        canvas.lay(lens, (22, 24, 32), shading)
        canvas.lay(
            ball(canvas, eye + canvas.light * 0.025, 0.02)[0] * np.float32(0.8), (220, 225, 255)
        )
    if rng.random() < 0.75:
        hand = float(rng.choice([-1, 1]))
        wide = half[0] if abs(np.sin(angle)) < 0.5 else half[1]
        grip(
            canvas,
            float(at[0] + hand * wide),
            float(at[1] + rng.uniform(-0.1, 0.3)),
            hand,
            0.3,
            int(rng.integers(2, 5)),
        )
