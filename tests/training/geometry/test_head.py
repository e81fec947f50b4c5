"""Turned heads: the front is the identity, the mesh turns by the formula, and two other implementations agree."""

import warnings

import cv2
import numpy as np
import pytest
import skimage.transform

from faceqgen_core.alignment import fit_similarity
from faceqgen_core.reasons.pose import HeadPose
from faceqgen_core.training.geometry.backdrop import even_background
from faceqgen_core.training.geometry.head import DEPTH, Head
from faceqgen_core.training.geometry.mean_mesh import five_points, mean_mesh
from faceqgen_core.training.geometry.mesh_pose import mesh_pose, rotation
from tests.training.geometry.frontal_face import (
    PROTOCOL,
    SIZE,
    crop,
    face_area,
    head,
    mask,
    mesh,
)

VIEWS = [(30, 0, 0), (-60, 0, 0), (0, 25, 0), (0, -25, 0), (0, 0, 20), (40, 15, -10)]


def deep():
    return mesh() * [1, 1, DEPTH]


def test_turned_by_nothing_a_head_stays_as_it_is():
    turned = head().turn()
    difference = np.abs(turned.image.astype(int) - head().front())
    assert difference.mean() < 0.5
    assert difference[face_area()].max() <= 1
    np.testing.assert_allclose(turned.points, deep(), atol=1e-3)
    assert (np.abs(turned.source - np.moveaxis(np.indices((SIZE, SIZE)), 0, -1)[..., ::-1]))[
        face_area()
    ].max() < 1e-2
    assert (turned.stretch[face_area()] > 0.99).all()


def test_front_is_the_crop_before_an_even_background():
    np.testing.assert_array_equal(head().front(), even_background(crop(), mask()))
    np.testing.assert_array_equal(head().front()[face_area()], crop()[face_area()])


@pytest.mark.parametrize(("yaw", "pitch", "roll"), VIEWS)
def test_the_mesh_turns_by_the_formula_and_as_opencv_projects_it(yaw, pitch, roll):
    turned = head().turn(yaw=yaw, pitch=pitch, roll=roll, realign=False)
    matrix = rotation(HeadPose(yaw, pitch, roll))
    spread = deep() - deep().mean(axis=0)
    formula = spread @ matrix.T
    found = turned.points - turned.points.mean(axis=0)
    np.testing.assert_allclose(found, formula, atol=1e-3)
    # From 100,000 pixels away and as many times enlarged, the pinhole camera sees what we draw.
    camera = np.array([[1e5, 0, 0], [0, 1e5, 0], [0, 0, 1.0]])
    theirs, _ = cv2.projectPoints(
        spread, cv2.Rodrigues(matrix)[0], np.array([0, 0, 1e5]), camera, None
    )
    np.testing.assert_allclose(found[:, :2], theirs[:, 0], atol=0.05)


@pytest.mark.parametrize(("yaw", "pitch", "roll"), VIEWS)
def test_a_turned_head_is_aligned_anew_by_its_five_points(yaw, pitch, roll):
    turned = head().turn(yaw=yaw, pitch=pitch, roll=roll)
    np.testing.assert_allclose(turned.five, five_points(turned.points), atol=1e-4)
    matrix = fit_similarity(turned.five, PROTOCOL.template)
    np.testing.assert_allclose(matrix, [[1, 0, 0], [0, 1, 0]], atol=2e-2 * SIZE)
    assert abs(np.linalg.det(matrix[:, :2]) - 1) < 1e-4  # the mean mesh lies on the template itself
    assert np.abs(matrix[:, 2]).max() < 0.05
    pose = mesh_pose(turned.points)
    assert abs(pose.yaw - yaw) < 6 and abs(pose.pitch - pitch) < 6


@pytest.mark.parametrize(("yaw", "pitch"), [(15, 0), (-15, 0), (0, 10), (0, -10)])
def test_pixels_are_those_of_scikit_images_piecewise_affine_transform(yaw, pitch):
    turned = head().turn(yaw=yaw, pitch=pitch)
    warp = skimage.transform.PiecewiseAffineTransform()
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", FutureWarning
        )  # the newer name is not in the oldest release
        assert warp.estimate(turned.points[:, :2], mesh()[:, :2])
    theirs = skimage.transform.warp(head().front() / 255.0, warp, order=1)
    area = cv2.erode(np.isfinite(turned.source[..., 0]).astype(np.uint8), np.ones((3, 3))) > 0
    outline = np.rint(turned.points[mean_mesh().outline, :2]).astype(np.int32)
    face = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillPoly(face, [cv2.convexHull(outline)], 1)
    area &= (cv2.erode(face, np.ones((15, 15), np.uint8)) > 0) & (turned.stretch > 0.3)
    assert area.sum() > 1500
    difference = np.abs(turned.image / 255.0 - theirs)[area]
    assert np.median(difference) < 0.005
    assert difference.mean() < 0.02  # folds at nose and lips are resolved by depth in ours alone
    still = np.abs(head().front() / 255.0 - theirs)[area]
    assert difference.mean() < still.mean() / 3


