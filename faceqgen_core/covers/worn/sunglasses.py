"""Sunglasses of many shapes, with what they mirror."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.covers.canvas import Canvas, curve, outline, oval
from faceqgen_core.covers.colours import dye, room

_SHAPES = ("round", "rectangle", "wayfarer", "aviator", "cat", "butterfly", "narrow", "shield")
_FRAMES = np.array(
    [
        [15, 15, 16],
        [35, 33, 33],
        [70, 42, 22],
        [196, 160, 84],
        [190, 192, 196],
        [235, 233, 230],
        [150, 25, 30],
    ],
    np.float64,
)


def _lens(kind: str, side: int, hx: float, hy: float, cx: float, cy: float) -> NDArray[np.float64]:
    """Outline of one lens: ``side`` is -1 for the left one in the picture, 1 for the right."""
    power = {
        "round": 2.0,
        "rectangle": 4.5,
        "wayfarer": 3.2,
        "aviator": 2.5,
        "cat": 2.7,
        "butterfly": 2.5,
        "narrow": 3.0,
    }[kind]
    points = oval((0, 0), (hx, hy), power=power)
    x, y = points[:, 0] / hx, points[:, 1] / hy
    if kind == "aviator":  # a drop that hangs outwards and narrows towards the nose
        y = np.where(y > 0, y * (1.15 + 0.15 * x), y * 0.8)
        x = x * (1 - 0.12 * np.clip(y, 0, None)) + 0.06 * np.clip(y, 0, None)
    elif kind == "wayfarer":
        x = x * (1 - 0.12 * y)
        y = y - 0.12 * x
    elif kind == "cat":
        y = y - 0.45 * np.clip(x, 0, None) ** 2 * (y < 0.2)
    elif kind == "butterfly":
        y = y * (1 + 0.25 * x)
        x = x * 1.05
    return np.stack([side * cx + side * x * hx, cy + y * hy], axis=1)


def _ring(points: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    closed = np.vstack([points, points[:2]])
    return outline(closed, width, rounded=False)


def sunglasses(canvas: Canvas, strength: float) -> None:
    """Dark or mirroring glasses of many shapes; larger and darker with the strength."""
    rng = canvas.rng
    kind = str(rng.choice(_SHAPES))
    hx = (0.27 + 0.23 * strength) * rng.uniform(0.95, 1.05)
    tall = {"narrow": 0.5, "rectangle": 0.68, "wayfarer": 0.8, "cat": 0.78, "shield": 0.8}.get(
        kind, 0.92
    )
    hy = hx * tall * rng.uniform(0.95, 1.08)
    cx, cy = rng.uniform(0.5, 0.54), rng.uniform(-0.02, 0.1)
    frame = _FRAMES[int(rng.integers(len(_FRAMES)))] if rng.random() < 0.8 else dye(rng)
    wire = (
        rng.uniform(0.02, 0.045)
        if kind in ("aviator", "round", "narrow")
        else rng.uniform(0.035, 0.1)
    )
    if kind == "shield":
        band = oval((0, cy), (hx * 2.25, hy), power=3.2, count=60)
        band[:, 1] += np.where(band[:, 1] > cy, -0.45 * hy * np.exp(-((band[:, 0] / 0.22) ** 2)), 0)
        band[:, 1] -= 0.06 * (band[:, 0] / hx) ** 2 * 0.3
        lenses = [band]
    else:
        lenses = [_lens(kind, side, hx, hy, cx, cy) for side in (-1, 1)]
    glass = canvas.fill(*lenses)
    rims = [_ring(points, wire) for points in lenses] if rng.random() < 0.85 else []
    parts = list(rims)
    if kind != "shield":
        inner = cx - hx * 0.93
        height = cy - hy * rng.uniform(0.1, 0.6)
        bridge = curve([[-inner, height], [0, height - rng.uniform(0.0, 0.08)], [inner, height]], 9)
        parts.append(outline(bridge, max(wire, 0.035)))
        if kind == "aviator":
            parts.append(
                outline(
                    np.array([[-inner - 0.05, cy - hy * 0.75], [inner + 0.05, cy - hy * 0.75]]),
                    0.03,
                )
            )
    outer = hx * 2.2 if kind == "shield" else cx + hx
    drop = rng.uniform(-0.05, 0.12)
    arm = min(0.07, max(0.03, wire * rng.uniform(0.6, 1.0)))
    start = cy - hy * rng.uniform(0.1, 0.6)
    for side in (-1, 1):
        if outer < 1.2:
            line = curve(
                [
                    [side * outer * 0.97, start],
                    [side * 1.05, start + drop * 0.4],
                    [side * 1.17, start + drop],
                ],
                8,
            )
            parts.append(outline(line, [arm] * 4 + [arm * 0.8] * 4))
    solid = canvas.fill(*parts)
    canvas.cast(np.maximum(glass, solid), rng.uniform(0.15, 0.5), rng.uniform(0.04, 0.12), 0.06)
    opacity = min(1.0, (0.5 + 0.5 * strength**0.7) * rng.uniform(0.95, 1.12))
    tint = dye(rng) * 0.35 if rng.random() < 0.4 else rng.uniform(5, 40) + rng.normal(0, 5, 3)
    fade = np.ones(canvas.shape, np.float32)
    if rng.random() < 0.35:  # dark above, clearer below
        fade = np.clip(1 - (canvas.y - cy) / hy * rng.uniform(0.15, 0.4), 0.35, 1.0).astype(
            np.float32
        )
    canvas.lay(glass * np.float32(opacity) * fade, tint)
    mirror = rng.random()
    if mirror < 0.75:
        share = rng.uniform(0.5, 0.95) if mirror < 0.3 else rng.uniform(0.08, 0.4)
        canvas.lay(glass * np.float32(share * opacity), room(canvas))
    if rng.random() < 0.5:  # a streak of glare
        slant = canvas.x * rng.uniform(0.5, 1.2) + canvas.y - rng.uniform(-0.4, 0.4)
        streak = np.exp(-((slant / rng.uniform(0.03, 0.15)) ** 2)).astype(np.float32)
        canvas.lay(glass * streak * np.float32(rng.uniform(0.1, 0.5) * opacity), (250, 250, 255))
    if kind == "round" or rng.random() < 0.3:
        frame = frame * rng.uniform(0.8, 1.2)
    canvas.lay(solid, frame, canvas.relief(solid, 0.03, 0.8))
    if wire > 0.06 and frame[0] > 50 and frame[0] < 100:  # tortoiseshell
        canvas.lay(
            solid * (canvas.clouds(22) > 0.6).astype(np.float32) * np.float32(0.6), (150, 95, 40)
        )
