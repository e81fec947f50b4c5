"""Faces given as boxes, with points or without."""

from __future__ import annotations

import numpy as np
import pytest

from faceqgen_core.alignment import CropProtocol, align
from faceqgen_core.assessor import ImageRequest
from faceqgen_core.types import FaceBox, Status
from tests.core.toy_assessor import POINTS, ToyDetector, grey, toy
from tests.images import (
    astronaut,
    plain,
)


def test_given_boxes_with_points_are_used_as_they_are():
    assessor, _ = toy(ToyDetector(error=AssertionError("called")))
    box = FaceBox(30, 30, 50, 60, landmarks=POINTS + 5)
    image = astronaut()
    (result,) = assessor.assess([ImageRequest(image, [box])], faces="given", restored=True)
    assert assessor.detector.sizes == []
    np.testing.assert_array_equal(result.restored, 255 - align(image, box, CropProtocol()).image)
    assert result.box is box or result.box.landmarks is box.landmarks
    assert result.num_faces == 1


def test_no_given_box_is_no_face_and_not_a_search():
    assessor, _ = toy()
    requests = [ImageRequest(grey(9)), ImageRequest(grey(9), []), grey(9)]
    results = list(assessor.assess(requests, faces="given"))
    assert [r.status for r in results] == [Status.NO_FACE] * 3
    assert all("given" in r.reason for r in results)
    assert assessor.detector.sizes == []


def test_points_for_a_given_box_are_looked_for_around_it_and_moved_to_the_image():
    inside = FaceBox(40, 35, 60, 80, 0.99, POINTS)
    assessor, _ = toy(ToyDetector([FaceBox(0, 0, 30, 30, 0.999, POINTS - 40), inside]))
    box = FaceBox(240, 135, 60, 80)  # the search begins 40 pixels before it
    (result,) = assessor.assess([ImageRequest(plain(500, 400), [box])], faces="given")
    assert assessor.detector.sizes == [(160, 140, 3)]
    np.testing.assert_array_equal(result.box.landmarks, POINTS + np.array([200, 95], "f4"))
    assert (result.box.x, result.box.y, result.box.width, result.box.height) == (240, 135, 60, 80)


def test_a_given_box_in_which_no_face_is_found_is_cut_out_upright():
    image = plain(500, 400, ToyDetector.no_face)
    assessor, _ = toy()
    box = FaceBox(200, 100, 90, 90)
    (result,) = assessor.assess([ImageRequest(image, [box])], faces="given")
    assert result.scored and result.box.landmarks is None
    np.testing.assert_allclose(result.matrix, align(image, box, CropProtocol()).matrix)


@pytest.mark.parametrize(
    ("box", "words"),
    [
        (FaceBox(900, 10, 50, 50), "outside"),
        (FaceBox(-80, 10, 50, 50), "outside"),
        (FaceBox(np.nan, 10, 50, 50), "NaN"),
        (FaceBox(10, 10, np.inf, 50), "NaN or infinite"),
        (FaceBox(10, 10, 40, 50, landmarks=np.zeros((3, 2), "f4")), "landmarks"),
    ],
)
def test_a_given_box_that_makes_no_sense_fails_with_the_reason(box, words):
    assessor, _ = toy()
    (result,) = assessor.assess([ImageRequest(grey(9), [box])], faces="given")
    assert result.status is Status.FAILED and words in result.reason
