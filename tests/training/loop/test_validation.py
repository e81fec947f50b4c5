"""Order: how often a measure is higher for the less degraded of two faces."""

import numpy as np
import pytest

from faceqgen_core.training.loop.validation import order


def test_order_is_one_when_every_weaker_face_is_above_every_stronger_one():
    assert order(np.array([3.0, 4.0]), np.array([1.0, 2.0])) == 1.0
    assert order(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == 0.0


def test_a_measure_that_says_nothing_has_half():
    rng = np.random.default_rng(0)
    assert order(np.ones(5), np.ones(7)) == 0.5
    assert order(rng.normal(size=400), rng.normal(size=400)) == pytest.approx(0.5, abs=0.05)


def test_order_is_the_area_under_the_curve_of_telling_the_two_apart():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(1)
    weaker, stronger = rng.normal(0.7, 1, 60).round(1), rng.normal(0, 1, 80).round(1)
    expected = roc_auc_score(np.r_[np.ones(60), np.zeros(80)], np.r_[weaker, stronger])
    assert order(weaker, stronger) == pytest.approx(expected)
