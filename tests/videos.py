"""Test videos made from the test images with OpenCV: MJPEG in AVI, which every build of it writes and reads."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2

from faceqgen_core.types import Image

RATE = 10
SOI = b"\xff\xd8\xff"  # each frame of MJPEG starts with it


def write_video(
    path: Path, frames: Iterable[Image], *, rate: float = RATE, codec: str = "MJPG"
) -> Path:
    """Write (H, W, 3) uint8 RGB frames of one size; returns the path."""
    writer = None
    for frame in frames:
        height, width = frame.shape[:2]
        if writer is None:
            writer = cv2.VideoWriter(
                str(path), cv2.VideoWriter_fourcc(*codec), rate, (width, height)
            )
            assert writer.isOpened(), f"this OpenCV writes no {codec}"
        writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    assert writer is not None, "a video needs a frame"
    writer.release()
    return path


def damage_frame(path: Path, number: int) -> None:
    """Overwrite one frame of an MJPEG file, counted from 1, with zeros."""
    data = bytearray(path.read_bytes())
    starts, place = [], data.find(SOI)
    while place >= 0:
        starts.append(place)
        place = data.find(SOI, place + 1)
    start, end = starts[number - 1], starts[number] - 16  # the next chunk's header stays
    data[start:end] = bytes(end - start)
    path.write_bytes(data)


def cut_off(path: Path, share: float) -> None:
    """Leave the first part of a file alone."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
