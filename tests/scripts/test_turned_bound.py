"""The bound behind docs/experiments.md: known cases by hand."""

import numpy as np
import pytest

from scripts.turned_bound import MOST, least_area, pairs_of


def test_without_a_turned_pair_it_is_the_oracle():
    errors = np.zeros(1000)
    errors[:10] = 1
    # FNMR at 0, .05, ..., .25: all at first, then nothing; a sixth.
    assert least_area(np.zeros(1000, bool), errors, 0.3) == pytest.approx(1 / 6)


def test_turned_pairs_that_hold_no_error_are_thrown_away_for_nothing():
    errors = np.zeros(1000)
    errors[:10] = 1
    turned = np.arange(1000) >= 800  # a fifth
    # The errors stay while .2 are discarded, and weigh more among fewer pairs; then they go first.
    expected = sum(1 / (1 - x) for x in (0, 0.05, 0.1, 0.15, 0.2)) / 6
    assert least_area(turned, errors, 0.3) == pytest.approx(expected)


def test_errors_of_turned_pairs_go_evenly():
    errors = np.zeros(1000)
    errors[::100] = 1  # one in a hundred, among the turned ones as everywhere
    turned = np.arange(1000) >= 700
    assert least_area(turned, errors, 0.3) == pytest.approx(1, abs=0.06)


def test_no_subject_has_more_than_its_share():
    subjects = np.array(["a"] * 40 + ["b"] * 2 + ["c"])
    pairs = pairs_of(subjects, np.random.default_rng(0))
    assert len(pairs) == MOST * (MOST - 1) // 2 + 1
    assert (subjects[pairs[:, 0]] == subjects[pairs[:, 1]]).all()
