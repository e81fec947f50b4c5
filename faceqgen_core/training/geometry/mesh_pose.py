"""Pose and rotation of a mesh, in the angles of ``faceqgen_core.reasons.pose``: first yaw, then pitch, then roll."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.reasons.pose import HeadPose
from faceqgen_core.training.geometry.mean_mesh import mean_mesh


def rotation(pose: HeadPose) -> NDArray[np.float64]:
    """The rotation (3, 3) that carries a frontal head into a pose; x to the right, y down, z away from the camera."""
    yaw, pitch, roll = np.radians([pose.yaw, pose.pitch, pose.roll])
    turn = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
    nod = np.array(
        [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
    )
    tilt = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return np.asarray(tilt @ nod @ turn, np.float64)


def mesh_pose(points: NDArray[Any]) -> HeadPose:
    """Pose of a mesh (468, 3): the rotation that lays the mean mesh onto it by least squares (Kabsch 1976).

    Raises:
        ValueError: the points are not (468, 3) finite numbers.
    """
    mean = mean_mesh().points
    if points.shape != mean.shape or not np.isfinite(points).all():
        raise ValueError(f"a mesh is {mean.shape} finite numbers, got shape {points.shape}")
    spread = np.asarray(points, np.float64) - points.mean(axis=0)
    u, _, v = np.linalg.svd(spread.T @ (mean - mean.mean(axis=0)))
    turn = u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ v))]) @ v
    return HeadPose(
        yaw=float(np.degrees(np.arctan2(turn[2, 0], turn[2, 2]))),
        pitch=float(np.degrees(np.arcsin(np.clip(turn[2, 1], -1, 1)))),
        roll=float(np.degrees(np.arctan2(-turn[0, 1], turn[1, 1]))),
    )
