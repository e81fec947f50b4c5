"""The map of what changed, against the one that a scoring run computes with the network's own code."""

from __future__ import annotations

import numpy as np
import pytest

from faceqgen_core.assessor import FaceQualityAssessor
from faceqgen_core.changes.difference import difference, most_changed
from faceqgen_core.degradation import degrade
from tests.images import astronaut, grace_hopper


@pytest.fixture(scope="module")
def assessments(preset):
    # Noisy ones: what the restoration of a clean face changes is no more than the rounding to 8 bits.
    rng = np.random.default_rng(0)
    faces = [astronaut()[50:200, 150:300], grace_hopper()[50:400, 80:430]]
    crops = [degrade(np.ascontiguousarray(face), "noise", 0.6, rng) for face in faces]
    return crops, list(
        FaceQualityAssessor(preset, device="cpu").assess(
            crops, faces="crop", restored=True, difference=True
        )
    )


def test_the_map_from_the_two_pictures_is_the_one_of_the_run_but_for_rounding(assessments):
    from faceqgen_core.alignment import cut_crop

    crops, found = assessments
    for crop, assessment in zip(crops, found, strict=True):
        original = cut_crop(crop, assessment.matrix, 128)
        again = difference(original, assessment.restored)
        assert again.shape == (128, 128) and again.dtype == np.float32
        assert np.abs(again - assessment.difference).mean() < 0.01
        assert np.corrcoef(again.ravel(), assessment.difference.ravel())[0, 1] > 0.98


def test_equal_pictures_differ_nowhere_and_no_area_is_named():
    picture = astronaut()[:128, :128]
    changes = difference(picture, picture)
    assert np.abs(changes).max() < 1e-6
    assert most_changed(changes) is None


def test_the_area_that_changed_is_named():
    changes = np.zeros((128, 128), np.float32)
    changes[50:66, 40:90] = 1
    assert most_changed(changes) == "the eyes"


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ((128, 128, 3), (96, 96, 3), "of one size"),
        ((128, 100, 3), (128, 100, 3), "a square"),
        ((8, 8, 3), (8, 8, 3), "at least 11 pixels"),
    ],
)
def test_pictures_that_cannot_be_compared_are_refused(first, second, message):
    with pytest.raises(ValueError, match=message):
        difference(np.zeros(first, np.uint8), np.zeros(second, np.uint8))
