"""Head pose from five landmarks: how far a face is turned, nodded and tilted, in degrees.

A rigid mean face, seen from far away, is laid onto the landmarks by least squares (DeMenthon and Davis 1995, POS). Five
points tell a profile from a frontal face, not 10 degrees from 15.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.types import Landmarks

# Right eye, left eye, nose, right and left mouth corner of a mean face that looks at the camera, in units of the
# distance between the eyes: x to the right in the picture, y down, z towards the camera.
MEAN_FACE = np.array(
    [
        [-0.50, -0.57, -0.10],
        [0.50, -0.57, -0.10],
        [0.00, 0.00, 0.38],
        [-0.41, 0.585, -0.09],
        [0.41, 0.585, -0.09],
    ]
)
_CENTRED = MEAN_FACE - MEAN_FACE.mean(axis=0)
_INVERSE = np.linalg.pinv(_CENTRED)


@dataclass(frozen=True)
class HeadPose:
    """Angles in degrees, 0 for a frontal upright face.

    ``yaw`` is positive when the nose points to the right of the picture, ``pitch`` when it points down, ``roll`` when the
    head is tilted clockwise in the picture.
    """

    yaw: float
    pitch: float
    roll: float


def head_pose(landmarks: Landmarks) -> HeadPose | None:
    """Estimate the pose from (5, 2) points; None if they lie too close together to tell.

    Raises:
        ValueError: the landmarks are not (5, 2).
    """
    points = np.asarray(landmarks, np.float64)
    if points.shape != (5, 2):
        raise ValueError(f"landmarks must be five (x, y) points, got shape {points.shape}")
    if not np.isfinite(points).all() or np.ptp(points, axis=0).max() < 1e-3:
        return None
    # Rows: what one unit of the face's x, y and z adds to the picture's x and y.
    rows = (_INVERSE @ (points - points.mean(axis=0))).T
    lengths = np.linalg.norm(rows, axis=1)
    if lengths.min() < 1e-6:
        return None
    x, y = rows / lengths[:, None]
    z = np.cross(x, y)
    u, _, v = np.linalg.svd(np.stack([x, y, z]))
    turn: NDArray[np.float64] = u @ v  # the nearest rotation: first yaw, then pitch, then roll
    yaw = np.degrees(np.arctan2(-turn[2, 0], turn[2, 2]))
    pitch = np.degrees(np.arcsin(np.clip(-turn[2, 1], -1.0, 1.0)))
    roll = np.degrees(np.arctan2(-turn[0, 1], turn[1, 1]))
    return HeadPose(float(yaw), float(pitch), float(roll))
