"""Small faces in large photographs: found in tiles at full size if asked for, and told of if not."""

from __future__ import annotations

import numpy as np
import pytest

from faceqgen_core.detection import MTCNNDetector
from faceqgen_core.finding.faces import MOST_TILES, find_faces, find_small, tile_scale
from faceqgen_core.types import FaceBox
from faceqgen_core.vocabulary import CLOSER_LOOK
from tests.core.toy_assessor import POINTS, toy
from tests.images import astronaut_face, large_photograph


@pytest.mark.slow
def test_a_face_of_40_pixels_in_a_photograph_of_24_megapixels_is_found_in_tiles_alone():
    detector, image = MTCNNDetector(), large_photograph(24, face=40)
    faces, _, why = find_faces(detector, image, turned=False, small=False)
    assert not faces and CLOSER_LOOK in why
    assert "in a photograph of 6000 x 4000 pixels those under 117 pixels may be missed" in why
    (face,), _, why = find_faces(detector, image, turned=False, small=True)
    known, scale = astronaut_face(), 40 / astronaut_face().width
    x = round(0.62 * image.shape[1]) + scale * known.center[0]
    y = round(0.41 * image.shape[0]) + scale * known.center[1]
    assert why == "" and face.width == pytest.approx(40, abs=8)
    assert face.center == pytest.approx((x, y), abs=5)


class _Spots:
    """Finds a face at each white pixel, in pictures no larger than a tile: it shrinks others until nothing is left."""

    def __init__(self):
        self.looks = 0

    def detect(self, image):
        self.looks += 1
        if max(image.shape) > 1024:
            return []
        spots = np.argwhere((image == 255).all(axis=2))
        return [FaceBox(x - 20, y - 20, 40, 40, 0.99, POINTS / 4 + (x, y)) for y, x in spots]

    def smallest_face(self, image):
        return 20 * max(1.0, max(image.shape) / 1024)


def _spotted(*spots, width=3000, height=2000):
    image = np.zeros((height, width, 3), np.uint8)
    for x, y in spots:
        image[y, x] = 255
    return image


def test_faces_are_found_once_and_where_they_are_in_whichever_tiles_they_lie():
    spots = [(100, 100), (900, 900), (1000, 40), (1500, 1000), (2980, 1980), (700, 1300)]
    found = find_small(_Spots(), _spotted(*spots))
    centers = np.array(sorted(face.center for face in found))
    assert centers == pytest.approx(np.array(sorted(spots)))
    face = max(found, key=lambda face: face.x)
    assert face.landmarks == pytest.approx(POINTS / 4 + (2980, 1980))


def test_the_closer_look_is_taken_only_where_nothing_is_found_and_the_photograph_is_larger_than_a_tile():
    detector = _Spots()
    small = _spotted((50, 50), width=900, height=900)
    assert len(find_faces(detector, small, turned=False, small=True)[0]) == 1
    assert detector.looks == 1
    none = _spotted(width=900, height=900)
    assert find_faces(detector, none, turned=False, small=True)[2] == "the detector found no face"
    assert detector.looks == 2


def test_the_tiles_are_bounded_and_the_reason_says_what_is_seen_then():
    for width, height in ((3000, 2000), (11000, 8000), (60000, 1400)):
        scale = tile_scale(width, height)
        detector = _Spots()
        find_small(detector, np.zeros((height, width, 3), np.uint8))
        assert detector.looks <= MOST_TILES and 0 < scale <= 1
    assert tile_scale(6000, 4000) == 1.0
    _, _, why = find_faces(_Spots(), _spotted(), turned=False, small=True)
    assert why.endswith("nor in tiles of the photograph: those under 20 pixels may be missed")


def test_the_assessor_takes_the_closer_look_if_it_is_told_to():
    image = _spotted((1500, 1000))
    assessor, _ = toy(_Spots())
    (without,) = assessor.assess([image])
    assert without.status == "no_face" and "those under 59 pixels may be missed" in without.reason
    assessor, _ = toy(_Spots(), small_faces=True)
    (found,) = assessor.assess([image])
    assert found.scored and found.box.center == pytest.approx((1500, 1000))
