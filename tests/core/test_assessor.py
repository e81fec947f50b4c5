"""The stream: one answer per face, in order, whatever one image does; threads end; batches change no number."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from faceqgen_core.alignment import CropProtocol, align
from faceqgen_core.assessor import FaceQualityAssessor, ImageRequest, _Options
from faceqgen_core.calibration import Calibration, SigmoidMapping
from faceqgen_core.detection import DetectorError
from faceqgen_core.image_io import ImageTooLarge, load_image, save_png
from faceqgen_core.presets import Preset, PresetError
from faceqgen_core.restoration import RestorationResult
from faceqgen_core.types import FaceBox, Status
from tests.images import (
    astronaut,
    astronaut_face,
    grace_hopper,
    jpeg_bytes,
    lfw_faces,
    no_face,
    plain,
    two_faces,
)

POINTS = np.array([[60, 60], [100, 60], [80, 82], [64, 104], [96, 104]], np.float32)


def toy_preset():
    mappings = {
        "quality": SigmoidMapping(0.5, 0.1),
        "ssim": SigmoidMapping(0.5, 0.1),
        "mse": SigmoidMapping(0.2, -0.1),
        "discriminator": SigmoidMapping(0.5, 0.1),
    }
    return Preset("toy", Path(), "toy@00000000", {}, CropProtocol(), Calibration(mappings), {})


class ToyDetector:
    """Finds one face in every image; an image of the colour ``no_face`` has none, ``broken`` makes it raise."""

    broken, no_face = (1, 1, 1), (2, 2, 2)

    def __init__(self, faces=None, error=None, delay=None):
        self.faces = faces or [FaceBox(50, 40, 60, 80, 0.99, POINTS)]
        self.error, self.delay = error or RuntimeError("no luck"), delay
        self.sizes = []

    def detect(self, image):
        self.sizes.append(image.shape)
        if self.delay is not None:
            time.sleep(self.delay(image))
        colour = tuple(image[0, 0])
        if colour == self.broken:
            raise self.error
        return [] if colour == self.no_face else list(self.faces)


class ToyNetwork:
    """The similarity is the mean brightness of the crop; a pure red crop gives NaN."""

    def __init__(self):
        self.batches = []
        self.asked = set()

    def restore(self, crops, *, restored=False, difference=False, drawn=False, trust=False):
        assert crops.dtype == np.uint8 and crops.shape[1:] == (128, 128, 3)
        self.batches.append(len(crops))
        self.asked.add((restored, difference))
        mean = crops.mean(axis=(1, 2, 3)) / 255
        red = (crops[:, 64, 64] == (255, 0, 0)).all(axis=1)
        return RestorationResult(
            ssim=np.where(red, np.nan, mean),
            mse=mean / 2,
            discriminator=mean,
            similarity=mean,
            restored=255 - crops if restored else None,
            difference=np.zeros(crops.shape[:3], np.float32) if difference else None,
            drawn=crops if drawn else None,
            trust=np.full(crops.shape[:3], 0.25, np.float32) if trust else None,
            changes=[("face_drawn",) if level < 0.5 else () for level in mean],
        )


def toy(detector=None, **options):
    network = ToyNetwork()
    assessor = FaceQualityAssessor(
        toy_preset(), detector=detector or ToyDetector(), restorer=network, **options
    )
    return assessor, network


def grey(level):
    return plain(160, 160, (level, level, level))


def threads():
    return [t for t in threading.enumerate() if t.name.startswith("faceqgen-prepare")]


def test_results_come_in_input_order_however_long_each_image_takes():
    rng = np.random.default_rng(0)
    levels = rng.permutation(np.arange(10, 250, 6)).tolist()
    detector = ToyDetector(delay=lambda image: (int(image[0, 0, 0]) * 37 % 11) / 1000)
    assessor, _ = toy(detector, batch_size=7)
    results = list(assessor.assess(grey(level) for level in levels))
    assert [r.index for r in results] == list(range(len(levels)))
    assert [round(255 * r.ssim) for r in results] == levels
    assert threads() == []


def test_crops_of_different_images_share_full_batches():
    assessor, network = toy(batch_size=4)
    images = [grey(9), plain(160, 160, ToyDetector.no_face), *map(grey, range(20, 29))]
    results = list(assessor.assess(images))
    assert network.batches == [4, 4, 2]
    assert [r.status for r in results].count(Status.SCORED) == 10


def test_what_the_network_and_the_calibration_say_arrives_under_the_right_names():
    assessor, network = toy()
    (result,) = assessor.assess([grey(102)])
    assert result.scored and result.reason == ""
    assert (result.ssim, result.mse, result.discriminator) == pytest.approx((0.4, 0.2, 0.4))
    assert result.quality == pytest.approx(100 / (1 + np.exp(1)))
    assert result.components == pytest.approx(
        {"ssim": 100 / (1 + np.e), "mse": 50, "discriminator": 100 / (1 + np.e)}
    )
    assert all(type(v) is float for v in (result.quality, result.ssim, *result.components.values()))
    assert result.preset == "toy@00000000" and result.crop_protocol == "align5-v1-128"
    assert result.image_size == (160, 160) and result.matrix.shape == (2, 3)
    np.testing.assert_array_equal(result.box.landmarks, POINTS)
    assert result.restored is None and result.difference is None
    assert network.asked == {(False, False)}


def test_drawn_faces_and_trust_come_only_when_asked_for():
    assessor, _ = toy(batch_size=2)
    (result,) = assessor.assess([grey(40)])
    assert result.drawn is None and result.trust is None
    (result,) = assessor.assess([grey(40)], drawn=True, trust=True)
    assert (result.drawn == 40).all() and (result.trust == 0.25).all()
    assert result.restored is None


def test_what_was_changed_comes_with_every_face_and_the_turn_from_its_landmarks():
    turned = POINTS.copy()
    turned[2, 0] += 0.45 * np.linalg.norm(POINTS[1] - POINTS[0])  # the nose
    for points, expected in (
        (POINTS, r"\('face_drawn',\)"),
        (turned, r"\('face_drawn', 'turned_[3-9]0'\)"),
    ):
        detector = ToyDetector([FaceBox(30, 30, 50, 60, 0.9, points)])
        dark, bright = toy(detector)[0].assess([grey(40), grey(200)])
        assert re.fullmatch(expected, str(dark.changes))
        assert bright.changes == ()
    (nobody,) = toy()[0].assess([plain(90, 90, ToyDetector.no_face)])
    assert nobody.changes == ()


def test_restored_crops_and_maps_come_only_when_asked_for():
    assessor, _ = toy(batch_size=2)
    for restored, difference in itertools.product((False, True), repeat=2):
        images = [grey(level) for level in (40, 80, 120)]
        results = list(assessor.assess(images, restored=restored, difference=difference))
        for level, result in zip((40, 80, 120), results, strict=True):
            if restored:
                assert (result.restored == 255 - level).all()
            assert (result.restored is not None) is restored
            assert (result.difference is not None) is difference


def test_one_image_that_breaks_the_detector_costs_no_other_image_its_score():
    assessor, _ = toy()
    results = list(assessor.assess([grey(50), plain(90, 90, ToyDetector.broken), grey(60)]))
    assert [r.status for r in results] == [Status.SCORED, Status.FAILED, Status.SCORED]
    assert results[1].reason == "RuntimeError: no luck"
    assert results[1].image_size == (90, 90) and results[1].quality is None


def test_images_that_cannot_be_used_become_rows_with_status_and_reason(tmp_path):
    assessor, network = toy(max_pixels=30_000)
    (tmp_path / "notes.jpg").write_text("no picture")
    sources = {
        Status.UNREADABLE: [tmp_path / "notes.jpg", tmp_path / "gone.png", b"", None, 3.5],
        Status.TOO_LARGE: [plain(400, 300)],
        Status.TOO_SMALL: [plain(1, 1)],
        Status.NO_FACE: [plain(99, 99, ToyDetector.no_face)],
    }
    images = [source for group in sources.values() for source in group]
    results = list(assessor.assess(images))
    assert [r.status for r in results] == [s for s, group in sources.items() for _ in group]
    for index, result in enumerate(results):
        assert result.reason and result.index == index
        assert (result.face, result.num_faces, result.components) == (0, 0, {})
        numbers = (result.quality, result.ssim, result.mse, result.discriminator, result.box)
        assert numbers == (None,) * 5
        assert result.preset == "toy@00000000"
    assert network.batches == []


def test_a_detector_that_cannot_work_at_all_ends_the_run_and_its_threads():
    assessor, _ = toy(ToyDetector(error=DetectorError("package missing")))
    with pytest.raises(DetectorError, match="package missing"):
        list(assessor.assess([grey(50)] * 30 + [plain(90, 90, ToyDetector.broken)]))
    assert threads() == []


def test_only_the_face_whose_numbers_are_not_finite_fails():
    assessor, _ = toy(batch_size=3)
    results = list(assessor.assess([grey(50), plain(160, 160, (255, 0, 0)), grey(60)]))
    assert [r.status for r in results] == [Status.SCORED, Status.NOT_FINITE, Status.SCORED]
    bad = results[1]
    assert "ssim" in bad.reason and bad.quality is None and bad.mse is None
    assert bad.box is not None and bad.num_faces == 1


def test_a_face_under_the_least_size_is_too_small_whatever_the_image_s_size():
    faces = [FaceBox(20, 20, 15.9, 40, 0.9, POINTS), FaceBox(90, 90, 16, 16, 0.9, POINTS)]
    assessor, _ = toy(ToyDetector(faces))
    small, large = sorted(assessor.assess([grey(70)], all_faces=True), key=lambda r: r.box.width)
    assert (small.status, large.status) == (Status.TOO_SMALL, Status.SCORED)
    assert "at least 16" in small.reason
    strict, _ = toy(ToyDetector(faces), min_face=30)
    assert [r.status for r in strict.assess([grey(70)])] == [Status.TOO_SMALL]
    crops, _ = toy(min_face=30)
    results = crops.assess([plain(29, 90), plain(30, 30)], faces="crop")
    assert [r.status for r in results] == [Status.TOO_SMALL, Status.SCORED]


def test_all_faces_are_numbered_from_the_primary_face_on():
    faces = [FaceBox(5, 5, 20, 30, 0.9, POINTS), FaceBox(50, 40, 60, 80, 0.9, POINTS)]
    assessor, _ = toy(ToyDetector(faces), batch_size=3)
    images = [grey(40), plain(160, 160, ToyDetector.no_face), grey(80)]
    results = list(assessor.assess(images, all_faces=True))
    assert [(r.index, r.face, r.num_faces) for r in results] == [
        (0, 0, 2),
        (0, 1, 2),
        (1, 0, 0),
        (2, 0, 2),
        (2, 1, 2),
    ]
    assert [r.box.width for r in results if r.box] == [60, 20, 60, 20]
    primary = list(assessor.assess(images))
    assert [(r.face, r.num_faces, r.box and r.box.width) for r in primary] == [
        (0, 2, 60),
        (0, 0, None),
        (0, 2, 60),
    ]


def test_one_face_with_impossible_points_costs_no_other_face_its_score():
    faces = [FaceBox(5, 5, 20, 30, 0.9, np.zeros((5, 2), "f4")), *ToyDetector().faces]
    assessor, _ = toy(ToyDetector(faces))
    first, second = assessor.assess([grey(40)], all_faces=True)
    assert first.scored
    assert second.status is Status.FAILED and "landmarks" in second.reason


def test_a_crop_is_never_shown_to_the_detector():
    assessor, _ = toy(ToyDetector(error=AssertionError("called")))
    images = [plain(160, 160, ToyDetector.broken), *lfw_faces(3)]
    results = list(assessor.assess(images, faces="crop"))
    assert all(r.scored and r.num_faces == 1 and r.box is None for r in results)
    assert assessor.detector.sizes == []


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


def test_the_stream_reads_only_a_few_images_ahead():
    read = []

    def endless():
        for index in itertools.count():
            read.append(index)
            yield grey(index % 200 + 10)

    assessor, _ = toy(batch_size=8, workers=2)
    stream = assessor.assess(endless())
    first = list(itertools.islice(stream, 20))
    assert [r.index for r in first] == list(range(20))
    assert len(read) <= 24 + 2 * 8
    stream.close()
    assert threads() == []


def test_while_the_network_runs_the_next_two_batches_are_prepared():
    read, ready = [], []

    def images():
        for index in range(64):
            read.append(index)
            yield grey(index % 200 + 10)

    assessor, network = toy(batch_size=8, workers=1)
    restore = network.restore

    def slow(crops, **wanted):
        ready.append(len(read))
        return restore(crops, **wanted)

    network.restore = slow
    assert len(list(assessor.assess(images()))) == 64
    # Before the batch that starts at 24 images 40 were read: these 8, the 8 after them and 8 more.
    assert ready[0] <= 2 * 8 + 4
    assert ready[3] >= 32 + 2 * 8 - 1
    assert all(now <= 8 * (i + 1) + 2 * 8 for i, now in enumerate(ready))


def test_a_stream_closed_or_dropped_early_stops_its_threads():
    detector = ToyDetector(delay=lambda image: 0.01)
    assessor, _ = toy(detector, batch_size=2)
    stream = assessor.assess(grey(30) for _ in range(10_000))
    next(stream)
    assert threads()
    stream.close()
    assert threads() == []
    seen = len(detector.sizes)
    time.sleep(0.05)
    assert len(detector.sizes) == seen
    stream = assessor.assess([grey(30)] * 50)
    next(stream)
    del stream
    assert threads() == []


def test_a_failure_waits_for_no_batch_to_fill():
    def images():
        yield plain(90, 90, ToyDetector.no_face)
        for _ in range(7):
            yield grey(30)
        raise KeyError("read too far")

    assessor, _ = toy(batch_size=32, workers=1)
    stream = assessor.assess(images())
    assert next(stream).status is Status.NO_FACE
    with pytest.raises(KeyError):
        list(stream)
    assert threads() == []


def test_no_images_give_no_results():
    assessor, network = toy()
    assert list(assessor.assess([])) == [] and network.batches == []


def test_a_key_comes_back_with_each_assessment_of_its_image_whatever_became_of_it():
    keys = [object(), ("sample", 7), None, "x"]
    images = [grey(30), plain(90, 90, ToyDetector.no_face), b"no image", grey(40)]
    faces = [FaceBox(50, 40, 60, 80, 0.99, POINTS), FaceBox(60, 50, 60, 80, 0.98, POINTS)]
    assessor, _ = toy(ToyDetector(faces))
    requests = [ImageRequest(i, key=k) for i, k in zip(images, keys, strict=True)]
    results = list(assessor.assess(requests, all_faces=True))
    assert [r.key for r in results] == [keys[0], keys[0], keys[1], keys[2], keys[3], keys[3]]
    (bare,) = toy()[0].assess([grey(30)])
    assert bare.key is None


def test_an_image_that_is_known_to_be_bad_keeps_its_place_status_and_reason():
    assessor, _ = toy()
    bad = ImageRequest(ImageTooLarge("film.mp4: frame 7 is damaged"), name="film.mp4", key=7)
    first, second, third = assessor.assess([grey(30), bad, grey(40)])
    assert first.scored and third.scored
    assert (second.status, second.reason) == (Status.TOO_LARGE, "film.mp4: frame 7 is damaged")
    assert (second.source, second.key, second.index) == ("film.mp4", 7, 1)


def test_large_arrays_are_read_only_a_few_ahead():
    held = []

    def frames():
        for index in range(60):
            held.append(index)
            yield np.full((2000, 2000, 3), 30 + index, np.uint8)  # 12 MB

    assessor, _ = toy(batch_size=512)
    ahead = assessor._prepare_ahead(frames(), _Options("crop", False, {}))
    next(ahead)
    assert len(held) <= 18  # 200 MB, and one more
    ahead.close()


def test_results_of_slow_images_do_not_wait_for_a_full_batch(monkeypatch):
    monkeypatch.setattr("faceqgen_core.assessor._PATIENCE", 0.05)
    read = []

    def images():
        for index in range(40):
            read.append(index)
            yield grey(30 + index)

    assessor, network = toy(ToyDetector(delay=lambda image: 0.03), batch_size=40, workers=1)
    stream = assessor.assess(images())
    assert next(stream).index == 0
    assert len(read) < 20  # it came long before the batch was full
    assert [r.index for r in stream] == list(range(1, 40))
    assert len(network.batches) > 2


def test_the_source_is_the_path_or_the_name_it_was_given(tmp_path):
    path = tmp_path / "face.png"
    save_png(path, grey(50))
    assessor, _ = toy()
    requests = [path, str(path), ImageRequest(path, name="id 7"), path.read_bytes(), grey(50)]
    sources = [r.source for r in assessor.assess(requests)]
    assert sources == [str(path), str(path), "id 7", "", ""]


@pytest.mark.parametrize("image", ["face.png", Path("face.png"), b"...", ImageRequest("face.png")])
def test_one_image_in_place_of_a_list_is_refused_at_once(image):
    with pytest.raises(ValueError, match=r"assess\(\[image\]\)"):
        toy()[0].assess(image)


def test_an_array_of_images_is_a_collection_and_one_array_is_not():
    assessor, _ = toy()
    assert len(list(assessor.assess(np.stack([grey(20), grey(30)])))) == 2
    with pytest.raises(ValueError, match=r"assess\(\[image\]\)"):
        assessor.assess(grey(20))


def test_an_unknown_source_of_faces_is_refused_at_once():
    with pytest.raises(ValueError, match="'detect', 'crop', 'given'"):
        toy()[0].assess([], faces="field")


@pytest.mark.parametrize(
    "options", [{"batch_size": 0}, {"workers": 0}, {"max_pixels": 0}, {"min_face": -1}]
)
def test_numbers_under_their_limit_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        toy(**options)


def test_a_missing_preset_is_told_before_anything_runs(tmp_path):
    with pytest.raises(PresetError):
        FaceQualityAssessor(tmp_path / "nothing")


def test_making_an_assessor_loads_no_network_library(preset):
    code = (
        "import sys; from faceqgen_core import FaceQualityAssessor;"
        f"a = FaceQualityAssessor({preset!r}); a.assess([]);"
        "sys.exit(any(m in sys.modules for m in ('tensorflow', 'keras', 'mtcnn')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# From here on: the real preset and the real detector.


@pytest.fixture(scope="module")
def assessor(preset):
    return FaceQualityAssessor(preset)


def numbers(result):
    return [result.quality, result.ssim, result.mse, result.discriminator]


def assert_same(first, second, tolerance=1e-4):
    assert first.scored and second.scored
    assert numbers(first)[1:] == pytest.approx(numbers(second)[1:], abs=tolerance)
    assert first.quality == pytest.approx(second.quality, abs=100 * tolerance)


def test_a_face_scores_the_same_alone_in_any_batch_and_again(preset, assessor):
    images = [astronaut(), grace_hopper(), two_faces(), no_face()]
    crops = lfw_faces(5)
    together = list(assessor.assess(images)) + list(assessor.assess(crops, faces="crop"))
    one_by_one = FaceQualityAssessor(preset, batch_size=1, workers=1)
    alone = [next(one_by_one.assess([image])) for image in images]
    alone += [next(one_by_one.assess([crop], faces="crop")) for crop in crops]
    for first, second in zip(together, alone, strict=True):
        if first.status is Status.NO_FACE:
            assert second.status is Status.NO_FACE
        else:
            assert_same(first, second)
    again = list(assessor.assess(images)) + list(assessor.assess(crops, faces="crop"))
    for first, second in zip(together, again, strict=True):
        assert numbers(first) == pytest.approx(numbers(second), abs=1e-4)


def test_every_number_lies_in_its_range(assessor):
    for result in assessor.assess([astronaut(), grace_hopper()], restored=True, difference=True):
        assert 0 <= result.quality <= 100
        assert -1 <= result.ssim <= 1 and 0 <= result.mse <= 1 and 0 <= result.discriminator <= 1
        assert set(result.components) == {"ssim", "mse", "discriminator"}
        assert all(0 <= value <= 100 for value in result.components.values())
        assert result.restored.shape == (128, 128, 3) and result.restored.dtype == np.uint8
        assert result.difference.shape == (128, 128) and result.difference.dtype == np.float32
        assert 0 <= result.difference.min() <= result.difference.max() <= 1
        assert result.preset.startswith(assessor.preset.name + "@")


def test_path_bytes_and_array_of_one_picture_score_the_same(assessor, tmp_path):
    path = tmp_path / "face.jpg"
    path.write_bytes(jpeg_bytes(astronaut()))
    first, *others = assessor.assess([path, path.read_bytes(), load_image(path)])
    for other in others:
        assert_same(first, other, tolerance=1e-6)


def test_a_detected_face_given_back_as_a_box_scores_the_same(assessor):
    image = two_faces()
    detected = list(assessor.assess([image], all_faces=True))
    assert [r.num_faces for r in detected] == [2, 2]
    request = ImageRequest(image, [r.box for r in detected][::-1])
    given = list(assessor.assess([request], faces="given", all_faces=True))
    for first, second in zip(detected, given, strict=True):
        assert_same(first, second, tolerance=1e-6)


def test_for_a_bare_box_the_real_detector_finds_the_points_it_finds_in_the_whole_picture(assessor):
    face = astronaut_face()
    bare = FaceBox(face.x, face.y, face.width, face.height)
    (result,) = assessor.assess([ImageRequest(astronaut(), [bare])], faces="given")
    assert result.scored
    distance = np.linalg.norm(result.box.landmarks - face.landmarks, axis=1)
    assert distance.max() < 0.12 * np.linalg.norm(face.landmarks[0] - face.landmarks[1])
