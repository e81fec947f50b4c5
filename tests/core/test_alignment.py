"""Alignment finds the transform that was put in, samples like other people's code, and finds its way back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage.transform import resize, warp

from faceqgen_core.alignment import (
    CropProtocol,
    align,
    crop_whole,
    cut_crop,
    map_to_image,
    paste_back,
    similarity_matrix,
)
from faceqgen_core.measures.region import face_blend
from faceqgen_core.types import FaceBox
from tests.images import astronaut, astronaut_face, grace_hopper, plain

PROTOCOL = CropProtocol()


def similarity(angle, scale, x, y):
    """(3, 3) matrix: turn by degrees, scale, move."""
    c, s = scale * np.cos(np.radians(angle)), scale * np.sin(np.radians(angle))
    return np.array([[c, -s, x], [s, c, y], [0, 0, 1.0]])


def moved(points, matrix):
    return (points @ matrix[:2, :2].T + matrix[:2, 2]).astype(np.float64)


def face_at(points):
    low, high = points.min(axis=0), points.max(axis=0)
    return FaceBox(*low, *(high - low), landmarks=np.asarray(points, np.float32))


@pytest.mark.parametrize("angle", [-170, -45, 0, 8, 90])
@pytest.mark.parametrize("scale", [0.05, 0.6, 1.0, 9.0])
def test_a_known_similarity_transform_is_recovered(angle, scale):
    truth = similarity(angle, scale, 37.5, -210.25)
    points = moved(PROTOCOL.template, np.linalg.inv(truth))
    np.testing.assert_allclose(similarity_matrix(points, PROTOCOL), truth[:2], atol=1e-7)


def test_noisy_points_get_the_least_squares_transform():
    rng = np.random.default_rng(1)
    for _ in range(20):
        points = moved(PROTOCOL.template, similarity(rng.uniform(-40, 40), 2.2, 90, 40))
        points += rng.normal(0, 6, (5, 2))
        # x' = a x - b y + c, y' = b x + a y + d: a similarity is linear in (a, b, c, d)
        rows = np.zeros((10, 4))
        rows[0::2] = np.stack([points[:, 0], -points[:, 1], np.ones(5), np.zeros(5)], axis=1)
        rows[1::2] = np.stack([points[:, 1], points[:, 0], np.zeros(5), np.ones(5)], axis=1)
        (a, b, c, d), *_ = np.linalg.lstsq(rows, PROTOCOL.template.ravel(), rcond=None)
        expected = [[a, -b, c], [b, a, d]]
        np.testing.assert_allclose(similarity_matrix(points, PROTOCOL), expected, atol=1e-6)


def test_mirrored_points_are_never_fitted_by_mirroring_the_face():
    points = PROTOCOL.template.copy()
    points[:, 0] = 128 - points[:, 0]
    matrix = similarity_matrix(points, PROTOCOL)
    assert np.linalg.det(matrix[:, :2]) > 0


@pytest.mark.parametrize(
    "points",
    [
        np.zeros((4, 2)),
        np.zeros(10),
        np.full((5, 2), np.nan),
        np.full((5, 2), 7.0),
        np.array([[1, 2], [3, 4], [5, 6], [7, np.inf], [9, 9]]),
    ],
)
def test_points_that_admit_no_transform_are_refused(points):
    with pytest.raises(ValueError, match="landmarks"):
        similarity_matrix(points.astype(np.float32), PROTOCOL)


def test_the_eyes_lie_level_and_at_the_distance_the_protocol_names():
    for protocol in (PROTOCOL, CropProtocol(size=96, eye_distance=0.35, center_y=0.5)):
        right, left, *_ = protocol.template
        distance = np.linalg.norm(left - right) / protocol.size
        assert distance == pytest.approx(protocol.eye_distance, rel=1e-3)
        assert abs(left[1] - right[1]) < 0.01 * protocol.size
        assert abs((left + right)[0] / 2 - protocol.size / 2) < 0.01 * protocol.size
        assert (protocol.template > 0).all() and (protocol.template < protocol.size).all()


def test_the_crop_is_the_warped_image_as_scikit_image_computes_it():
    image = cv2.GaussianBlur(astronaut(), (0, 0), 1.5)  # smooth: the two cubic kernels differ
    truth = similarity(12, 0.9, 20, 30)
    box = face_at(moved(PROTOCOL.template, np.linalg.inv(truth)))
    crop = align(image, box, PROTOCOL)
    assert crop.image.shape == (128, 128, 3) and crop.image.dtype == np.uint8
    assert crop.image_size == (512, 512) and crop.box is box
    expected = 255 * warp(
        image, np.linalg.inv(truth), output_shape=(128, 128), order=3, mode="edge"
    )
    assert np.abs(crop.image - expected).mean() < 0.5
    assert np.abs(crop.image - expected).max() < 8


def test_a_large_face_is_averaged_and_not_sampled():
    checks = np.indices((1024, 1024)).sum(axis=0) % 2
    image = np.repeat((checks * 255).astype(np.uint8)[..., None], 3, axis=2)
    truth = similarity(10, 0.11, 5, 8)
    crop = align(image, face_at(moved(PROTOCOL.template, np.linalg.inv(truth))), PROTOCOL)
    assert np.abs(crop.image.astype(int) - 127).max() <= 4
    assert np.abs(crop_whole(image, PROTOCOL).image.astype(int) - 127).max() <= 4


def test_a_large_crop_is_shrunk_as_scikit_image_shrinks_it():
    large = cv2.resize(astronaut()[:300, 80:380], (900, 900), interpolation=cv2.INTER_CUBIC)
    image = cv2.GaussianBlur(large, (0, 0), 5)  # smooth: the filters differ in sharpness
    expected = 255 * resize(image, (128, 128), anti_aliasing=True)
    assert np.abs(crop_whole(image, PROTOCOL).image - expected).mean() < 1.5


@pytest.mark.parametrize("factor", [1.0, 1.8, 1.99, 2.01, 3.0, 8.0])
def test_shrinking_first_does_not_move_the_face_by_a_tenth_of_a_pixel(factor):
    """A blurred spot must land where the matrix says, on both sides of the size at which shrinking begins."""
    side = round(128 * factor)
    y, x = np.indices((side, side))
    target = np.array([50.0, 70.0])
    truth = similarity(0, 1 / factor, 0, 0)
    cx, cy = moved(target[None], np.linalg.inv(truth))[0]
    spot = 250 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * (4 * factor) ** 2))
    image = np.repeat(np.rint(spot).astype(np.uint8)[..., None], 3, axis=2)
    crop = align(image, face_at(moved(PROTOCOL.template, np.linalg.inv(truth))), PROTOCOL)
    weights = crop.image[..., 0].astype(float)
    rows, columns = np.indices(weights.shape)
    centre = [(weights * columns).sum() / weights.sum(), (weights * rows).sum() / weights.sum()]
    np.testing.assert_allclose(centre, target, atol=0.1)


def test_the_crop_does_not_depend_on_where_in_the_picture_the_face_is():
    face = astronaut_face()
    padded = np.pad(astronaut(), ((40, 0), (75, 0), (0, 0)), mode="edge")
    there = face_at(face.landmarks + np.array([75, 40]))
    here = align(astronaut(), face, PROTOCOL).image
    assert np.abs(align(padded, there, PROTOCOL).image.astype(int) - here).max() <= 2


def test_a_picture_lying_on_its_side_gives_the_same_upright_crop():
    face, image = astronaut_face(), astronaut()
    side = image.shape[1] - 1
    points = np.stack([face.landmarks[:, 1], side - face.landmarks[:, 0]], axis=1)
    lying = align(np.ascontiguousarray(np.rot90(image)), face_at(points), PROTOCOL).image
    upright = align(image, face, PROTOCOL).image
    assert np.abs(lying.astype(int) - upright).mean() < 1


def test_beyond_the_border_the_crop_repeats_the_border():
    image = plain(80, 80, (10, 200, 60))
    points = moved(PROTOCOL.template, np.linalg.inv(similarity(0, 1, 70, 70)))
    assert (align(image, face_at(points), PROTOCOL).image == image[0, 0]).all()


def test_a_box_without_points_gives_an_upright_square_about_the_place_of_the_aligned_crop():
    known = astronaut_face()
    bare = FaceBox(known.x, known.y, known.width, known.height)
    with_points = align(astronaut(), known, PROTOCOL).matrix
    without = align(astronaut(), bare, PROTOCOL).matrix
    assert without[0, 1] == without[1, 0] == 0 and without[0, 0] == without[1, 1] > 0
    scale = np.sqrt(np.linalg.det(with_points[:, :2]))
    assert 0.75 < without[0, 0] / scale < 1.25
    points = moved(known.landmarks, np.vstack([without, [0, 0, 1]]))
    assert np.abs(points - PROTOCOL.template).max() < 0.12 * PROTOCOL.size


def test_a_crop_of_the_right_size_is_taken_as_it_is():
    image = np.ascontiguousarray(astronaut()[20:148, 150:278])
    crop = crop_whole(image, PROTOCOL)
    np.testing.assert_array_equal(crop.image, image)
    np.testing.assert_allclose(crop.matrix, [[1, 0, 0], [0, 1, 0]], atol=1e-12)
    assert crop.box is None


def test_a_crop_that_is_not_square_is_centred_and_never_stretched():
    tall = np.ascontiguousarray(astronaut()[:256, 160:288])
    crop = crop_whole(tall, PROTOCOL)
    assert crop.matrix[0, 0] == crop.matrix[1, 1] == 0.5
    inner = 255 * resize(tall, (128, 64), anti_aliasing=True)
    assert np.abs(crop.image[:, 32:96] - inner).mean() < 3
    for column in range(28):  # the repeated border, away from the cubic kernel's reach
        assert np.abs(crop.image[:, column].astype(int) - crop.image[:, 0]).max() <= 1


def test_a_crop_is_cut_out_again_by_its_matrix_to_the_last_pixel():
    picture = astronaut()
    for crop in (align(picture, astronaut_face(), PROTOCOL), crop_whole(picture, PROTOCOL)):
        assert np.array_equal(cut_crop(picture, crop.matrix, PROTOCOL.size), crop.image)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.eye(3), "finite numbers, got shape"),
        (np.full((2, 3), np.nan), "finite"),
        (np.zeros((2, 3)), "squeezes the image to nothing"),
    ],
)
def test_a_matrix_that_cuts_no_crop_is_refused(matrix, message):
    with pytest.raises(ValueError, match=message):
        cut_crop(astronaut(), matrix, PROTOCOL.size)


def test_a_protocol_tells_its_name_version_and_size_and_refuses_unknown_keys():
    assert CropProtocol(name="tight", version=3, size=96).identifier == "tight-v3-96"
    config = {"name": "tight", "version": 3, "size": 96, "eye_distance": 0.3, "center_y": 0.5}
    assert CropProtocol.from_config(config) == CropProtocol("tight", 3, 96, 0.3, 0.5)
    with pytest.raises(ValueError, match="margin"):
        CropProtocol.from_config({"margin": 0.2})


@pytest.mark.parametrize("feather", [True, False])
def test_pasting_an_unchanged_crop_back_changes_nothing_one_can_see(feather):
    image = cv2.GaussianBlur(astronaut(), (0, 0), 1.5)
    points = moved(PROTOCOL.template, np.linalg.inv(similarity(-14, 0.95, -130, 10)))
    crop = align(image, face_at(points), PROTOCOL)
    result = paste_back(image, crop.image, crop.matrix, feather=feather)
    assert result.shape == image.shape and result.dtype == np.uint8
    inside = map_to_image(np.ones((128, 128), np.float32), crop.matrix, (512, 512)) > 0.999
    assert inside.sum() > 10_000
    assert np.abs(result.astype(int) - image)[inside].mean() < 0.6
    outside = map_to_image(np.ones((136, 136), np.float32), _grown(crop.matrix, 4), (512, 512)) == 0
    if feather:
        np.testing.assert_array_equal(result[outside], image[outside])


def _grown(matrix, margin):
    """The matrix of a crop with so many more pixels on each side."""
    grown = matrix.copy()
    grown[:, 2] += margin
    return grown


def test_a_pasted_crop_lies_over_the_face_and_fades_out_before_its_border():
    image, face = grace_hopper(), astronaut_face()
    crop = align(image, face, PROTOCOL)
    before = image.copy()
    result = paste_back(image, np.full((128, 128, 3), 255, np.uint8), crop.matrix)
    np.testing.assert_array_equal(image, before)
    middle = face.landmarks[2].astype(int)
    assert (result[middle[1], middle[0]] == 255).all()
    corners = moved(np.array([[1.0, 1], [126, 1], [1, 126], [126, 126]]), _inverse(crop.matrix))
    for x, y in np.rint(corners).astype(int):
        if 0 <= x < image.shape[1] and 0 <= y < image.shape[0]:
            assert np.abs(result[y, x].astype(int) - image[y, x]).max() <= 2


def _inverse(matrix):
    return np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))


def test_without_feather_a_whole_crop_is_replaced_to_its_last_pixel():
    for width, height in ((128, 128), (300, 300), (200, 90), (61, 140)):
        image = plain(width, height)
        crop = crop_whole(image, PROTOCOL)
        white = np.full((128, 128, 3), 255, np.uint8)
        assert (paste_back(image, white, crop.matrix, feather=False) == 255).all()


def test_a_crop_pasted_by_a_mask_is_seen_through_it_alone():
    image, face = grace_hopper(), astronaut_face()
    crop = align(image, face, PROTOCOL)
    white = np.full((128, 128, 3), 255, np.uint8)
    mask = face_blend(PROTOCOL)
    result = paste_back(image, white, crop.matrix, mask=mask)
    weight = map_to_image(mask, crop.matrix, (512, 600))[..., None]
    expected = weight * 255 + (1 - weight) * image
    assert np.abs(result - expected).max() < 8  # interpolation
    np.testing.assert_array_equal(result[weight[..., 0] == 0], image[weight[..., 0] == 0])
    assert (result[weight[..., 0] > 0.999] == 255).all()


def test_a_crop_from_beyond_the_picture_changes_nothing():
    image = plain()
    matrix = similarity(0, 1, -5000, 0)[:2]
    result = paste_back(image, np.zeros((128, 128, 3), np.uint8), matrix)
    np.testing.assert_array_equal(result, image)
    assert result is not image


def test_a_map_comes_back_to_the_geometry_of_the_image_with_a_fill_around_it():
    matrix = similarity(20, 0.7, -20, -60)
    values = np.zeros((128, 128), np.float32)
    values[40:45, 80:85] = 1
    whole = map_to_image(values, matrix[:2], (400, 300), fill=-1)
    assert whole.shape == (300, 400) and whole.dtype == np.float32
    y, x = np.unravel_index(np.argmax(whole), whole.shape)
    expected = moved(np.array([[82.0, 42.0]]), np.linalg.inv(matrix))[0]
    assert np.hypot(x - expected[0], y - expected[1]) < 4
    reference = warp(values, matrix, output_shape=(300, 400), order=1, cval=-1)
    away = np.abs(whole - reference) > 0.1
    assert away.mean() < 0.01  # the two blend the border row differently
    assert whole.min() == -1 and whole[0, 399] == -1
