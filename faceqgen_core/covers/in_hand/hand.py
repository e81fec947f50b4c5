"""Hands before the face: one or two, in several poses, of any skin, and things held by fingers."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.covers.canvas import Canvas, curve, outline, oval
from faceqgen_core.covers.colours import Colour, skin_colour
from faceqgen_core.covers.planes import Plane

_BASES = np.array([[-0.5, 0.0], [-0.17, -0.07], [0.17, -0.05], [0.48, 0.08]])
_LENGTHS = np.array([1.05, 1.2, 1.1, 0.85])
_WIDTHS = np.array([0.33, 0.34, 0.32, 0.28])


def _place(
    points: NDArray[np.float64], at: NDArray[np.float64], angle: float, size: float, flip: float
) -> NDArray[np.float64]:
    """Hand coordinates (origin at the roots of the fingers, fingers towards -y) -> face units."""
    p = np.asarray(points, np.float64) * (flip * size, size)
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray(p @ np.array([[c, s], [-s, c]]) + at)


def _skin(
    canvas: Canvas, alpha: Plane, colour: Colour, mottle: Plane, radius: float, shadow: float
) -> None:
    shading = canvas.relief(alpha, radius, 0.6) * mottle
    canvas.lay(
        alpha, colour, np.asarray(shading, np.float32), shadow=shadow, height=0.05, soft=0.04
    )


def draw_hand(
    canvas: Canvas,
    at: NDArray[np.float64],
    angle: float,
    *,
    size: float,
    flip: float,
    spread: float,
    lengths: NDArray[np.float64],
    back: bool,
    thumb: float,
    colour: Colour,
) -> None:
    """Draw one hand.

    Args:
        canvas: the sheet.
        at: (2,) roots of the fingers in face units.
        angle: turn in radians; 0 points the fingers up.
        size: 1 is an adult's hand beside an adult's face.
        flip: 1 or -1, which hand.
        spread: how far the fingers fan out, radians from one to the next.
        lengths: (4,) share of each finger's length; a bent finger looks short.
        back: whether the back of the hand shows, with its nails.
        thumb: share of the thumb's length, 0 hides it.
        colour: skin under full light.
    """
    rng = canvas.rng
    mottle = np.asarray(0.94 + 0.12 * canvas.clouds(14), np.float32)
    palm = oval((0, 0.62), (0.68, 0.78), power=2.8, count=30)
    wrist = np.array([[-0.42, 1.0], [0.42, 1.0], [0.46, 4.5], [-0.46, 4.5]])
    body = canvas.fill(_place(palm, at, angle, size, flip), _place(wrist, at, angle, size, flip))
    canvas.cast(body, 0.35, 0.1, 0.12)
    shading = canvas.relief(body, 0.16 * size, 0.9) * mottle
    canvas.lay(body, colour, np.asarray(shading, np.float32))
    if thumb > 0:
        line = curve([[-0.52, 1.0], [-0.85, 0.6], [-0.95 - 0.1 * spread, 0.6 - 0.75 * thumb]], 14)
        _skin(
            canvas,
            canvas.fill(_place(outline(line, np.linspace(0.42, 0.3, 14)), at, angle, size, flip)),
            colour,
            mottle,
            0.06 * size,
            0.25,
        )
    for i in rng.permutation(4):
        fan = (i - 1.5) * spread + rng.normal(0, 0.03)
        reach = _LENGTHS[i] * lengths[i]
        tip = _BASES[i] + reach * np.array([np.sin(fan), -np.cos(fan)])
        bend = rng.normal(0, 0.03)
        root = _BASES[i] + np.array((0, 0.25))
        middle = (root + tip) / 2 + (bend, 0)
        line = curve([root, middle, tip], 16)
        width = _WIDTHS[i] * np.linspace(1.04, 0.86, 16)
        width[[8, 9]] *= 1.04
        finger = canvas.fill(_place(outline(line, width), at, angle, size, flip))
        ruddy = colour * (1.02, 0.97, 0.96)
        _skin(canvas, finger, ruddy, mottle, 0.055 * size, 0.4)
        step = (line[-1] - line[-4]) / max(float(np.linalg.norm(line[-1] - line[-4])), 1e-6)
        across = np.array([-step[1], step[0]])
        marks = []
        if lengths[i] > 0.5:
            for share in (0.38, 0.7):
                spot = root + (tip - root) * share
                marks.append(outline(np.array([spot - across * 0.1, spot + across * 0.1]), 0.03))
        if marks:
            crease = canvas.fill(*[_place(m, at, angle, size, flip) for m in marks]) * finger
            canvas.lay(crease * np.float32(0.35), colour * 0.55)
        if back:
            nail_angle = float(np.arctan2(step[0], -step[1]))
            nail = oval(
                tuple(tip - step * 0.03), (0.085, 0.12), power=2.6, angle=nail_angle, count=16
            )
            plate = canvas.fill(_place(nail, at, angle, size, flip))
            canvas.lay(
                plate * np.float32(0.7),
                np.minimum(colour * (1.12, 1.02, 1.02) + 14, 255),
                shadow=0.12,
                height=0.02,
                soft=0.02,
            )


def hand(canvas: Canvas, strength: float) -> None:
    """A hand at the chin, on the cheek, before mouth, eyes or the whole face; it covers more as the strength rises."""
    rng = canvas.rng
    colour = skin_colour(canvas)
    side = 1.0 if rng.random() < 0.5 else -1.0
    pose = str(rng.choice(["mouth", "cheek", "eyes", "chin", "palm", "finger", "fist", "both"]))
    size = rng.uniform(0.9, 1.1) * (0.8 + 0.25 * strength)
    full = np.ones(4) * rng.uniform(0.92, 1.05)
    back = bool(rng.random() < 0.6)
    away = 1 - strength
    draw = partial(draw_hand, canvas, size=size, colour=colour, lengths=full)
    if pose == "mouth":
        at = np.array([side * (0.15 + 1.3 * away), 1.35 + 0.2 * away])
        draw(at, -side * rng.uniform(1.2, 1.6), flip=side, spread=0.03, back=True, thumb=0.0)
    elif pose == "eyes":
        at = np.array([side * (0.3 + 1.35 * away), rng.uniform(-0.05, 0.2)])
        draw(at, -side * rng.uniform(1.3, 1.75), flip=side, spread=0.04, back=True, thumb=0.0)
    elif pose == "cheek":
        at = np.array([side * (0.55 + 0.75 * away), 1.15 + 0.8 * away])
        draw(
            at,
            side * rng.uniform(-0.35, 0.15),
            flip=-side,
            spread=0.05,
            back=back,
            thumb=rng.uniform(0, 1),
        )
    elif pose == "chin":
        at = np.array([side * rng.uniform(0.1, 0.5), 1.6 + 0.9 * away])
        draw(
            at,
            -side * rng.uniform(0.1, 0.7),
            flip=side,
            spread=0.06,
            lengths=full * (1, 0.95, 0.6, 0.5),
            back=True,
            thumb=1.0,
        )
    elif pose == "palm":
        at = np.array([rng.uniform(-0.5, 0.5), 0.9 + 1.3 * away])
        draw(
            at,
            rng.uniform(-0.4, 0.4),
            flip=side,
            spread=rng.uniform(0.1, 0.22),
            back=False,
            thumb=1.0,
        )
    elif pose == "finger":
        at = np.array([side * rng.uniform(0.0, 0.3), 1.55 + 0.7 * away])
        bent = (
            np.array([1.0, 0.42, 0.38, 0.34])
            if rng.random() < 0.6
            else np.array([1.0, 1.0, 0.36, 0.34])
        )
        draw(
            at,
            -side * rng.uniform(0.0, 0.45),
            flip=side,
            spread=0.1 if bent[1] == 1 else 0.02,
            lengths=bent,
            back=True,
            thumb=0.4,
        )
    elif pose == "fist":
        at = np.array([side * rng.uniform(0.0, 0.35), 0.95 + 1.1 * away])
        draw(
            at,
            -side * rng.uniform(0.0, 0.8),
            flip=side,
            spread=0.01,
            lengths=np.full(4, 0.4),
            back=True,
            thumb=0.35,
        )
    else:
        for s in (-1.0, 1.0):
            at = np.array([s * (0.5 + 0.6 * away), 0.9 + 1.1 * away])
            draw(at, -s * rng.uniform(0.1, 0.5), flip=s, spread=0.04, back=back, thumb=0.0)
