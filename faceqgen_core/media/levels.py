"""Which value of a deep grey picture is white: cameras store 10, 12 or 14 bits in files of 16.

What the file says comes first: the significant bits of a PNG (sBIT), the largest sample of a TIFF (MaxSampleValue) or its
bits per sample. Else the pixels decide: white is 1023, 4095, 16383 or 65535, the first that none of them exceeds. A dark
picture of true 16 bits, none of whose pixels reaches a quarter of white, looks just like a picture of fewer bits and is
brightened; who stores such pictures states the depth.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import PIL.Image
import PIL.PngImagePlugin
import PIL.TiffImagePlugin
from numpy.typing import NDArray

from faceqgen_core.media.png_chunks import png_chunks

FULL = 65535
"""White of 16 bits."""

_WHITES = (1023, 4095, 16383, FULL)
_BITS_PER_SAMPLE, _PHOTOMETRIC, _MAX_SAMPLE_VALUE = 258, 262, 281
_WHITE_IS_ZERO = 0


def is_deep(image: PIL.Image.Image) -> bool:
    """Whether a picture is grey with more than 8 bits, in whole numbers."""
    return image.mode == "I" or image.mode.startswith("I;16")


def is_negative(image: PIL.Image.Image) -> bool:
    """Whether 0 is white in a deep grey file: a TIFF may say so, and Pillow turns those of 8 bits alone."""
    if not isinstance(image, PIL.TiffImagePlugin.TiffImageFile):
        return False
    return bool(image.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO)


def stated_white(image: PIL.Image.Image) -> int | None:
    """The white value that a deep grey file states, None if it states none. Nothing is decoded.

    Of a PNG it is 2^n - 1 for the n significant bits, though the standard wants samples enlarged to the full 16 bits:
    ``white_value`` looks which of the two was done.
    """
    if isinstance(image, PIL.PngImagePlugin.PngImageFile):
        for kind, start in png_chunks(image.fp) if image.fp is not None else ():
            if kind == b"sBIT" and start and 8 < start[0] <= 16:
                return int((1 << start[0]) - 1)
            if kind == b"IDAT":
                break
        return None
    if isinstance(image, PIL.TiffImagePlugin.TiffImageFile):
        bits = _first(image.tag_v2.get(_BITS_PER_SAMPLE))
        largest = _first(image.tag_v2.get(_MAX_SAMPLE_VALUE))
        if 255 < largest <= FULL:
            return largest
        if 8 < bits < 16:
            return int((1 << bits) - 1)
        return FULL if bits > 16 else None
    return FULL  # Pillow's other readers enlarge to 16 bits by what the file says


def white_value(pieces: Iterable[NDArray[Any]], stated: int | None, *, png: bool) -> int:
    """The white value of a picture.

    Args:
        pieces: all its pixels, in pieces of any shape, each looked at once; whole numbers.
        stated: what the file says, see ``stated_white``.
        png: whether it is a PNG, whose standard wants samples of fewer bits enlarged to 16.
    """
    largest = used = 0
    for piece in pieces:
        largest = max(largest, int(piece.max()))
        used |= int(np.bitwise_or.reduce(piece, axis=None))
    if stated is None or (largest > stated and not png):
        return next((white for white in _WHITES if largest <= white), FULL)
    if png and stated < FULL:
        # Enlarged if a sample needs more bits, or if none uses the low ones, which a dark enlarged sample leaves empty.
        empty = FULL >> stated.bit_length()
        return stated if largest <= stated and used & empty else FULL
    return stated


def to_8_bits(values: NDArray[Any], white: int = FULL) -> NDArray[np.uint8]:
    """Whole numbers of 0..``white`` as uint8 of 0..255, each rounded to the nearest."""
    return np.asarray((values.astype(np.uint32) * 255 + white // 2) // white, np.uint8)


def _first(value: Any) -> int:
    try:
        return int(value[0] if isinstance(value, tuple) else value)
    except (TypeError, ValueError, IndexError):
        return 0
