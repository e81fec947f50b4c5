"""A person before an even background, cut out by the mask that a network has read from the crop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.training.geometry.filling import fill
from faceqgen_core.types import Image


def smoothstep(values: NDArray[Any], low: float, high: float) -> NDArray[Any]:
    """0 below ``low``, 1 above ``high``, smooth in between."""
    share = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share))


def _check_mask(mask: NDArray[Any], size: int) -> NDArray[np.float32]:
    if mask.shape != (size, size):
        raise ValueError(f"the mask must be ({size}, {size}) as its crop is, got {mask.shape}")
    if mask.dtype == np.uint8:
        return np.asarray(mask / np.float32(255), np.float32)
    if not np.isfinite(mask).all() or mask.min() < -1e-6 or mask.max() > 1 + 1e-6:
        raise ValueError("a mask is uint8, or float in [0, 1]")
    return mask.astype(np.float32)


def person_share(mask: NDArray[Any], inside: Sequence[float]) -> NDArray[np.float32]:
    """Make a mask ready to cut a person out: other people's islands and the person's own holes are removed.

    Args:
        mask: (S, S) uint8, 255 person, or float in [0, 1].
        inside: x and y of a pixel of the face.

    Returns:
        (S, S) float32, the person's share of each pixel.

    Raises:
        ValueError: the mask is not square or out of range.
    """
    share = _check_mask(mask, mask.shape[0])
    size = share.shape[0]
    count, parts = cv2.connectedComponents((share > 0.35).astype(np.uint8))
    x, y = np.clip(np.rint(np.asarray(inside)).astype(int), 0, size - 1)
    if count > 2 and parts[y, x]:
        own = (parts == parts[y, x]).astype(np.uint8)
        share = share * cv2.dilate(own, np.ones((5, 5), np.uint8))
    count, parts = cv2.connectedComponents((share < 0.65).astype(np.uint8))
    if count > 2:
        border = {*parts[0], *parts[-1], *parts[:, 0], *parts[:, -1]}
        holes = np.isin(parts, [part for part in range(1, count) if part not in border])
        share = np.maximum(share, cv2.dilate(holes.astype(np.float32), np.ones((3, 3), np.uint8)))
    # The outline's noise would be drawn out where the head is turned.
    blurred = cv2.GaussianBlur(share, (0, 0), size / 128, borderType=cv2.BORDER_REPLICATE)
    return smoothstep(np.asarray(blurred), 0.15, 0.85).astype(np.float32)


def person_colours(crop: Image, share: NDArray[np.float32]) -> NDArray[np.float32]:
    """The person's colours (S, S, 3) float32, 0..255, flowing on beyond the outline: no fringe of the old background."""
    core = np.asarray(cv2.erode(share, np.ones((3, 3), np.uint8)))
    colours = fill(crop, smoothstep(core, 0.5, 1).astype(np.float32))
    np.copyto(colours, crop, where=share[..., None] > 0.98)
    return colours


def _widened(share: NDArray[np.float32]) -> NDArray[np.float32]:
    """The share, reaching 1.5 per cent of the side farther out."""
    side = 2 * max(1, round(share.shape[0] / 64)) + 1
    return np.asarray(cv2.dilate(share, np.ones((side, side), np.uint8)), np.float32)


def even_colour(
    crop: Image, share: NDArray[np.float32], colour: Sequence[float] | None = None
) -> NDArray[np.float32]:
    """An even background (S, S, 3) float32, 0..255: the colour, or the mean of the background's own."""
    if colour is not None:
        if len(colour) != 3 or not 0 <= min(colour) <= max(colour) <= 255:
            raise ValueError(f"a colour is three numbers in 0..255, got {colour}")
        return np.full(crop.shape, colour, np.float32)
    # Away from the outline; where all is outline or person, what little there is.
    weight = (1 - _widened(share)) ** 2 + 1e-4 * (1 - share) + 1e-7
    mean = np.average(crop.reshape(-1, 3), axis=0, weights=weight.reshape(-1))
    return np.full(crop.shape, mean, np.float32)


def own_background(crop: Image, share: NDArray[np.float32]) -> NDArray[np.float32]:
    """The crop's own background (S, S, 3) float32, 0..255, filled where the person stands."""
    away = _widened(share)
    return fill(crop, (1 - away + 1e-6).astype(np.float32))


def to_image(values: NDArray[Any]) -> Image:
    """Round floats 0..255 to uint8."""
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def even_background(
    crop: Image, mask: NDArray[Any], colour: Sequence[float] | None = None
) -> Image:
    """Set the person of a crop before an even background.

    Args:
        crop: (S, S, 3) uint8 RGB, aligned.
        mask: (S, S) person mask, uint8 0..255 or float in [0, 1].
        colour: RGB 0..255; None for the mean of the background's own.

    Returns:
        (S, S, 3) uint8 RGB, a new array; the person keeps its pixels.

    Raises:
        ValueError: crop, mask or colour are out of shape or range.
    """
    size = crop.shape[0]
    if crop.shape != (size, size, 3) or crop.dtype != np.uint8:
        raise ValueError(
            f"expected a square crop (S, S, 3) of uint8, got {crop.shape} of {crop.dtype}"
        )
    _check_mask(mask, size)
    share = person_share(mask, (0.5 * size, 0.575 * size))
    colours = person_colours(crop, share)
    even = even_colour(crop, share, colour)
    return to_image(even + share[..., None] * (colours - even))
