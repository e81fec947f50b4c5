"""The real networks: the same numbers alone, in any batch, from a path, bytes or an array."""

from __future__ import annotations

import numpy as np
import pytest

from faceqgen_core.assessor import FaceQualityAssessor, ImageRequest
from faceqgen_core.image_io import load_image
from faceqgen_core.types import FaceBox, Status
from tests.images import (
    astronaut,
    astronaut_face,
    grace_hopper,
    jpeg_bytes,
    lfw_faces,
    no_face,
    two_faces,
)


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
