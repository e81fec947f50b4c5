"""Covers: what hides a part of a face in the wild, drawn over an aligned crop, with the exact soft mask.

A crop is aligned by the standard protocol (``faceqgen_core.alignment``), so a cover is laid by where the protocol
puts eyes, nose and mouth, a little off by chance. A crop of any size will do; a square one of 128 pixels or more
looks best. Shape, colour, cloth, light, soft edges and cast shadow vary with every draw.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from faceqgen_core.covers.canvas import Canvas
from faceqgen_core.covers.held_back import HELD_BACK
from faceqgen_core.covers.in_hand.cup import cup
from faceqgen_core.covers.in_hand.food import food
from faceqgen_core.covers.in_hand.hand import hand
from faceqgen_core.covers.in_hand.microphone import microphone
from faceqgen_core.covers.in_hand.phone import phone
from faceqgen_core.covers.patches import blob, ellipse, rectangle
from faceqgen_core.covers.planes import Plane
from faceqgen_core.covers.worn.face_mask import face_mask
from faceqgen_core.covers.worn.goggles import goggles
from faceqgen_core.covers.worn.hair import fringe, strands
from faceqgen_core.covers.worn.hat import hat
from faceqgen_core.covers.worn.scarf import scarf
from faceqgen_core.covers.worn.sunglasses import sunglasses
from faceqgen_core.types import Image

_THINGS: dict[str, Callable[[Canvas, float], None]] = {
    "sunglasses": sunglasses,
    "goggles": goggles,
    "face_mask": face_mask,
    "hand": hand,
    "microphone": microphone,
    "cup": cup,
    "food": food,
    "strands": strands,
    "fringe": fringe,
    "hat": hat,
    "scarf_wrap": scarf,
    "phone": phone,
}
_PATCHES: dict[str, Callable[[Canvas, float, Image | None], None]] = {
    "rectangle": rectangle,
    "ellipse": ellipse,
    "blob": blob,
}

_SMALLEST = 16

FAMILIES = (*_THINGS, *_PATCHES)
"""Every cover by name."""

VALIDATION = tuple(name for name in FAMILIES if name in HELD_BACK)
"""Covers that no training draws."""

TRAINING = tuple(name for name in FAMILIES if name not in HELD_BACK)
"""Covers that training draws."""


def cover(
    rng: np.random.Generator, image: Image, family: str, strength: float, other: Image | None = None
) -> tuple[Image, Plane]:
    """Cover a part of an aligned face.

    Args:
        rng: source of chance; the same state gives the same picture.
        image: (H, W, 3) uint8 RGB, an aligned crop.
        family: one of ``FAMILIES``.
        strength: 0 (little is hidden) to 1 (most of that part of the face is).
        other: another picture, of which a patch may show a piece.

    Returns:
        The covered picture, (H, W, 3) uint8 RGB, a new array; and the mask, (H, W) float32 in [0, 1]: the share of each
        pixel that the cover hides. Where it is 0, at most a shadow falls on the face.

    Raises:
        ValueError: the family is unknown, the strength outside [0, 1], or a picture not RGB uint8 HWC.
    """
    if family not in FAMILIES:
        raise ValueError(f"unknown cover {family!r}; known: {', '.join(FAMILIES)}")
    if not 0.0 <= strength <= 1.0:
        raise ValueError(f"strength must lie in [0, 1], got {strength}")
    for name, picture in (("image", image), ("other", other)):
        if picture is not None and (
            picture.dtype != np.uint8
            or picture.ndim != 3
            or picture.shape[2] != 3
            or min(picture.shape) < 1
        ):
            raise ValueError(
                f"{name} must be (H, W, 3) uint8 RGB, got {picture.dtype} {picture.shape}"
            )
    if min(image.shape[:2]) < _SMALLEST:
        raise ValueError(f"a cover needs a crop of {_SMALLEST} pixels or more, got {image.shape}")
    canvas = Canvas(rng, image)
    if family in _PATCHES:
        _PATCHES[family](canvas, strength, other)
    else:
        _THINGS[family](canvas, strength)
    return canvas.finish(image)