def test_what_turns_away_is_hidden_and_what_stays_is_seen():
    turned = head().turn(yaw=55, seen=True)
    x = mesh()[:, 0]
    right = np.arange(SIZE)[None, :] > x.mean() + 12  # the half that the nose turns to
    left = np.arange(SIZE)[None, :] < x.mean() - 4
    area = face_area()
    assert turned.seen[area & left].mean() > 0.9
    assert turned.seen[area & right].mean() < 0.75
    assert head().turn(seen=True).seen[area].min() > 0.99
    assert head().turn(yaw=55).seen is None


def test_no_holes_open_in_a_turned_head():
    for yaw in (-60, -30, 30, 60):
        turned = head().turn(yaw=yaw)
        face = np.zeros((SIZE, SIZE), np.uint8)
        cv2.fillPoly(
            face, [np.rint(turned.points[mean_mesh().triangles, :2]).astype(np.int32)[0]], 1
        )
        for triangle in turned.points[mean_mesh().triangles, :2]:
            cv2.fillConvexPoly(face, np.rint(triangle).astype(np.int32), 1)
        inside = cv2.erode(face, np.ones((5, 5), np.uint8)) > 0
        assert (turned.mask[inside] > 0.9).mean() > 0.98
        assert turned.image[inside].std() > 5


def test_the_background_stands_still_and_can_be_chosen():
    red = Head(crop(), mesh(), mask(), background=(200, 10, 10))
    for yaw in (0, 45):
        turned = red.turn(yaw=yaw)
        behind = turned.mask == 0
        assert behind.sum() > 500
        assert (np.abs(turned.image[behind].astype(int) - [200, 10, 10]) <= 1).all()
    picture = np.random.default_rng(0).integers(0, 256, crop().shape, np.uint8)
    red.set_background(picture)
    still = red.turn()
    np.testing.assert_array_equal(still.image[still.mask == 0], picture[still.mask == 0])
    red.set_background("own")
    own = red.front()[red.share == 0].astype(int)
    assert np.abs(own - crop()[red.share == 0]).mean() < 2


def test_a_head_gives_the_same_picture_every_time():
    again = Head(crop(), mesh(), mask())
    again.turn(yaw=-20, seen=True)
    first, second = head().turn(yaw=37, pitch=-8), again.turn(yaw=37, pitch=-8)
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.points, second.points)


def test_a_mask_of_nothing_or_of_everything_is_no_error():
    for value in (0, 255):
        whole = np.full((SIZE, SIZE), value, np.uint8)
        turned = Head(crop(), mesh(), whole).turn(yaw=40, pitch=10)
        assert turned.image.shape == crop().shape


@pytest.mark.parametrize("size", [64, 112])
def test_crops_of_another_size_are_turned_too(size):
    small = cv2.resize(crop(), (size, size), interpolation=cv2.INTER_AREA)
    corner = np.array([0.5, 0.5, 0])
    points = (mesh() + corner) * size / SIZE - corner
    turned = Head(small, points, cv2.resize(mask(), (size, size))).turn(yaw=30)
    large = cv2.resize(head().turn(yaw=30).image, (size, size), interpolation=cv2.INTER_AREA)
    assert np.abs(turned.image.astype(int) - large).mean() < 8


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="expected a crop"):
        Head(crop()[:100], mesh(), mask())
    with pytest.raises(ValueError, match="expected a crop"):
        Head(crop() / 255, mesh(), mask())
    with pytest.raises(ValueError, match="468"):
        Head(crop(), mesh()[:5], mask())
    with pytest.raises(ValueError, match="mask"):
        Head(crop(), mesh(), mask()[:50])
    with pytest.raises(ValueError, match="background"):
        Head(crop(), mesh(), mask(), background="blue")
    with pytest.raises(ValueError, match="background"):
        Head(crop(), mesh(), mask(), background=crop()[:5])
