"""Background: make what lies around a head homogeneous, as the paper's targets have it.

The mask is a soft shape of head, neck and shoulders, laid out by the crop protocol's template; it is no matte: it does
not follow the hair of the person. No well-kept matting library fits this package's licence and size, and in aligned
crops the shape is nearly constant: the one here was read from the silhouettes of frontal studio portraits.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.types import Image

# In units of the distance between the eyes, from the middle of the eyes.
_HEAD = (1.40, 1.96)
"""Half width and half height of the head with its hair, an ellipse."""
_NECK = 0.88
"""Half width of the neck."""
_SHOULDERS = (1.45, 0.7)
"""Where the shoulders begin below the eyes, and how much they widen a unit."""
_SOFT = 0.16
"""Standard deviation of the soft edge."""


@lru_cache(maxsize=8)
def head_mask(protocol: CropProtocol) -> NDArray[np.float32]:
    """Soft shape of head, neck and shoulders in a crop of the protocol, (S, S) float32: 1 person, 0 background."""
    eyes = protocol.template[:2]
    unit = float(np.linalg.norm(eyes[1] - eyes[0]))
    y, x = np.mgrid[: protocol.size, : protocol.size]
    across = np.abs(x - eyes[:, 0].mean()) / unit
    down = (y - eyes[:, 1].mean()) / unit
    head = np.hypot(across / _HEAD[0], down / _HEAD[1]) <= 1
    wide = _NECK + _SHOULDERS[1] * np.maximum(down - _SHOULDERS[0], 0)
    body = (down > 0) & (across <= wide)
    mask = (head | body).astype(np.float32)
    soft = cv2.GaussianBlur(mask, (0, 0), _SOFT * unit, borderType=cv2.BORDER_REPLICATE)
    soft = np.asarray(soft, np.float32)
    soft.setflags(write=False)
    return soft


def homogenise(crop: Image, amount: float, *, protocol: CropProtocol | None = None) -> Image:
    """Blend the background of a crop towards its own mean colour, which changes only slowly over the picture.

    Args:
        crop: (S, S, 3) uint8 RGB, aligned by the protocol.
        amount: 0 leaves the crop as it is, 1 leaves nothing of the background's structure.
        protocol: how the crop was cut; the default protocol for None.

    Returns:
        (S, S, 3) uint8 RGB, a new array; the face itself keeps its pixels.

    Raises:
        ValueError: the amount lies outside [0, 1], or the crop is not of the protocol's size.
    """
    protocol = protocol or CropProtocol()
    if not 0.0 <= amount <= 1.0:
        raise ValueError(f"amount must lie in [0, 1], got {amount}")
    if crop.shape != (protocol.size, protocol.size, 3) or crop.dtype != np.uint8:
        raise ValueError(
            f"expected a crop ({protocol.size}, {protocol.size}, 3) of uint8, got {crop.shape} of {crop.dtype}"
        )
    mask = head_mask(protocol)[..., None]
    behind = (1 - mask) ** 4  # hair at the soft edge hardly counts
    # The colour is smooth: an eighth of the resolution holds it.
    small = (max(4, protocol.size // 8),) * 2
    both: NDArray[Any] = np.concatenate([crop * behind, behind], axis=2)
    both = np.asarray(cv2.resize(both, small, interpolation=cv2.INTER_AREA))
    both = np.asarray(cv2.GaussianBlur(both, (0, 0), 0.35 * small[0]))
    colour: NDArray[Any] = both[..., :3] / np.maximum(both[..., 3:], 1e-6)
    colour = np.asarray(cv2.resize(colour, crop.shape[:2], interpolation=cv2.INTER_LINEAR))
    share = amount * (1 - mask)
    mixed = crop * (1 - share) + colour * share
    return np.asarray(np.clip(np.rint(mixed), 0, 255), np.uint8)
