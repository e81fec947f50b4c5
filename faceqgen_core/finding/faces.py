"""Which faces an image shows: upright ones, turned ones where none is sure, and, if asked for, small ones in tiles.

A detector shrinks large photographs, so that a small face in one is too small for it. The closer look cuts the photograph
into overlapping tiles at full size and looks at each; it is taken only where nothing was found, so that it changes no face
that is found without it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Protocol, runtime_checkable

import cv2
import numpy as np

from faceqgen_core.detection import FaceDetector, GlancingDetector, find_turned, without_duplicates
from faceqgen_core.types import FaceBox, Image
from faceqgen_core.vocabulary import CLOSER_LOOK

TILE, MOST_TILES = 1024, 64
"""Side of a tile in pixels; a photograph that would need more tiles is shrunk until it does not."""

_OVERLAP = 0.25
# Of a face in a tile: many more looks at a picture find many more faces that are none.
_CONFIDENCE = 0.98


@runtime_checkable
class ShrinkingDetector(Protocol):
    """A detector that can say which faces are too small for it."""

    def smallest_face(self, image: Image) -> float:
        """Shorter side, in pixels of the image, from which on no face is too small for the look at it."""
        ...


def find_faces(
    detector: FaceDetector, image: Image, *, turned: bool, small: bool
) -> tuple[list[FaceBox], int, str]:
    """Look for faces.

    Args:
        detector: looks.
        image: (H, W, 3) uint8 RGB.
        turned: look at the image turned, too, where no face is sure, see ``detection.find_turned``.
        small: look at the tiles, too, where no face is found.

    Returns:
        The faces in pixels of the image and in no order, the turn of ``find_turned``, and why there is none: "" if there is.
    """
    faces, turn = detector.detect(image), 0
    if turned:
        faces, turn = find_turned(detector, image, faces)
    if not faces and small:
        faces = find_small(detector, image)
    return faces, turn, "" if faces else _none(detector, image, small=small)


def find_small(detector: FaceDetector, image: Image) -> list[FaceBox]:
    """Look for faces in tiles of a photograph at full size, with at least 0.98 of confidence.

    Args:
        detector: its ``glance`` is used if it has one, else its ``detect``.
        image: (H, W, 3) uint8 RGB; one that is no larger than a tile has been looked at already, so that nothing is found.
    """
    height, width = image.shape[:2]
    if max(height, width) <= TILE:
        return []
    scale = tile_scale(width, height)
    if scale < 1:
        size = (round(width * scale), round(height * scale))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    sx, sy = image.shape[1] / width, image.shape[0] / height
    look = detector.glance if isinstance(detector, GlancingDetector) else detector.detect
    found = []
    for x, own_x in _spans(image.shape[1]):
        for y, own_y in _spans(image.shape[0]):
            for face in look(np.ascontiguousarray(image[y : y + TILE, x : x + TILE])):
                at_x, at_y = face.center[0] + x, face.center[1] + y
                # Where tiles overlap, the one in which a face is farther from the edge has it.
                if own_x[0] <= at_x < own_x[1] and own_y[0] <= at_y < own_y[1] and _sure(face):
                    found.append(_moved(face, x, y, sx, sy))
    return without_duplicates(found)


def tile_scale(width: int, height: int) -> float:
    """By how much a photograph is shrunk before it is cut into tiles; 1 for not at all."""
    scale = 1.0
    while _tiles(width * scale) * _tiles(height * scale) > MOST_TILES:
        scale *= 0.95
    return scale


def _tiles(length: float) -> int:
    step = TILE * (1 - _OVERLAP)
    return max(1, math.ceil((round(length) - TILE * _OVERLAP) / step))


def _spans(length: int) -> Iterator[tuple[int, tuple[float, float]]]:
    """Where the tiles along a side begin, and from where to where the centres of their own faces lie."""
    count = _tiles(length)
    starts = [round(i * max(0, length - TILE) / max(1, count - 1)) for i in range(count)]
    edges = [(a + TILE + b) / 2 for a, b in pairwise(starts)]
    yield from zip(starts, zip([-math.inf, *edges], [*edges, math.inf], strict=True), strict=True)


def _sure(face: FaceBox) -> bool:
    return face.confidence is None or face.confidence >= _CONFIDENCE


def _moved(face: FaceBox, x: int, y: int, sx: float, sy: float) -> FaceBox:
    """A face of a tile in pixels of the photograph; pixel centres, as in detection itself."""
    points = face.landmarks
    if points is not None:
        offset, scale = np.array([x + 0.5, y + 0.5]), np.array([sx, sy])
        points = ((points + offset) / scale - 0.5).astype(np.float32)
    return replace(
        face,
        x=(face.x + x + 0.5) / sx - 0.5,
        y=(face.y + y + 0.5) / sy - 0.5,
        width=face.width / sx,
        height=face.height / sy,
        landmarks=points,
    )


def _none(detector: FaceDetector, image: Image, *, small: bool) -> str:
    """Why nothing was found, and in a large photograph how large a face must be."""
    words = "the detector found no face"
    height, width = image.shape[:2]
    if max(height, width) <= TILE or not isinstance(detector, ShrinkingDetector):
        return words
    if small:
        least = detector.smallest_face(image[:TILE, :TILE]) / tile_scale(width, height)
        return (
            f"{words}, nor in tiles of the photograph: those under {least:.0f} pixels may be missed"
        )
    least = detector.smallest_face(image)
    return f"{words}; in a photograph of {width} x {height} pixels those under {least:.0f} pixels may be missed: {CLOSER_LOOK}"
