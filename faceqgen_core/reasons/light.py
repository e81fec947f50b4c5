"""Light on a face: how dark, how bright, how flat and how uneven it is, from the luminance inside the face's oval."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.reasons.oval import face_oval
from faceqgen_core.reasons.percentiles import percentiles

UNDER, OVER = 25, 247
"""Luminance up to which a pixel is under-exposed and from which it is over-exposed (ISO/IEC 29794-5)."""


@dataclass(frozen=True)
class Light:
    """Statistics of the luminance (0..255) inside the oval.

    Attributes:
        mean: mean luminance.
        under, over: shares of under- and over-exposed pixels, 0..1.
        spread: range from the 5th to the 95th percentile.
        ramp: how many times brighter the lit end of the face is than the other, natural logarithm, 0 for even light.
        ramp_fit: share of the variance of the log luminance that the ramp explains, 0..1.
    """

    mean: float
    under: float
    over: float
    spread: float
    ramp: float
    ramp_fit: float


def light_of(luminance: NDArray[np.float32]) -> Light:
    """Measure (S, S) float32 luminance, 0..255."""
    size = luminance.shape[0]
    oval = face_oval(size)
    face = luminance[oval]
    low, high = percentiles(face, 5, 95)
    # Light varies slowly: what is left after smoothing is shading, not features.
    smooth = np.log(cv2.GaussianBlur(luminance, (0, 0), size / 16)[oval] + 4.0)
    design, solve, width = _ramp(size)
    weights = solve @ smooth
    spread = smooth - smooth.mean()
    rest = smooth - design @ weights
    total = float(np.vdot(spread, spread))
    return Light(
        mean=float(face.mean()),
        under=float((face <= UNDER).mean()),
        over=float((face >= OVER).mean()),
        spread=float(high - low),
        ramp=float(np.abs(weights[0]) * width),
        ramp_fit=0.0 if total < 1e-6 else max(0.0, 1.0 - float(np.vdot(rest, rest)) / total),
    )


_RAMPS: dict[int, tuple[NDArray[np.float32], NDArray[np.float32], float]] = {}


def _ramp(size: int) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
    if size not in _RAMPS:
        y, x = np.nonzero(face_oval(size))
        design = np.stack([x - x.mean(), y - y.mean(), np.ones_like(x)], axis=1) / np.float64(size)
        _RAMPS[size] = (
            design.astype(np.float32),
            np.linalg.pinv(design).astype(np.float32),
            float(np.ptp(x)) / size,
        )
    return _RAMPS[size]
