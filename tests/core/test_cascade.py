"""The cascade finds what the mtcnn package finds, and looks at an image once however often it judges it."""

import numpy as np
import pytest
from mtcnn import MTCNN
from mtcnn.utils.bboxes import smart_nms_from_bboxes

from faceqgen_core.cascade import Cascade, Thresholds, _rectified, _scales, _suppressed
from faceqgen_core.degradation import degrade
from tests.images import astronaut, grace_hopper, no_face, plain, two_faces


@pytest.fixture(scope="module")
def package():
    return MTCNN()


@pytest.fixture(scope="module")
def cascade(package):
    return Cascade(package, "CPU:0")


def theirs(package, image, least):
    rows = package.detect_faces(
        image.astype(np.float32),
        output_type="numpy",
        box_format="xyxy",
        fit_to_image=False,
        threshold_pnet=least.proposal,
        threshold_rnet=least.refined,
        threshold_onet=least.final,
    )
    rows = np.asarray(rows, np.float64)
    return rows[:, 1:] if rows.ndim == 2 and rows.shape[1] == 16 else np.empty((0, 15))


def dark_and_grainy():
    return degrade(astronaut(), "shot_noise", 1.0, np.random.default_rng(0))


@pytest.mark.parametrize(
    "image",
    [astronaut, grace_hopper, two_faces, no_face, dark_and_grainy, plain],
    ids=lambda draw: draw.__name__,
)
@pytest.mark.parametrize("least", [Thresholds(), Thresholds(0.5, 0.6, 0.5)], ids=["usual", "low"])
def test_boxes_scores_and_points_are_the_package_s_to_a_hundredth_of_a_pixel(
    package, cascade, image, least
):
    expected = theirs(package, image(), least)
    found = cascade.detect_faces(image().astype(np.float32), least)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=0.01)
    np.testing.assert_allclose(found[:, 4], expected[:, 4], atol=1e-4)


@pytest.mark.parametrize("size", [(12, 12), (13, 400), (31, 17), (97, 64)])
def test_small_and_narrow_pictures_are_no_error(cascade, size):
    grain = np.random.default_rng(1).integers(0, 256, (*size, 3)).astype(np.float32)
    assert cascade.detect_faces(grain, Thresholds(0, 0, 0)).shape[1] == 15


def test_every_level_of_the_pyramid_has_the_twelve_pixels_that_the_first_network_takes():
    for side in range(12, 1025):
        scales = _scales(side, 1024)
        assert (np.diff(scales) < 0).all()
        assert len(scales) == 0 or int(side * scales[-1]) >= 12


def test_lower_thresholds_are_tried_on_the_same_maps(cascade, monkeypatch):
    looks = []
    propose = cascade._propose
    monkeypatch.setattr(cascade, "_propose", lambda level: (looks.append(1), propose(level))[1])
    image = astronaut().astype(np.float32)
    once = cascade.detect_faces(image, Thresholds())
    levels = len(looks)
    none_then_some = cascade.detect_faces(image, Thresholds(final=1 - 1e-9), Thresholds())
    assert len(looks) == 2 * levels
    np.testing.assert_array_equal(none_then_some, once)
    assert len(cascade.detect_faces(image, Thresholds(final=1 - 1e-9))) == 0


@pytest.mark.parametrize("method", ["union", "min"])
@pytest.mark.parametrize("count", [0, 1, 40, 700])
def test_suppression_keeps_what_the_package_s_keeps(method, count):
    rng = np.random.default_rng(count)
    corner, size = rng.uniform(0, 200, (count, 2)), rng.uniform(5, 60, (count, 2))
    rows = np.concatenate([corner, corner + size, rng.random((count, 1))], axis=1)
    rows = rows[np.argsort(-rows[:, 4])]
    numbered = np.concatenate([np.zeros((count, 1)), rows], axis=1)
    expected = smart_nms_from_bboxes(numbered, threshold=0.5, method=method, initial_sort=False)
    found = _suppressed(rows, 0.5, smaller=method == "min")
    np.testing.assert_array_equal(found, expected[:, 1:])


def test_the_rectifier_is_keras_s_for_slopes_of_either_sign_and_over_one():
    slopes = np.array([-1.3, -0.2, 0, 0.4, 1, 1.3], np.float32)
    numbers = np.random.default_rng(2).normal(0, 2, (4, 5, 5, 6)).astype(np.float32)
    x, owed = _rectified(numbers, slopes)
    expected = np.where(numbers > 0, numbers, slopes * numbers)
    np.testing.assert_array_equal(np.minimum(x, owed * x), expected)
    assert _rectified(numbers[..., :5], slopes[:5])[1] is None
