"""Opaque patches: rectangle, ellipse, blob; plain, shaded, patterned, noise, or a piece of another picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.covers.canvas import Canvas, oval
from faceqgen_core.covers.colours import cloth, dye, folds, mix
from faceqgen_core.covers.planes import three, tinted
from faceqgen_core.types import Image

_CENTRE = (0.0, 0.65)


def _paint(canvas: Canvas, other: Image | None) -> NDArray[np.float32]:
    """What a patch shows, (H, W, 3), under the scene's own light."""
    rng = canvas.rng
    height, width = canvas.shape
    pick = rng.random()
    if other is not None and pick < 0.35:
        h, w = other.shape[:2]
        side = int(min(h, w) * rng.uniform(0.3, 1.0))
        top, left = int(rng.integers(h - side + 1)), int(rng.integers(w - side + 1))
        piece = cv2.resize(other[top : top + side, left : left + side], (width, height))
        if rng.random() < 0.5:
            piece = piece[::-1] if rng.random() < 0.4 else piece[:, ::-1]
        return np.asarray(piece, np.float32) / np.float32(canvas.gain)
    if pick < 0.55:
        return tinted(np.ones(canvas.shape, np.float32), dye(rng))
    if pick < 0.7:
        ramp = np.clip(
            0.5 + canvas.x * rng.uniform(-0.3, 0.3) + (canvas.y - 0.6) * rng.uniform(-0.3, 0.3),
            0,
            1,
        )
        a, b = dye(rng), dye(rng)
        return mix(a, b, np.asarray(ramp, np.float32))
    if pick < 0.8:
        noise = rng.uniform(0, 255, (height, width, 3)).astype(np.float32)
        cells = max(1, int(rng.integers(1, 7)))
        small = cv2.resize(
            noise, (max(2, width // cells), max(2, height // cells)), interpolation=cv2.INTER_AREA
        )
        return np.asarray(
            cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST), np.float32
        )
    return np.asarray(cloth(canvas, plain=0.1) * three(folds(canvas, 0.12)), np.float32)


def _lay(canvas: Canvas, points: NDArray[np.float64], other: Image | None) -> None:
    rng = canvas.rng
    alpha = canvas.fill(points)
    if rng.random() < 0.4:
        alpha = canvas.blur(alpha, rng.uniform(0.01, 0.08))
    shading = canvas.relief(alpha, 0.15, rng.uniform(0, 0.9)) if rng.random() < 0.4 else 1.0
    canvas.lay(
        alpha,
        _paint(canvas, other),
        shading,
        shadow=rng.uniform(0, 0.4) if rng.random() < 0.5 else 0.0,
    )


def _box(canvas: Canvas, strength: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centre and half sides of a patch over so much of the face: 3 to 45 hundredths of the crop."""
    rng = canvas.rng
    area = (0.03 + 0.42 * strength) / 0.27**2
    aspect = np.exp(rng.uniform(-0.8, 0.8))
    half = np.array([np.sqrt(area * aspect), np.sqrt(area / aspect)]) / 2
    return np.asarray(_CENTRE + rng.normal(0, 0.4, 2) * (1.15 - 0.6 * strength)), half


def rectangle(canvas: Canvas, strength: float, other: Image | None) -> None:
    """A rectangle at any angle, its corners sharp or round."""
    centre, half = _box(canvas, strength)
    angle = canvas.rng.uniform(-0.8, 0.8) if canvas.rng.random() < 0.6 else 0.0
    _lay(
        canvas,
        oval(tuple(centre), tuple(half), power=canvas.rng.uniform(5, 40), angle=angle, count=96),
        other,
    )


def ellipse(canvas: Canvas, strength: float, other: Image | None) -> None:
    """An ellipse."""
    centre, half = _box(canvas, strength)
    _lay(canvas, oval(tuple(centre), tuple(half * 1.13), angle=canvas.rng.uniform(0, np.pi)), other)


def blob(canvas: Canvas, strength: float, other: Image | None) -> None:
    """A blob with a wavy or a cornered edge."""
    rng = canvas.rng
    centre, half = _box(canvas, strength)
    count = int(rng.integers(5, 12))
    t = np.linspace(0, 2 * np.pi, 64 if rng.random() < 0.6 else count, endpoint=False)
    wave = sum(rng.uniform(0, 0.5 / k) * np.cos(k * t + rng.uniform(0, 6.3)) for k in range(2, 6))
    radius = 1.13 * np.clip(1 + np.asarray(wave), 0.3, 1.7)
    radius /= np.sqrt(np.mean(radius**2)) / 1.13
    _lay(
        canvas,
        np.stack(
            [centre[0] + half[0] * radius * np.cos(t), centre[1] + half[1] * radius * np.sin(t)],
            axis=1,
        ),
        other,
    )
