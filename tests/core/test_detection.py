"""MTCNN behind the protocol: right places, right order of the points, same result every time, no noise."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from faceqgen_core.degradation import degrade
from faceqgen_core.detection import DetectorError, MTCNNDetector, overlap, primary_face_order
from faceqgen_core.types import FaceBox
from tests.images import astronaut, astronaut_face, grace_hopper, no_face, plain, two_faces


@pytest.fixture(scope="module")
def detector():
    return MTCNNDetector()


@pytest.fixture(scope="module")
def found(detector):
    """The astronaut's face."""
    (face,) = detector.detect(astronaut())
    return face


def eye_distance(face):
    return float(np.linalg.norm(face.landmarks[0] - face.landmarks[1]))


def numbers(face):
    return face.x, face.y, face.width, face.height, face.confidence


class FixedNetwork:
    """Answers with the same rows to every image."""

    def __init__(self, rows):
        self.rows = np.asarray(rows, np.float64)
        self.seen = []

    def detect_faces(self, image, *thresholds):
        self.seen.append(image)
        return self.rows


def row(x1, y1, x2, y2, confidence=0.99, point=50.0):
    return [x1, y1, x2, y2, confidence, *[point] * 10]


def test_the_astronaut_s_eyes_nose_and_mouth_are_where_one_sees_them(found):
    by_eye = np.array([[204, 100], [245, 102], [224, 127], [203, 140], [244, 141]])
    assert np.abs(found.landmarks - by_eye).max() < 4
    assert found.landmarks.shape == (5, 2) and found.landmarks.dtype == np.float32
    x, y = found.center
    assert abs(x - 224) < 8 and abs(y - 118) < 12
    assert 0.9 < found.confidence <= 1


def test_the_test_images_know_the_same_face_as_the_detector(found):
    known = astronaut_face()
    assert overlap(found, known)[0] > 0.97
    assert np.abs(found.landmarks - known.landmarks).max() < 0.5


def test_the_subject_s_right_eye_comes_first_and_lies_left_in_the_picture(detector):
    for image in (astronaut(), grace_hopper()):
        (face,) = detector.detect(image)
        right_eye, left_eye, nose, right_mouth, left_mouth = face.landmarks
        assert right_eye[0] < nose[0] < left_eye[0]
        assert right_mouth[0] < left_mouth[0]
        assert max(right_eye[1], left_eye[1]) < nose[1] < min(right_mouth[1], left_mouth[1])


def test_a_mirrored_picture_gives_the_mirrored_points_with_sides_exchanged(detector, found):
    image = astronaut()
    (mirrored,) = detector.detect(np.ascontiguousarray(image[:, ::-1]))
    back = mirrored.landmarks[[1, 0, 2, 4, 3]]
    back[:, 0] = image.shape[1] - 1 - back[:, 0]
    distance = np.linalg.norm(back - found.landmarks, axis=1)
    assert distance.max() < 0.12 * eye_distance(found)


