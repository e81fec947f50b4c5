"""Videos in: path -> which frames to look at, and these frames as (H, W, 3) uint8 RGB, one at a time.

What is decided here, and nowhere else:

* Numbers: frames count from 1, in the order in which they are decoded; one that cannot be decoded keeps its number.
* Order: frames are decoded from the first to the last one wanted and never sought, which many formats do inexactly.
* Colour and orientation: OpenCV's BGR becomes RGB; a rotation that the file names is applied.
* Memory: one frame. Nothing is kept. A video whose frames have more than ``max_pixels`` is not decoded.
"""

from __future__ import annotations

import math
import os
import stat
from collections import deque
from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from faceqgen_core.image_io import DEFAULT_MAX_PIXELS, ImageError
from faceqgen_core.types import Image, Status

ASSUMED_RATE = 25.0
"""Frames per second of a video that does not say."""

_MOST_FRAMES = 1e9
_HIGHEST_RATE = 1000.0
# Frames in a row that cannot be decoded before the rest of a video is given up.
_PATIENCE = 100


class UnreadableVideo(ImageError):
    """A video, or a frame of it, that cannot be decoded."""


class VideoTooLarge(UnreadableVideo):
    """A video, or a frame of it, with more pixels than the limit."""

    status = Status.TOO_LARGE


class NoLabelledFrame(UnreadableVideo):
    """A video of which the labelled frames are asked for, and none is labelled."""

    status = Status.NO_FACE


