"""The region that the measures look at: where the face is in an aligned crop, without hair, neck and background.

The outline is the one of the average face, so that every crop of a protocol is measured over the same pixels: what covers
a face, or how it is turned, moves no mask. It is stored in distances between the eyes, from the middle between them, x to
the right and y down.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from faceqgen_core.alignment import CropProtocol

_HALF = np.array(
    [
        [0.000, -0.855],
        [0.311, -0.846],
        [0.575, -0.798],
        [0.819, -0.697],
        [0.983, -0.547],
        [1.087, -0.359],
        [1.144, -0.159],
        [1.163, 0.096],
        [1.151, 0.335],
        [1.137, 0.578],
        [1.104, 0.839],
        [1.031, 1.111],
        [0.925, 1.330],
        [0.803, 1.488],
        [0.650, 1.631],
        [0.517, 1.732],
        [0.378, 1.820],
        [0.213, 1.881],
        [0.000, 1.901],
    ]
)
OUTLINE: NDArray[np.float64] = np.concatenate([_HALF, _HALF[-2:0:-1] * [-1, 1]])
"""(36, 2) points from the hairline clockwise in the picture: medians of the oval of MediaPipe's face mesh over 2,419 frontal
faces of LFW and London (turned and nodded by less than 6 and 8 degrees), averaged with their mirror image."""
_FINER = 8
# How far inside and outside of the outline a face fades into its photograph, in distances between the eyes.
_FADE_IN, _FADE_OUT = 0.2, 0.1


@lru_cache(maxsize=8)
def face_region(protocol: CropProtocol) -> NDArray[np.float32]:
    """Share of each pixel that lies inside the average face's outline.

    Args:
        protocol: of the crops; a crop that was taken whole is measured over the same region.

    Returns:
        (S, S) float32 in [0, 1], S the protocol's size; read-only.
    """
    size = protocol.size
    region = cv2.resize(_filled(protocol), (size, size), interpolation=cv2.INTER_AREA)
    return _read_only(region)


@lru_cache(maxsize=8)
def face_blend(protocol: CropProtocol) -> NDArray[np.float32]:
    """Soft mask by which a restored face is laid into its photograph: 1 inside the face, 0 from just outside of it on.

    Beside the face a restored crop shows the even background that the restoration gives every face. That belongs to the
    crop and not into the photograph.

    Returns:
        (S, S) float32 in [0, 1], S the protocol's size; read-only.
    """
    size = protocol.size
    filled = _filled(protocol).astype(np.uint8)
    inside = cv2.distanceTransform(filled, cv2.DIST_L2, 5)
    outside = cv2.distanceTransform(1 - filled, cv2.DIST_L2, 5)
    away = (inside - outside) / (_FINER * protocol.eye_distance * size)
    ramp = np.clip((away + _FADE_OUT) / (_FADE_IN + _FADE_OUT), 0, 1)
    smooth = np.asarray(ramp * ramp * (3 - 2 * ramp), np.float32)
    return _read_only(cv2.resize(smooth, (size, size), interpolation=cv2.INTER_AREA))


def blend_of(crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    """``face_blend`` for a crop (S, S, 3) of the usual protocol at its size."""
    from faceqgen_core.alignment import CropProtocol

    return face_blend(CropProtocol(size=crop.shape[0]))


def _filled(protocol: CropProtocol) -> NDArray[np.float32]:
    """The outline filled, on a grid of finer pixels."""
    size = protocol.size
    points = OUTLINE * (protocol.eye_distance * size) + protocol.template[:2].mean(axis=0)
    fine = np.zeros((size * _FINER, size * _FINER), np.float32)
    # Pixel centres: (x + 0.5) in pixels of the crop is (x' + 0.5) / _FINER in those of the finer grid.
    corners = cv2.convexHull(np.rint((points + 0.5) * _FINER - 0.5).astype(np.int32))
    cv2.fillConvexPoly(fine, corners, 1.0)
    return fine


def _read_only(mask: Any) -> NDArray[np.float32]:
    kept: NDArray[np.float32] = np.asarray(mask, np.float32)
    kept.flags.writeable = False
    return kept
