"""Colours and patterns that covers are made of: dyes, skin, hair, metal; plain, striped, checked, spotted, knitted cloth."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.covers.canvas import Canvas
from faceqgen_core.covers.planes import Plane, three, tinted

Colour = NDArray[np.float64]

SKIN = np.array(
    [
        [58, 37, 28],
        [84, 54, 40],
        [110, 72, 53],
        [141, 95, 70],
        [168, 118, 88],
        [193, 143, 110],
        [212, 166, 134],
        [228, 187, 160],
        [239, 206, 183],
    ],
    np.float64,
)
"""Skin under full light, dark to light."""

HAIR = np.array(
    [
        [18, 15, 14],
        [32, 24, 20],
        [58, 40, 29],
        [92, 62, 40],
        [128, 92, 58],
        [176, 138, 92],
        [206, 176, 128],
        [120, 56, 30],
        [150, 148, 146],
        [205, 203, 200],
    ],
    np.float64,
)
"""Hair: black, browns, blonds, red, grey, white."""


def dye(rng: np.random.Generator) -> Colour:
    """A colour that things have: often black, white or muted, sometimes vivid."""
    pick = rng.random()
    if pick < 0.18:
        return np.asarray(rng.uniform(8, 45) + rng.normal(0, 3, 3))
    if pick < 0.34:
        return np.asarray(rng.uniform(195, 250) + rng.normal(0, 5, 3))
    saturation = rng.uniform(0.1, 0.5) if pick < 0.78 else rng.uniform(0.5, 0.95)
    hsv = np.array([[[rng.uniform(0, 360), saturation, rng.uniform(0.2, 0.95)]]], np.float32)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0] * 255, np.float64)


def one_of(rng: np.random.Generator, palette: NDArray[np.float64], spread: float = 0.08) -> Colour:
    """A colour between two neighbours of a palette, a little off."""
    place = rng.uniform(0, len(palette) - 1)
    i = int(place)
    base = palette[i] + (place - i) * (palette[min(i + 1, len(palette) - 1)] - palette[i])
    return np.asarray(
        np.clip(base * (1 + rng.normal(0, spread, 3) * 0.5 + rng.normal(0, spread)), 0, 255)
    )


def hair_colour(canvas: Canvas) -> Colour:
    """A colour of hair: in two of five cases the one that stands above the forehead."""
    rng = canvas.rng
    crown, skin = canvas.crown.mean() + 1, canvas.skin.mean() + 1
    same = float(np.abs(canvas.crown / crown - canvas.skin / skin).max()) < 0.2
    bald = same and crown > 0.75 * skin
    if rng.random() < 0.4 and not bald:
        return np.asarray(canvas.crown / max(canvas.gain, 1e-3) + rng.normal(0, 4, 3))
    tone = HAIR[int(rng.integers(len(HAIR)))]
    return np.asarray(np.clip(tone * (1 + rng.normal(0, 0.1)) + rng.normal(0, 3, 3), 0, 255))


def skin_colour(canvas: Canvas) -> Colour:
    """Skin under full light: the wearer's own in three of five cases, else anyone's."""
    if canvas.rng.random() < 0.6 and canvas.skin.mean() > 8:
        own = canvas.skin / max(canvas.gain, 1e-3)
        return np.asarray(own * (1 + canvas.rng.normal(0, 0.06)) + canvas.rng.normal(0, 3, 3))
    return one_of(canvas.rng, SKIN)


def mix(first: Colour, second: Colour, share: Plane) -> NDArray[np.float32]:
    """From one colour (3,) to another by a share (H, W) in [0, 1] -> (H, W, 3)."""
    pairs = zip(np.asarray(first).tolist(), np.asarray(second).tolist(), strict=True)
    return np.asarray(cv2.merge([share * (b - a) + a for a, b in pairs]), np.float32)


def _over(fabric: NDArray[np.float32], colour: Colour, share: Plane) -> NDArray[np.float32]:
    """A colour (3,) laid over cloth (H, W, 3) by a share (H, W)."""
    return np.asarray(fabric * three(1 - share) + tinted(share, colour), np.float32)


def _soft_step(plane: Plane, sharpness: float) -> Plane:
    return np.asarray(
        np.clip(plane * np.float32(0.25 * sharpness) + np.float32(0.5), 0, 1), np.float32
    )


def cloth(canvas: Canvas, *, plain: float = 0.4) -> NDArray[np.float32]:
    """Cloth (H, W, 3) under full light: plain with the given chance, else one of many patterns; weave and folds on it."""
    rng = canvas.rng
    first, second = dye(rng), dye(rng)
    bend = canvas.clouds(4) * rng.uniform(0, 0.35)
    angle = rng.uniform(0, np.pi)
    ca, sa = math.cos(angle), math.sin(angle)
    u = np.asarray(ca * canvas.x + sa * canvas.y + bend, np.float32)
    v = np.asarray(ca * canvas.y - sa * canvas.x + bend, np.float32)
    pitch = float(rng.uniform(6, 40))
    kind = (
        "plain"
        if rng.random() < plain
        else str(
            rng.choice(["stripes", "checks", "dots", "camouflage", "flowers", "knit", "print"])
        )
    )
    if kind == "plain":
        fabric = mix(first, first * 0.9, canvas.clouds(6))
    elif kind == "stripes":
        fabric = mix(first, second, _soft_step(np.sin(u * pitch) - rng.uniform(-0.5, 0.7), 8))
    elif kind == "checks":
        third = dye(rng)
        fabric = mix(first, second, _soft_step(np.sin(u * pitch) - rng.uniform(0, 0.6), 8) * 0.7)
        across = _soft_step(np.sin(v * pitch) - rng.uniform(0, 0.6), 8) * 0.5
        fabric = _over(fabric, third, across)
    elif kind == "dots":
        fabric = mix(first, second, _soft_step(np.sin(u * pitch) * np.sin(v * pitch) - 0.45, 14))
    elif kind == "camouflage":
        cells = int(rng.integers(7, 14))
        fabric = mix(first, second, _soft_step(canvas.clouds(cells) - 0.5, 30))
        fabric = _over(fabric, dye(rng), _soft_step(canvas.clouds(cells) - 0.6, 30))
    elif kind == "flowers":
        petals = np.sin(u * pitch * 0.5) * np.sin(v * pitch * 0.5) + 0.4 * np.sin(
            3 * np.arctan2(np.sin(u * pitch * 0.5), np.sin(v * pitch * 0.5))
        )
        fabric = mix(first, second, _soft_step(np.asarray(petals, np.float32) - 0.2, 6))
    elif kind == "knit":
        rows = np.abs(np.sin(v * pitch + 1.2 * np.abs(np.sin(u * pitch * 0.8))))
        fabric = mix(first, first * 0.55, np.asarray(1 - rows, np.float32))
    else:
        fabric = mix(first, second, _soft_step(canvas.clouds(18) - rng.uniform(0.45, 0.65), 20))
    fabric *= three(1 + np.float32(rng.uniform(0.0, 0.07)) * canvas.grain())
    return np.asarray(np.clip(fabric, 0, 255, out=fabric), np.float32)


def folds(canvas: Canvas, amount: float, *, cells: int = 9) -> Plane:
    """Light and shade of creased cloth, factors (H, W) around 1."""
    angle = canvas.rng.uniform(-0.6, 0.6)
    # Creases are broad: every second pixel will do.
    x, y = canvas.x[::2, ::2], canvas.y[::2, ::2]
    bend = canvas.clouds(4)[::2, ::2] * 0.8
    across = np.asarray(math.cos(angle) * y + math.sin(angle) * x + bend, np.float32)
    along = np.asarray(math.cos(angle) * x - math.sin(angle) * y, np.float32)
    crease = 1 + 2 * amount * (canvas.streaks(cells, 4, across, along) - 0.5)
    full = cv2.resize(crease, canvas.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(full, np.float32)


def room(canvas: Canvas) -> NDArray[np.float32]:
    """What a mirroring surface shows (H, W, 3): a sky over a horizon, windows, or lamps."""
    rng = canvas.rng
    kind = rng.random()
    u = np.asarray(
        (np.abs(canvas.x) - 0.5) if rng.random() < 0.3 else (canvas.x - 0.5 * np.sign(canvas.x)),
        np.float32,
    )
    v = canvas.y
    if kind < 0.45:  # sky over ground, bent as by a curved glass
        horizon = (
            rng.uniform(-0.1, 0.2)
            + 0.5 * u**2 * rng.uniform(-1, 1)
            + 0.08 * (canvas.clouds(9) - 0.5)
        )
        top = np.array([rng.uniform(70, 190), rng.uniform(130, 210), rng.uniform(190, 255)])
        if rng.random() < 0.35:
            top = np.array([rng.uniform(220, 255), rng.uniform(140, 210), rng.uniform(60, 150)])
        low = rng.uniform(15, 90) + rng.normal(0, 12, 3)
        share = _soft_step(np.asarray(v - horizon, np.float32), rng.uniform(12, 60))
        picture = mix(top, low, share)
        bright = np.clip(1.15 + (v - horizon) * rng.uniform(0, 1.5), 0.5, 1.3)
        picture *= three(np.asarray(np.where(share < 0.5, bright, 1), np.float32))
        return np.asarray(np.clip(picture, 0, 255, out=picture), np.float32)
    dark = rng.uniform(5, 60) + rng.normal(0, 8, 3)
    glow = np.array([255, rng.uniform(225, 255), rng.uniform(190, 255)])
    lamp = np.zeros(canvas.shape, np.float32)
    for _ in range(int(rng.integers(1, 4))):
        cx, cy = rng.uniform(-0.25, 0.25), rng.uniform(-0.22, 0.12)
        lean = rng.uniform(-0.5, 0.5)
        a = np.abs(u - cx + lean * (v - cy)) / rng.uniform(0.03, 0.16)
        b = np.abs(v - cy) / rng.uniform(0.04, 0.18)
        if kind < 0.8:  # a window with a bar
            pane = _soft_step(1 - np.asarray(np.maximum(a, b), np.float32), 12)
            lamp = np.maximum(lamp, pane * (1 - 0.8 * np.exp(-((a * 6) ** 2))))
        else:
            lamp = np.maximum(lamp, np.exp(-(a**2) - b**2))
    return mix(dark, glow, np.asarray(lamp, np.float32))
