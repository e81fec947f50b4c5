"""Ten images on which products of this kind stumble: each gets its right status, none stops a run."""

from __future__ import annotations

import pytest

from faceqgen_core.assessor import FaceQualityAssessor
from faceqgen_core.types import Status
from tests.images import astronaut, faulty_images


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    return faulty_images(tmp_path_factory.mktemp("faulty"))


@pytest.fixture(scope="module")
def assessor(preset):
    return FaceQualityAssessor(preset, batch_size=4)


@pytest.fixture(scope="module")
def results(assessor, expected):
    """One run over all ten."""
    assessments = assessor.assess([path for path, _ in expected.values()])
    return dict(zip(expected, assessments, strict=True))


def test_the_ten_faults_are_ten_small_files(expected):
    assert len(expected) == 10
    assert all(path.stat().st_size < 3_000_000 for path, _ in expected.values())


def test_each_faulty_image_gets_its_right_status_in_one_run(results, expected):
    assert {name: result.status for name, result in results.items()} == {
        name: status for name, (_, status) in expected.items()
    }
    assert [r.source for r in results.values()] == [str(path) for path, _ in expected.values()]


def test_each_faulty_image_gets_the_same_status_alone(assessor, expected):
    for name, (path, status) in expected.items():
        assert [r.status for r in assessor.assess([path])] == [status], name


def test_a_failure_has_a_reason_and_no_number_and_a_score_has_numbers_and_no_reason(results):
    for result in results.values():
        numbers = (result.quality, result.ssim, result.mse, result.discriminator)
        if result.status is Status.SCORED:
            assert result.reason == "" and None not in numbers
        else:
            assert len(result.reason) > 10 and numbers == (None,) * 4 and result.components == {}


def test_a_file_that_cannot_be_used_is_named_in_the_reason(results, expected):
    for name in ("truncated", "one_pixel", "huge"):
        assert expected[name][0].name in results[name].reason


def test_the_duplicate_has_exactly_the_scores_of_its_original(results):
    first, second = results["grey"], results["duplicate"]
    assert (first.quality, first.ssim, first.mse) == pytest.approx(
        (second.quality, second.ssim, second.mse), abs=1e-4
    )


def test_both_faces_are_counted_though_one_is_scored(assessor, results, expected):
    assert results["two_faces"].num_faces == 2
    both = list(assessor.assess([expected["two_faces"][0]], all_faces=True))
    assert [r.status for r in both] == [Status.SCORED] * 2
    assert both[0].box.x == results["two_faces"].box.x


def test_the_picture_on_its_side_is_assessed_upright(assessor, results):
    (upright,) = assessor.assess([astronaut()])
    rotated = results["exif_rotated"]
    assert rotated.image_size == upright.image_size == (512, 512)
    assert abs(rotated.box.x - upright.box.x) < 4 and abs(rotated.box.y - upright.box.y) < 4
    assert rotated.box.landmarks == pytest.approx(upright.box.landmarks, abs=3)
    assert rotated.ssim == pytest.approx(upright.ssim, abs=0.03)


def test_a_transparent_corner_away_from_the_face_changes_little(assessor, results):
    (opaque,) = assessor.assess([astronaut()])
    assert results["rgba"].ssim == pytest.approx(opaque.ssim, abs=0.02)
