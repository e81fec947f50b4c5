"""One answer per face whatever one image does; what is asked for arrives under its name; bad requests are refused."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from faceqgen_core.assessor import FaceQualityAssessor, ImageRequest
from faceqgen_core.detection import DetectorError
from faceqgen_core.image_io import ImageTooLarge, save_png
from faceqgen_core.presets import PresetError
from faceqgen_core.types import FaceBox, Status
from tests.core.toy_assessor import POINTS, ToyDetector, grey, threads, toy
from tests.images import (
    lfw_faces,
    plain,
)


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


def test_an_image_that_is_known_to_be_bad_keeps_its_place_status_and_reason():
    assessor, _ = toy()
    bad = ImageRequest(ImageTooLarge("film.mp4: frame 7 is damaged"), name="film.mp4", key=7)
    first, second, third = assessor.assess([grey(30), bad, grey(40)])
    assert first.scored and third.scored
    assert (second.status, second.reason) == (Status.TOO_LARGE, "film.mp4: frame 7 is damaged")
    assert (second.source, second.key, second.index) == ("film.mp4", 7, 1)


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