class Video:
    """An open video; use it in a ``with`` block.

    Args:
        path: the file.
        max_pixels: the most pixels (width times height) of a frame that is decoded.

    Attributes:
        frames: number of frames as its header has it, which may be a little too many; None if it does not say.
        rate: frames per second; ``ASSUMED_RATE`` if the header does not say.

    Raises:
        UnreadableVideo: no such file, no video, or in a format that is not supported.
        VideoTooLarge: frames of more than ``max_pixels``.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, max_pixels: int = DEFAULT_MAX_PIXELS
    ) -> None:
        file = os.fspath(path)
        self.name = os.path.basename(file) or file
        _require_file(file, self.name)
        # FFmpeg alone: other readers take a file's name for a pattern or a pipeline.
        self._capture = cv2.VideoCapture(file, cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            self._capture.release()
            raise UnreadableVideo(
                f"{self.name}: not a video, or damaged, or in a format that is not supported"
            )
        self._max_pixels = max_pixels
        sides = (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        width, height = (int(self._capture.get(side)) for side in sides)
        if width * height > max_pixels:
            self._capture.release()
            raise VideoTooLarge(_too_large(self.name, width, height, max_pixels))
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.frames = int(count) if 1 <= count <= _MOST_FRAMES else None
        self.rate = float(rate) if 0 < rate <= _HIGHEST_RATE else ASSUMED_RATE

    def __enter__(self) -> Video:
        return self

    def __exit__(self, *error: object) -> None:
        self._capture.release()

    def choose(
        self, *, fps: float, max_frames: int, among: Sequence[int] | None = None
    ) -> list[int]:
        """Numbers of the frames to look at, ascending; see ``choose_frames``."""
        return choose_frames(self.frames, self.rate, fps=fps, max_frames=max_frames, among=among)

    def read(self, numbers: Sequence[int]) -> Iterator[tuple[int, Image | UnreadableVideo]]:
        """Decode the frames of these numbers, ascending; once for each ``Video``.

        Yields:
            The number and the frame, (H, W, 3) uint8 RGB, or why there is none: it is damaged, or the video ends
            before it though its header promises more. Frames that were never promised are left out.
        """
        wanted = deque(sorted(set(numbers)))
        missed: list[
            int
        ] = []  # wanted, not decoded: damaged if a frame follows, else behind the end
        number = last = 0
        while (wanted or missed) and number - last < _PATIENCE and number != self.frames:
            number += 1
            due = bool(wanted) and wanted[0] == number
            frame = self._next(convert=due)
            if frame is None:
                if due:
                    missed.append(wanted.popleft())
                continue
            last = number
            for damaged in missed:
                yield damaged, UnreadableVideo(f"{self.name}: frame {damaged} is damaged")
            missed = []
            if due:
                yield wanted.popleft(), frame
        if self._ends_early(last):
            end = f"of {self.frames} frames the last that can is {last}" if last else "no frame can"
            for behind in (*missed, *wanted):
                yield (
                    behind,
                    UnreadableVideo(f"{self.name}: frame {behind} cannot be decoded; {end}"),
                )

    def _next(self, *, convert: bool) -> Image | VideoTooLarge | None:
        """The next frame, or an empty array if it need not be converted; None if it cannot be decoded."""
        if not self._capture.grab():
            return None
        if not convert:
            return _NOT_CONVERTED
        there, frame = self._capture.retrieve()
        if not there or frame is None:
            return None
        height, width = frame.shape[:2]
        if width * height > self._max_pixels:  # larger than the first one, which its header told
            return VideoTooLarge(_too_large(self.name, width, height, self._max_pixels))
        return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8)

    def _ends_early(self, last: int) -> bool:
        """Whether frames lack that the header promises: not just the few by which an estimated number is off."""
        if self.frames is None:
            return False
        return self.frames - last > max(2.0, self.rate / 2) or last == 0


def _too_large(name: str, width: int, height: int, max_pixels: int) -> str:
    return (
        f"{name}: frames of {width} x {height} pixels, over the limit of {max_pixels / 1e6:.4g} megapixels; shrink the video "
        "or raise max_pixels"
    )


_NOT_CONVERTED: Image = np.zeros((0, 0, 3), np.uint8)


def choose_frames(
    frames: int | None,
    rate: float,
    *,
    fps: float,
    max_frames: int,
    among: Sequence[int] | None = None,
) -> list[int]:
    """Choose frames evenly: ``fps`` a second, but no more than ``max_frames``; the first one is among them.

    Args:
        frames: number of frames; None: not known, and then the first ``max_frames`` at the pace of ``fps``.
        rate: frames per second of the video.
        fps: frames to choose per second; every frame if it is the video's own rate or more.
        max_frames: at most so many, spread over the whole video.
        among: choose among these frames alone, for example the labelled ones.

    Returns:
        Numbers from 1, ascending.

    Raises:
        ValueError: ``fps`` is not above 0, or ``max_frames`` not at least 1.
    """
    if not fps > 0:
        raise ValueError(f"fps must be above 0, got {fps:g}")
    if max_frames < 1:
        raise ValueError(f"max_frames must be at least 1, got {max_frames}")
    step = max(rate / fps, 1.0)
    if among is not None:
        return _spread(_apart(sorted(set(among)), step), max_frames)
    if frames is None:
        return [1 + int(i * step) for i in range(max_frames)]
    count = math.ceil(frames / step)
    if count > max_frames:
        count, step = max_frames, frames / max_frames
    return [1 + int(i * step) for i in range(count)]


def _apart(numbers: Sequence[int], step: float) -> list[int]:
    """Those of ascending numbers that lie at least a step apart."""
    kept: list[int] = []
    for number in numbers:
        if not kept or number - kept[-1] >= step:
            kept.append(number)
    return kept


def _spread(numbers: list[int], most: int) -> list[int]:
    if len(numbers) <= most:
        return numbers
    return [numbers[i * len(numbers) // most] for i in range(most)]


def _require_file(path: str, name: str) -> None:
    try:
        regular = stat.S_ISREG(os.stat(path).st_mode)
    except FileNotFoundError:
        raise UnreadableVideo(f"{name}: no such file") from None
    except (OSError, ValueError) as error:
        raise UnreadableVideo(f"{name}: cannot be opened: {error}") from error
    if not regular:
        raise UnreadableVideo(f"{name}: a directory or device, not a file")
