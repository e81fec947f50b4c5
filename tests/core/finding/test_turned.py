"""A photograph that lies on its side without saying so: its face is found, scored as if upright, and the turn is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from faceqgen_core.detection import MTCNNDetector, find_turned, overlap
from faceqgen_core.tables.score_table import row
from faceqgen_core.types import FaceBox
from tests.core.toy_assessor import ToyDetector, toy
from tests.images import astronaut, astronaut_face, no_face, plain, two_faces


class Upright:
    """Finds the astronaut's face where the picture stands as it should, and nothing else."""

    def __init__(self, face=None, picture=None):
        self.face = astronaut_face() if face is None else face
        self.picture = astronaut() if picture is None else picture
        self.looks = 0

    def detect(self, image):
        self.looks += 1
        return [self.face] if np.array_equal(image, self.picture) else []


def turned(degrees, image=None):
    """As a camera stores it that stood so that the picture has to be turned clockwise to stand upright."""
    upright = astronaut() if image is None else image
    return np.ascontiguousarray(np.rot90(upright, degrees // 90))


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_face_that_is_not_upright_is_found_and_its_crop_is_the_upright_one(degrees):
    assessor, _ = toy(Upright())
    (upright,) = assessor.assess([astronaut()], restored=True)
    (found,) = assessor.assess([turned(degrees)], restored=True)
    assert upright.turn == 0
    assert (found.turn, found.num_faces, found.status.value) == (degrees, 1, "scored")
    difference = np.abs(found.restored.astype(int) - upright.restored)
    assert difference.mean() < 1
    assert abs(found.quality - upright.quality) < 0.2
    assert found.reasons == upright.reasons


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_box_and_points_are_those_of_the_image_as_it_is_stored(degrees):
    image = np.ascontiguousarray(astronaut()[:, :400])  # of uneven sides
    (face,), turn = find_turned(Upright(picture=image), turned(degrees, image))
    assert turn == degrees
    marked = np.zeros(image.shape[:2], bool)
    known = astronaut_face()
    for x, y in known.landmarks:
        marked[round(float(y)), round(float(x))] = True
    expected = np.argwhere(np.rot90(marked, degrees // 90))[:, ::-1]
    for point in face.landmarks:
        assert np.abs(expected - point).max(axis=1).min() <= 0.5
    area = np.zeros(image.shape[:2], bool)
    x, y = round(known.x), round(known.y)
    area[y : y + round(known.height), x : x + round(known.width)] = True
    ys, xs = np.nonzero(np.rot90(area, degrees // 90))
    box = FaceBox(xs.min(), ys.min(), np.ptp(xs) + 1, np.ptp(ys) + 1)
    assert overlap(face, box)[0] > 0.95


def test_an_upright_face_costs_no_further_look_and_no_face_costs_three():
    for image, looks in ((astronaut(), 1), (plain(), 4)):
        detector = Upright()
        list(toy(detector)[0].assess([image]))
        assert detector.looks == looks


def test_a_large_photograph_is_shrunk_for_the_three_looks():
    detector = ToyDetector()
    find_turned(detector, plain(4000, 3000, ToyDetector.no_face))
    assert sorted(detector.sizes) == [(480, 640, 3), (640, 480, 3), (640, 480, 3)]


def test_of_several_turns_the_one_with_the_most_confident_face_counts():
    class Unsure(Upright):
        def detect(self, image):
            if np.array_equal(image, self.picture):
                return [replace(self.face, confidence=0.99)]
            return [replace(self.face, confidence=0.97)]

    assert find_turned(Unsure(), turned(180))[1] == 180


def test_a_lying_face_that_was_taken_for_an_upright_one_gives_way_to_a_sure_one_and_a_sure_one_does_not():
    class Fooled(Upright):
        lying = FaceBox(100, 240, 70, 80, 0.97, astronaut_face().landmarks)

        def detect(self, image):
            return super().detect(image) or [self.lying]

    (found,) = toy(Fooled())[0].assess([turned(90)])
    assert found.turn == 90 and found.box.confidence == astronaut_face().confidence
    for upright, turn in (([replace(Fooled.lying, confidence=0.98)], 0), ([Fooled.lying], 90)):
        assert find_turned(Upright(), turned(90), upright)[1] == turn
    assert find_turned(Upright(), plain(), [Fooled.lying]) == ([Fooled.lying], 0)


@pytest.mark.parametrize("face", [{"confidence": 0.9}, {"landmarks": None}])
def test_a_face_that_is_unsure_or_has_no_points_to_turn_it_by_counts_for_nothing(face):
    detector = Upright(replace(astronaut_face(), **face))
    assert find_turned(detector, turned(90)) == ([], 0)


def test_the_looks_can_be_left_out():
    detector = Upright()
    (result,) = toy(detector)[0].assess([turned(90)], find_turned=False)
    assert (result.status.value, result.turn, detector.looks) == ("no_face", 0, 1)


def test_crops_and_given_boxes_are_never_turned():
    assessor, _ = toy(Upright())
    assert [a.turn for a in assessor.assess([turned(90)], faces="crop")] == [0]
    assert [a.status.value for a in assessor.assess([turned(90)], faces="given")] == ["no_face"]


def test_the_scores_file_has_the_turn_of_every_found_face_and_of_no_other():
    assessor, _ = toy(Upright())
    images = [astronaut(), turned(270), plain()]
    assert [row(a)["turn"] for a in assessor.assess(images)] == ["0", "270", ""]


@pytest.mark.slow
def test_mtcnn_finds_faces_on_their_side_and_on_their_head_and_no_face_in_a_cup():
    detector = MTCNNDetector()
    for picture, count in ((astronaut(), 1), (two_faces(), 2)):
        for degrees in (0, 90, 180, 270):
            image = turned(degrees, picture)
            faces, turn = find_turned(detector, image, detector.detect(image))
            assert (len(faces), turn) == (count, degrees)
    assert find_turned(detector, no_face()) == ([], 0)
