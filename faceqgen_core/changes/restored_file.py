"""The file of a restored crop: a PNG that any viewer shows, with the drawn face and the trust in a chunk of its own.

One file instead of three: what belongs to a restored crop goes where the crop is copied, exported or deleted. Viewers pass
over chunks that they do not know (PNG specification, "private ancillary chunk, safe to copy").
"""

from __future__ import annotations

import io
import os
import struct
import zlib

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL.PngImagePlugin import PngImageFile

from faceqgen_core.media.png_bytes import png_bytes
from faceqgen_core.types import Image
from faceqgen_core.whole_files import written_whole

_CHUNK = b"fqDr"
_LARGEST = 1024
# The signature of a PNG and its first chunk, IHDR: 8 bytes, then length, name, 13 bytes and a check sum.
_AFTER_HEADER = 8 + 4 + 4 + 13 + 4


def save_restored(
    path: str | os.PathLike[str], restored: Image, drawn: Image, trust: NDArray[np.float32]
) -> None:
    """Write a restored crop with its drawn face, whole or not at all. Makes missing folders.

    Args:
        path: of the file.
        restored: (S, S, 3) uint8 RGB.
        drawn: same shape.
        trust: (S, S) in [0, 1], how far each pixel of the crop was kept.

    Raises:
        ValueError: another shape or type.
        OSError: the file cannot be written.
    """
    if any(x.dtype != np.uint8 or x.shape != (*trust.shape, 3) for x in (restored, drawn)):
        raise ValueError(
            f"restored and drawn face are (S, S, 3) uint8 and the trust is (S, S), got {restored.shape} {restored.dtype}, "
            f"{drawn.shape} {drawn.dtype}, {trust.shape}"
        )
    kept = np.rint(255 * np.clip(trust, 0, 1)).astype(np.uint8)
    picture, inner = png_bytes(restored), png_bytes(np.dstack([drawn, kept]))
    with written_whole(path) as temporary, temporary.open("xb") as file:
        file.write(picture[:_AFTER_HEADER])
        file.write(struct.pack(">I", len(inner)) + _CHUNK + inner)
        file.write(struct.pack(">I", zlib.crc32(inner, zlib.crc32(_CHUNK))))
        file.write(picture[_AFTER_HEADER:])


def load_drawn(path: str | os.PathLike[str]) -> tuple[Image, NDArray[np.float32]] | None:
    """Read the drawn face and the trust, to the 255th part, from the file of a restored crop; None if it holds none.

    Raises:
        ValueError: what it holds is damaged.
        OSError: it is no PNG, or cannot be read.
    """
    with PIL.Image.open(path, formats=["PNG"]) as picture:
        if not isinstance(picture, PngImageFile) or max(picture.size) > _LARGEST:
            return None
        picture.load()
        size, chunks = (
            picture.size,
            [chunk[1] for chunk in picture.private_chunks if chunk[0] == _CHUNK],
        )
    if not chunks:
        return None
    try:
        with PIL.Image.open(io.BytesIO(chunks[0]), formats=["PNG"]) as inner:
            if inner.size != size or inner.mode != "RGBA":
                raise ValueError(f"{os.fspath(path)}: its drawn face is of another size")
            pixels = np.asarray(inner, np.uint8)
    except OSError as error:
        raise ValueError(f"{os.fspath(path)}: its drawn face is damaged: {error}") from error
    trust = pixels[..., 3].astype(np.float32) / np.float32(255)
    return np.ascontiguousarray(pixels[..., :3]), trust