@pytest.mark.parametrize("scale", [0.5, 1.7, 4.0])
def test_an_enlarged_or_shrunken_picture_gives_the_same_face_in_its_own_pixels(
    detector, found, scale
):
    image = cv2.resize(astronaut(), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    face = primary_face_order(detector.detect(image), image.shape[1::-1])[0]
    # pixel centres: x' + 0.5 = scale (x + 0.5)
    back = (face.landmarks + 0.5) / scale - 0.5
    assert np.linalg.norm(back - found.landmarks, axis=1).max() < 0.12 * eye_distance(found)
    shrunk = FaceBox(face.x / scale, face.y / scale, face.width / scale, face.height / scale)
    assert overlap(shrunk, found)[0] > 0.75


def test_a_photograph_is_never_shown_to_the_network_beyond_its_limit():
    detector = MTCNNDetector()
    detector._network = FixedNetwork(np.empty((0, 15)))
    detector.detect(plain(6000, 4000))
    first, second, *_ = detector._network.seen
    assert first.shape == (683, 1024, 3)
    assert max(second.shape) <= 642
    assert first.dtype == np.float32  # float64 would take the package twice as long


def test_smaller_faces_are_left_out_by_scaling_and_not_by_the_package_s_option():
    for size, side in ((10, 400), (20, 200), (40, 100)):
        detector = MTCNNDetector(min_face_size=size)
        detector._network = FixedNetwork([row(2, 2, 42, 42)])
        detector.detect(plain(200, 200))
        assert detector._network.seen[0].shape[:2] == (side, side)


def test_both_faces_of_a_double_portrait_are_found(detector):
    faces = primary_face_order(detector.detect(two_faces()), (812, 600))
    assert len(faces) == 2
    hopper, astronaut_ = faces
    assert hopper.x + hopper.width < 512 < astronaut_.x
    assert hopper.area > astronaut_.area


def test_a_face_that_fills_the_picture_is_found_at_the_second_look(detector, found):
    x, y = round(found.x), round(found.y)
    tight = astronaut()[y : y + round(found.height), x : x + round(found.width)]
    (face,) = detector.detect(np.ascontiguousarray(tight))
    back = face.landmarks + np.array([x, y])
    assert np.abs(back - found.landmarks).max() < 0.12 * eye_distance(found)
    assert face.x >= 0 and face.y >= 0
    assert face.x + face.width <= tight.shape[1] and face.y + face.height <= tight.shape[0]


@pytest.mark.parametrize(
    "image",
    [
        no_face(),
        plain(),
        plain(1, 1),
        plain(8, 8),
        plain(500, 9),
        np.random.default_rng(0).integers(0, 256, (300, 200, 3), dtype=np.uint8),
    ],
    ids=["coffee", "plain", "one pixel", "tiny", "strip", "noise"],
)
def test_where_there_is_no_face_the_list_is_empty(detector, image):
    assert detector.detect(image) == []


def test_detection_repeats_itself_to_the_last_bit_alone_and_in_four_threads(detector, found):
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(detector.detect, [astronaut()] * 4))
    for (face,) in results:
        np.testing.assert_array_equal(face.landmarks, found.landmarks)
        assert numbers(face) == numbers(found)


def test_threads_that_come_first_together_build_one_network(monkeypatch):
    built = []

    def build(device):
        built.append(device)
        return FixedNetwork([row(20, 20, 80, 90)])

    monkeypatch.setattr("faceqgen_core.detection._build", build)
    detector = MTCNNDetector(device="CPU:0")
    with ThreadPoolExecutor(8) as pool:
        assert all(len(faces) == 1 for faces in pool.map(detector.detect, [plain()] * 16))
    assert built == ["CPU:0"]


def test_detectors_of_one_device_share_the_network_of_the_process(detector):
    detector.detect(plain())
    another = MTCNNDetector(min_face_size=40, confidence=0.5)
    another.detect(plain())
    assert another._network is detector._network


def test_threads_run_the_network_at_the_same_time():
    both = threading.Barrier(2)

    class Meeting(FixedNetwork):
        def detect_faces(self, image, *thresholds):
            both.wait(timeout=20)  # a lone thread would wait here in vain
            return super().detect_faces(image)

    detector = MTCNNDetector()
    detector._network = Meeting([row(20, 20, 80, 90)])
    with ThreadPoolExecutor(2) as pool:
        assert all(len(faces) == 1 for faces in pool.map(detector.detect, [plain()] * 2))


def test_detection_prints_nothing(detector, found, capfd):
    capfd.readouterr()
    for image in (astronaut(), no_face(), plain(9, 9), grace_hopper()[:, :301]):
        detector.detect(image)
    assert capfd.readouterr() == ("", "")


def test_boxes_of_the_same_face_are_told_once_and_the_surest_is_kept():
    detector = MTCNNDetector()
    detector._network = FixedNetwork(
        [
            row(20, 20, 80, 90, 0.95),
            row(24, 22, 84, 92, 0.99),
            row(40, 40, 60, 65, 0.93),
            row(110, 20, 170, 90, 0.92),
        ]
    )
    faces = detector.detect(plain(200, 160))
    assert sorted(face.confidence for face in faces) == [0.92, 0.99]


def test_boxes_are_cut_at_the_border_and_rows_of_nan_or_outside_are_dropped():
    detector = MTCNNDetector()
    detector._network = FixedNetwork(
        [row(-20, -10, 60, 80), row(np.nan, 0, 9, 9), row(300, 300, 350, 350)]
    )
    (face,) = detector.detect(plain(200, 160))
    assert (face.x, face.y) == (0, 0)
    assert (face.width, face.height) == (60, 80)


