"""Rotations and poses of a mesh, beside OpenCV's and SciPy's and the five-point pose of the product."""

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from faceqgen_core.reasons.pose import HeadPose, head_pose
from faceqgen_core.training.geometry.mean_mesh import five_points, mean_mesh
from faceqgen_core.training.geometry.mesh_pose import mesh_pose, rotation

POSES = [(0, 0, 0), (30, 0, 0), (-50, 0, 0), (0, 20, 0), (0, 0, -15), (35, -20, 10), (-60, 25, -25)]


@pytest.mark.parametrize("angles", POSES)
def test_rotation_is_scipys_and_opencvs(angles):
    ours = rotation(HeadPose(*angles))
    theirs = Rotation.from_euler("ZXY", [angles[2], angles[1], -angles[0]], degrees=True)
    np.testing.assert_allclose(ours, theirs.as_matrix(), atol=1e-12)
    np.testing.assert_allclose(cv2.Rodrigues(cv2.Rodrigues(ours)[0])[0], ours, atol=1e-12)


@pytest.mark.parametrize("angles", POSES)
def test_pose_of_a_rotated_mesh_is_the_rotation(angles):
    points = mean_mesh().points @ rotation(HeadPose(*angles)).T * 33 + [60, 70, 5]
    found = mesh_pose(points)
    np.testing.assert_allclose([found.yaw, found.pitch, found.roll], angles, atol=1e-6)


@pytest.mark.parametrize(("yaw", "pitch", "roll"), [(25, 0, 0), (-25, 0, 0), (0, 0, 15)])
def test_angles_have_the_signs_of_the_five_point_pose(yaw, pitch, roll):
    five = five_points(mean_mesh().points @ rotation(HeadPose(yaw, pitch, roll)).T * 33 + 64)
    still = head_pose(five_points(mean_mesh().points * 33 + 64))
    found = head_pose(five)
    assert abs(found.yaw - still.yaw - yaw) < 12
    assert abs(found.roll - still.roll - roll) < 5


def test_nodding_lowers_the_nose():
    def nose(pitch):
        five = five_points(mean_mesh().points @ rotation(HeadPose(0, pitch, 0)).T)
        return five[2, 1] - five[:2, 1].mean()

    assert nose(20) > nose(0) > nose(-20)
    assert nose(20) - nose(-20) > 0.2


def test_what_is_no_mesh_is_refused():
    with pytest.raises(ValueError, match=r"\(468, 3\)"):
        mesh_pose(np.zeros((5, 3)))
    with pytest.raises(ValueError, match="finite"):
        mesh_pose(np.full((468, 3), np.nan))
