"""What the restoration changed in a crop, computed again from the two pictures without any network."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.measures.region import face_region
from faceqgen_core.restoration import difference_map
from faceqgen_core.types import Image

_HALF_WINDOW = 5

AREAS: dict[str, tuple[float, float, float, float]] = {
    "the forehead and hair": (0.15, 0.0, 0.85, 0.36),
    "the eyes": (0.2, 0.36, 0.8, 0.54),
    "the nose and cheeks": (0.2, 0.54, 0.8, 0.68),
    "the mouth and chin": (0.2, 0.68, 0.8, 0.95),
    "the left edge of the picture": (0.0, 0.2, 0.15, 1.0),
    "the right edge of the picture": (0.85, 0.2, 1.0, 1.0),
}
"""Areas of an aligned crop: left, top, right, bottom as shares of its side."""


def difference(
    original: Image, restored: Image, *, protocol: CropProtocol | None = None
) -> NDArray[np.float32]:
    """Map of what differs between a crop and its restoration, as a scoring run writes it but for rounding.

    Args:
        original: (S, S, 3) uint8 RGB.
        restored: same shape.
        protocol: of the crops; by default the usual one at their size.

    Returns:
        (S, S) float32 in [0, 1]: (1 - SSIM) / 2, 0 kept, 1 changed entirely; dimmed beside the face as ``difference_map``
        says.

    Raises:
        ValueError: the shapes differ, are not square RGB, or are smaller than the window of 11 pixels.
    """
    from skimage.metrics import structural_similarity

    if original.shape != restored.shape or original.ndim != 3 or original.shape[2] != 3:
        raise ValueError(
            f"two RGB crops of one size are needed, got {original.shape} and {restored.shape}"
        )
    size = original.shape[0]
    if original.shape[1] != size or size < 2 * _HALF_WINDOW + 1:
        raise ValueError(f"a crop is a square of at least 11 pixels, got {original.shape}")
    _, local = structural_similarity(
        original.astype(np.float64) / 255,
        restored.astype(np.float64) / 255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        channel_axis=-1,
        data_range=1.0,
        full=True,
    )
    inside = slice(_HALF_WINDOW, size - _HALF_WINDOW)
    region = face_region(protocol or CropProtocol(size=size))
    return difference_map(local.mean(axis=-1)[inside, inside], size, region)


def most_changed(changes: NDArray[np.float32]) -> str | None:
    """Name of the area of ``AREAS`` with the highest mean in a map; None if hardly anything changed anywhere.

    Args:
        changes: (S, S) float32 in [0, 1] of an aligned crop.
    """
    size = changes.shape[0]
    means = {}
    for name, sides in AREAS.items():
        left, top, right, bottom = (round(side * size) for side in sides)
        means[name] = float(changes[top:bottom, left:right].mean())
    name = max(means, key=lambda area: means[area])
    return name if means[name] > 0.002 else None


def colour_difference(difference: NDArray[np.float32]) -> Image:
    """Map (H, W) in [0, 1] -> (H, W, 3) uint8 RGB."""
    levels = np.asarray(np.rint(np.clip(difference, 0, 1) * 255), np.uint8)
    return np.asarray(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)[..., ::-1], np.uint8)


def colour_trust(trust: NDArray[np.float32]) -> Image:
    """Map (H, W) in [0, 1] -> (H, W, 3) uint8 RGB on the "viridis" colours: bright is kept, dark is drawn anew."""
    levels = np.asarray(np.rint(np.clip(trust, 0, 1) * 255), np.uint8)
    return np.asarray(cv2.applyColorMap(levels, cv2.COLORMAP_VIRIDIS)[..., ::-1], np.uint8)
