"""How much memory the decoding of a picture takes, as its header tells, and how much one picture may take."""

from __future__ import annotations

import math

import PIL.Image

_BYTES, RESULT_BYTES = 4, 3
"""Bytes a pixel: of Pillow's own copy, and of the result."""

_LIBRARY_BYTES = {"WEBP": 16, "AVIF": 12, "HEIF": 12}
"""Of formats that a library of their own decodes as a whole: its copies come on top of Pillow's."""

_JPEG2000_BYTES = 8
"""The same of JPEG 2000, for each band: 21.6 were measured, of three and of four, the result apart."""

_COEFFICIENT_BYTES = 2
"""Of a progressive JPEG, whose decoder keeps all coefficients of all bands until the last scan."""

USUAL_BYTES = _BYTES + RESULT_BYTES
"""Bytes a pixel that decoding takes of most formats, the result included."""


def decoding_memory(image: PIL.Image.Image) -> int:
    """Bytes that decoding an opened picture takes at most, the result included."""
    each = _library_bytes(image) or _BYTES
    return math.ceil(image.size[0] * image.size[1] * (each + RESULT_BYTES))


def too_much_memory(image: PIL.Image.Image, room: int) -> bool:
    """Whether a picture of a kind that takes more than others needs more than there is room for.

    Args:
        image: opened, its pixels not decoded.
        room: in bytes.
    """
    return bool(_library_bytes(image)) and decoding_memory(image) > room


def _library_bytes(image: PIL.Image.Image) -> float:
    """Bytes a pixel, the result apart; 0 for what takes no more than usual."""
    if image.format == "JPEG2000":
        return _JPEG2000_BYTES * len(image.getbands())
    if image.format == "JPEG" and image.info.get("progressive"):
        return _BYTES + _COEFFICIENT_BYTES * _coefficients(image)
    return _LIBRARY_BYTES.get(image.format or "", 0)


def _coefficients(image: PIL.Image.Image) -> float:
    """Coefficients a pixel of a JPEG: one for each band, fewer for colours that are stored coarser."""
    layers = getattr(image, "layer", None)
    if not layers:
        return len(image.getbands())
    wide, high = (max(layer[place] for layer in layers) for place in (1, 2))
    return float(sum(layer[1] * layer[2] for layer in layers) / (wide * high))
