"""What is left of a face's use falls with every strength, and every family has its own."""

import numpy as np
import pytest

from faceqgen_core.degradation import FAMILIES, LIGHT
from faceqgen_core.training.labels.utility_loss import UTILITY_LOSS, surviving


def _one(family, strength):
    strengths = np.zeros((1, len(FAMILIES)), np.float32)
    strengths[0, list(FAMILIES).index(family)] = strength
    return strengths


def test_every_family_has_its_harm():
    assert set(UTILITY_LOSS) == set(FAMILIES)
    assert all(0 < loss <= 1 for loss in UTILITY_LOSS.values())


def test_an_untouched_face_is_left_whole():
    assert surviving(np.zeros((3, len(FAMILIES)), np.float32)).tolist() == [1, 1, 1]


@pytest.mark.parametrize("family", FAMILIES)
def test_less_is_left_the_stronger_the_degradation(family):
    left = np.concatenate([surviving(_one(family, s)) for s in (0.0, 0.3, 0.6, 1.0)])
    assert (np.diff(left) < 0).all()
    assert left[-1] == pytest.approx(1 - UTILITY_LOSS[family])


def test_two_degradations_harm_as_one_after_the_other():
    both = _one("jpeg", 0.5) + _one("dark", 0.8)
    expected = surviving(_one("jpeg", 0.5)) * surviving(_one("dark", 0.8))
    np.testing.assert_allclose(surviving(both), expected)


def test_a_change_of_light_harms_less_than_blur():
    assert all(UTILITY_LOSS[family] < UTILITY_LOSS["gaussian_blur"] for family in LIGHT)
