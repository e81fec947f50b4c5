"""Ranks and their correlation as SciPy computes them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from faceqgen_core.evaluation.ranks import average_ranks, rank_shares, spearman


@pytest.fixture(params=["distinct", "ties", "almost one value"])
def lists(request):
    random = np.random.default_rng(7)
    if request.param == "distinct":
        return random.normal(size=500), random.normal(size=500)
    if request.param == "ties":
        return random.integers(0, 9, 500), random.integers(0, 4, 500)
    return np.r_[np.zeros(499), 1], random.normal(size=500)


def test_ranks_are_scipys_ranks(lists):
    for values in lists:
        assert np.array_equal(average_ranks(values), stats.rankdata(values))


def test_the_correlation_is_scipys_correlation(lists):
    assert spearman(*lists) == pytest.approx(stats.spearmanr(*lists).statistic, abs=1e-12)


def test_any_rising_scale_correlates_fully_and_a_falling_one_inversely(lists):
    values = lists[1]
    assert spearman(values, np.exp(values)) == pytest.approx(1)
    assert spearman(values, -values) == pytest.approx(-1)


@pytest.mark.parametrize("values", [[], [3.0], [2.0, 2.0, 2.0]])
def test_where_nothing_can_be_ordered_there_is_no_correlation(values):
    assert np.isnan(spearman(values, values))


def test_shares_run_from_the_lowest_to_the_highest():
    assert rank_shares([30, 10, 20]).tolist() == [1, 0, 0.5]
    assert rank_shares([7]).tolist() == [0.5] and rank_shares([]).tolist() == []
    assert rank_shares([5, 5]).tolist() == [0.5, 0.5]


def test_lists_that_do_not_fit_and_values_that_have_no_order_are_refused():
    with pytest.raises(ValueError, match="same faces, got 2 and 3"):
        spearman([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="finite"):
        average_ranks([1, np.nan])
    with pytest.raises(ValueError, match="shape"):
        average_ranks([[1, 2]])
