"""Something drunk from."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.covers.canvas import Canvas, curve, outline, oval
from faceqgen_core.covers.colours import cloth, dye
from faceqgen_core.covers.in_hand.grip import grip


def cup(canvas: Canvas, strength: float) -> None:
    """A mug, a paper cup, a glass or a can at the mouth."""
    rng = canvas.rng
    kind = str(rng.choice(["mug", "paper", "glass", "can"]))
    wide = (0.3 + 0.28 * strength) * rng.uniform(0.92, 1.08)
    top = 1.55 - 0.75 * strength + rng.uniform(-0.05, 0.05)
    tall = wide * (2.6 if kind in ("paper", "can") else 2.1)
    x = rng.normal(0, 0.12)
    taper = {"paper": 0.72, "glass": 0.85, "mug": 0.97, "can": 1.0}[kind]
    lean = rng.uniform(-0.25, 0.25)
    flat = wide * rng.uniform(0.18, 0.35)

    def turn(points: NDArray[np.float64]) -> NDArray[np.float64]:
        c, s = math.cos(lean), math.sin(lean)
        return np.asarray((points - (x, top)) @ np.array([[c, s], [-s, c]]) + (x, top))

    low = oval((x, top + tall), (wide * taper, flat), count=40)
    wall = np.vstack([[[x - wide, top], [x + wide, top]], low[(low[:, 1] >= top + tall - 1e-9)]])
    body = canvas.fill(turn(wall), turn(oval((x, top), (wide, flat))))
    paint = cloth(canvas, plain=0.55)
    u = ((canvas.x - x) * math.cos(lean) + (canvas.y - top) * math.sin(lean)) / wide
    round_light = 0.55 + 0.55 * np.clip(
        np.sqrt(np.clip(1 - u**2, 0, 1)) + 0.5 * u * canvas.light[0], 0, None
    )
    gleam = (
        0.6 * np.exp(-(((u - 0.5 * np.sign(canvas.light[0])) / 0.08) ** 2))
        if kind != "paper"
        else 0
    )
    shading = np.asarray(round_light + gleam, np.float32)
    opaque = np.float32(1.0)
    if kind == "glass":
        paint = np.broadcast_to(np.asarray(dye(rng) * 0.5 + 110, np.float32), (*canvas.shape, 3))
        opaque = np.float32(0.45 + 0.4 * strength)
    if kind == "mug":
        s = float(rng.choice([-1, 1]))
        ear = curve(
            [
                [x + s * wide * 0.9, top + tall * 0.2],
                [x + s * wide * 1.6, top + tall * 0.25],
                [x + s * wide * 1.55, top + tall * 0.65],
                [x + s * wide * 0.9, top + tall * 0.75],
            ],
            20,
        )
        handle = canvas.fill(turn(outline(ear, wide * 0.22)))
        canvas.lay(handle, paint, canvas.relief(handle, 0.04, 1.0), shadow=0.3)
    canvas.lay(body * opaque, paint, shading, shadow=rng.uniform(0.25, 0.5), height=0.14, soft=0.12)
    rim = canvas.fill(turn(oval((x, top), (wide, flat))))
    if kind == "glass":
        fluid = body * (canvas.y > top + tall * rng.uniform(0.15, 0.5))
        canvas.lay(np.asarray(fluid * 0.6, np.float32), dye(rng), shading)
    elif kind == "can":
        canvas.lay(rim, (175, 178, 182), canvas.relief(rim, 0.05, 1.2))
    elif rng.random() < 0.5:  # the lid, or the far wall of the inside
        canvas.lay(rim, dye(rng), canvas.relief(rim, 0.06, 1.0))
    else:
        canvas.lay(rim, paint * np.float32(0.45))
        edge = canvas.fill(
            turn(
                outline(
                    np.vstack([oval((x, top), (wide, flat)), [[x + wide, top]]]),
                    0.035,
                    rounded=False,
                )
            )
        )
        canvas.lay(edge, paint, 1.25)
    if rng.random() < 0.6:
        s = float(rng.choice([-1, 1]))
        grip(canvas, x + s * wide * 0.9, top + tall * 0.35, s, 0.29, int(rng.integers(2, 5)))
