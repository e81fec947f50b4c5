"""The chunks of a PNG file: what they are and where they lie, without their pixels."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import IO


def png_chunks(file: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Kind and first four bytes of each chunk, in the file's order; the file is left where it was.

    Args:
        file: an open PNG file.
    """
    place = file.tell()
    try:
        start = 8
        file.seek(start)
        while len(head := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            yield kind, file.read(min(4, length))
            start += 12 + length
            file.seek(start, os.SEEK_SET)
    finally:
        file.seek(place)
