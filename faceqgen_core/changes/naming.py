"""What the restoration did to a face, by name: which parts it drew anew, whether it lit, sharpened or calmed the picture.

Read from the trust map and from a few numbers of the two pictures before and after; no network and no landmark is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.measures.region import face_region
from faceqgen_core.reasons.oval import background

PARTS: dict[str, tuple[tuple[float, float, float, float], ...]] = {
    "forehead": ((0.0, -0.5, 0.75, 0.24),),
    "eyes": ((-0.5, 0.0, 0.34, 0.2), (0.5, 0.0, 0.34, 0.2)),
    "nose": ((0.0, 0.5, 0.28, 0.4),),
    "cheeks": ((-0.72, 0.72, 0.26, 0.34), (0.72, 0.72, 0.26, 0.34)),
    "mouth": ((0.0, 1.15, 0.5, 0.24),),
    "chin": ((0.0, 1.62, 0.42, 0.2),),
}
"""Parts of a face as ellipses: middle and half axes, in distances between the eyes from the middle between them."""

ANEW, SEEN = 0.5, 0.1
"""A part is drawn anew if less than the first share of it comes from the crop, on its average, and if that can be seen: the
mean of (1 - SSIM) / 2 over it is above the second number. What is drawn just as it was is no change."""
LIT = 0.15
"""The light is changed from this share of the mean luminance on, or of the difference between the halves of the face."""
SHARPENED = 2.0
"""Sharpened: the variance of the Laplacian in the face grows this many times over."""
EVENED, RESTLESS = 0.5, 0.06
"""Evened: of what the background varied only this share is left; and it varied by more than the second number, in [0, 1]."""
TURNED = 20
"""Degrees from which on a head counts as turned; five landmarks tell no 10 from 15."""


@lru_cache(maxsize=4)
def _masks(protocol: CropProtocol) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights that sum to 1: of the parts (P, S * S); of the face, its left and right half and the background, (4, S * S)."""
    size = protocol.size
    v, u = np.mgrid[0:size, 0:size]
    x0, y0 = protocol.template[:2].mean(axis=0)
    x, y = (np.stack([u - x0, v - y0]) / (protocol.eye_distance * size)).astype(np.float32)
    parts = [
        np.any(
            [((x - a) / rx) ** 2 + ((y - b) / ry) ** 2 <= 1 for a, b, rx, ry in ellipses], axis=0
        )
        for ellipses in PARTS.values()
    ]
    face = face_region(protocol)
    areas = [face, face * (x < 0), face * (x >= 0), background(size)]
    parts_, faces = (
        np.stack([m.ravel() / m.sum() for m in masks]).astype(np.float32)
        for masks in (parts, areas)
    )
    return parts_, faces


def part_weights(protocol: CropProtocol) -> NDArray[np.float32]:
    """(P, S * S) weights of the pixels in each of ``PARTS``; each row sums to 1."""
    return _masks(protocol)[0]


def _laplacian(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    result = np.zeros_like(luma)
    for picture, laplacian in zip(luma, result, strict=True):
        laplacian[1:-1, 1:-1] = cv2.Laplacian(picture, cv2.CV_32F)[1:-1, 1:-1]
    return result


def _variance(maps: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of maps (N, S, S), weighted by (S * S,) that sum to 1: (N,)."""
    flat = maps.reshape(len(maps), len(weights))
    return np.asarray(np.square(flat) @ weights - np.square(flat @ weights), np.float32)


def _luminance(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, S, S, 3) RGB -> (N, S, S)."""
    count, size = pictures.shape[:2]
    if not count:
        return np.zeros((0, size, size), np.float32)
    grey = cv2.cvtColor(pictures.reshape(count * size, size, 3), cv2.COLOR_RGB2GRAY)
    return np.asarray(grey, np.float32).reshape(count, size, size)


def name_changes(
    crops: NDArray[np.float32],
    restored: NDArray[np.float32],
    trust: NDArray[np.float32],
    difference: NDArray[np.float32],
    protocol: CropProtocol,
) -> list[tuple[str, ...]]:
    """Name what was changed in each crop.

    Args:
        crops: (N, S, S, 3) RGB in [0, 1].
        restored: same shape, what the restoration made of them.
        trust: (N, S, S) in [0, 1], how far the restored face is made of the crop.
        difference: (N, S, S) in [0, 1], (1 - SSIM) / 2, not dimmed.
        protocol: of the crops.

    Returns:
        For each crop any of ``face_drawn`` or ``<part>_drawn`` (a key of ``PARTS``), ``lit``, ``sharpened`` and
        ``background_evened``, in this order; empty where the restoration left the face as it was.
    """
    parts, faces = _masks(protocol)
    count, pixels = len(crops), protocol.size**2
    kept, changed = (maps.reshape(count, pixels) @ parts.T for maps in (trust, difference))
    before, after = _luminance(crops), _luminance(restored)
    light = [picture.reshape(count, pixels) @ faces.T for picture in (before, after)]
    sharp = [_variance(_laplacian(picture), faces[0]) for picture in (before, after)]
    restless = [_variance(picture, faces[3]) for picture in (before, after)]
    return [
        (
            *_drawn((kept[i] < ANEW) & (changed[i] > SEEN)),
            *(["lit"] if _lit(light[0][i], light[1][i]) else []),
            *(["sharpened"] if sharp[1][i] > SHARPENED * sharp[0][i] else []),
            *(
                ["background_evened"]
                if restless[0][i] > RESTLESS**2 and restless[1][i] < EVENED**2 * restless[0][i]
                else []
            ),
        )
        for i in range(count)
    ]


def with_turn(changes: Sequence[str], yaw: float) -> tuple[str, ...]:
    """Add ``turned_<degrees>``, rounded to tens, to the changes of a face that was drawn anew at least in part.

    Args:
        changes: of one face, see ``name_changes``.
        yaw: how far the head of the photograph is turned, in degrees, from its landmarks.
    """
    degrees = 10 * round(abs(yaw) / 10)
    drawn = [name for name in changes if name.endswith("_drawn")]
    if degrees < TURNED or not drawn:
        return tuple(changes)
    return (*drawn, f"turned_{degrees}", *changes[len(drawn) :])


def _drawn(anew: NDArray[np.bool_]) -> list[str]:
    if anew.sum() >= len(PARTS) - 1:
        return ["face_drawn"]
    return [f"{part}_drawn" for part, drawn in zip(PARTS, anew, strict=True) if drawn]


def _lit(before: NDArray[np.float32], after: NDArray[np.float32]) -> bool:
    """Whether mean luminance, or the share by which the halves of the face differ, has changed."""
    mean = before[0] + 1e-3
    uneven = [abs(values[1] - values[2]) / (values[0] + 1e-3) for values in (before, after)]
    return bool(abs(after[0] - before[0]) > LIT * mean or uneven[0] - uneven[1] > LIT)
