"""A lit ball, as a part of what is held before the face."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.covers.canvas import Canvas
from faceqgen_core.covers.planes import Plane


def ball(canvas: Canvas, centre: NDArray[np.float64], radius: float) -> tuple[Plane, Plane]:
    """A ball: its opacity and its light and shade."""
    dx = (canvas.x - float(centre[0])) / float(radius)
    dy = (canvas.y - float(centre[1])) / float(radius)
    far = dx**2 + dy**2
    alpha = np.clip((1 - np.sqrt(far)) * radius * canvas.unit + 0.5, 0, 1)
    height = np.sqrt(np.clip(1 - far, 0, 1))
    shading = 0.35 + 0.75 * np.clip(
        dx * canvas.light[0] * 0.7 + dy * canvas.light[1] * 0.7 + height * 0.75, 0, None
    )
    return np.asarray(alpha, np.float32), np.asarray(shading, np.float32)