def test_making_a_detector_loads_no_network_library():
    code = (
        "import sys; from faceqgen_core.detection import MTCNNDetector; MTCNNDetector();"
        "sys.exit(any(m in sys.modules for m in ('tensorflow', 'keras', 'mtcnn')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_missing_package_is_the_detector_s_fault_and_not_the_image_s(monkeypatch):
    monkeypatch.setitem(sys.modules, "mtcnn", None)
    with pytest.raises(DetectorError, match="'mtcnn'"):
        MTCNNDetector().detect(plain())


def test_another_keras_backend_is_told_before_the_package_stumbles(monkeypatch):
    monkeypatch.setattr("keras.backend.backend", lambda: "torch")
    with pytest.raises(DetectorError, match="KERAS_BACKEND=tensorflow"):
        MTCNNDetector().detect(plain())


@pytest.mark.parametrize(
    "options", [{"min_face_size": 9}, {"confidence": 1.0}, {"confidence": -0.1}]
)
def test_options_outside_their_range_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        MTCNNDetector(**options)


def box(cx, cy, side, confidence=0.9):
    return FaceBox(cx - side / 2, cy - side / 2, side, side, confidence)


def test_the_primary_face_is_large_and_central():
    size = (1000, 800)
    middle = box(500, 400, 100)
    assert primary_face_order([box(500, 400, 60), middle], size)[0] is middle
    assert primary_face_order([box(80, 80, 100), middle], size)[0] is middle
    # half-way to the corner a face counts three quarters of its area: 1.3 times the area loses, 1.4 times wins
    beside = box(250, 200, 100 * 1.3**0.5)
    assert primary_face_order([middle, beside], size)[0] is middle
    larger = box(250, 200, 100 * 1.4**0.5)
    assert primary_face_order([middle, larger], size)[0] is larger


def test_the_order_of_faces_does_not_depend_on_the_order_they_come_in():
    rng = np.random.default_rng(2)
    faces = [box(*rng.uniform(0, 500, 2), rng.choice([40.0, 80.0])) for _ in range(8)]
    faces += [box(200, 250, 50, 0.8), box(300, 250, 50, 0.9), box(250, 250, 50, 0.8)]
    expected = primary_face_order(faces, (500, 500))
    for _ in range(10):
        shuffled = [faces[i] for i in rng.permutation(len(faces))]
        assert primary_face_order(shuffled, (500, 500)) == expected
    assert sorted(map(id, expected)) == sorted(map(id, faces))
    assert primary_face_order([], (500, 500)) == []


def test_the_primary_face_is_the_same_at_any_scale_of_the_picture():
    rng = np.random.default_rng(3)
    values = rng.uniform(20, 400, (6, 3))
    for scale in (0.1, 7.0):
        order = primary_face_order([box(*v) for v in values], (420, 420))
        scaled = primary_face_order([box(*(scale * v)) for v in values], (420 * scale,) * 2)
        assert [round(f.width * scale, 6) for f in order] == [round(f.width, 6) for f in scaled]


def test_overlap_is_one_for_a_box_and_itself_and_symmetric_and_bounded():
    rng = np.random.default_rng(4)
    for _ in range(50):
        a, b = (FaceBox(*rng.uniform(0, 50, 2), *rng.uniform(1, 50, 2)) for _ in range(2))
        assert overlap(a, a) == pytest.approx((1, 1))
        assert overlap(a, b) == pytest.approx(overlap(b, a))
        iou, nested = overlap(a, b)
        assert 0 <= iou <= nested <= 1 + 1e-12
    assert overlap(FaceBox(0, 0, 10, 10), FaceBox(10, 0, 10, 10)) == (0, 0)
    assert overlap(FaceBox(0, 0, 10, 10), FaceBox(0, 0, 5, 10)) == pytest.approx((0.5, 1))


@pytest.mark.parametrize("family", ["noise", "shot_noise"])
def test_a_face_hidden_by_noise_is_found(detector, family):
    image = degrade(astronaut(), family, 1.0, np.random.default_rng(0))
    found = primary_face_order(detector.detect(image), (image.shape[1], image.shape[0]))
    clean = primary_face_order(detector.detect(astronaut()), (image.shape[1], image.shape[0]))
    assert overlap(found[0], clean[0])[0] > 0.5
