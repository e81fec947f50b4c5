"""The curves and areas are checked against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from faceqgen_core.evaluation.edc import (
    Curve,
    bootstrap,
    edc_curve,
    fmr_threshold,
    interval,
    normalised_partial_area,
    oracle_curve,
    pair_quality,
    partial_area,
    random_curve,
)

# Ten pairs from worst to best quality; the errors are pairs 1, 2 and 5.
TEN = np.arange(1.0, 11.0)
ERRORS = np.array([1, 1, 0, 0, 1, 0, 0, 0, 0, 0])


def test_the_threshold_accepts_no_more_than_the_target_share_of_non_mated_comparisons() -> None:
    scores = np.random.default_rng(1).permutation(np.arange(1000) / 1000)
    threshold = fmr_threshold(scores, 0.01)
    assert threshold == 0.989
    assert (scores > threshold).sum() == 10


def test_tied_non_mated_scores_are_accepted_together_or_not_at_all() -> None:
    scores = np.array([0.1] * 95 + [0.9] * 5)
    assert (scores > fmr_threshold(scores, 0.02)).sum() == 0
    assert (scores > fmr_threshold(scores, 0.05)).sum() == 5


def test_fewer_non_mated_comparisons_than_one_over_fmr_are_refused() -> None:
    assert fmr_threshold(np.arange(1000), 1e-3) == 998
    with pytest.raises(ValueError, match=r"at least 1000 non-mated .* there are 999"):
        fmr_threshold(np.arange(999), 1e-3)


@pytest.mark.parametrize("fmr", [0, 1, -0.1, math.nan])
def test_an_impossible_fmr_is_refused(fmr: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        fmr_threshold(np.arange(100), fmr)


def test_non_mated_scores_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        fmr_threshold([0.1] * 99 + [math.nan], 0.1)


def test_a_pair_is_as_good_as_its_worse_image_and_without_a_score_worst_of_all() -> None:
    first, second = [3.0, 1.0, math.nan, 5.0], [2.0, 4.0, 9.0, math.nan]
    assert pair_quality(first, second).tolist() == [2.0, 1.0, -math.inf, -math.inf]


def test_the_curve_of_ten_pairs_is_the_one_worked_out_by_hand() -> None:
    curve = edc_curve(TEN, ERRORS)
    assert curve.at([0.0, 0.05, 0.1, 0.19, 0.2, 0.4, 0.5, 0.95]) == pytest.approx(
        [3 / 10, 3 / 10, 2 / 9, 2 / 9, 1 / 8, 1 / 6, 0, 0]
    )
    assert curve.at(1.0) == 0  # nothing stays, nothing is wrong


def test_the_areas_of_ten_pairs_are_the_ones_worked_out_by_hand() -> None:
    curve = edc_curve(TEN, ERRORS)
    raw = 0.05 * (2 * 3 / 10 + 2 * 2 / 9)  # at 0, .05, .1, .15; not at .2
    assert partial_area(curve, 0.2) == pytest.approx(raw, abs=1e-12)
    assert normalised_partial_area(curve, 0.2) == pytest.approx(raw / (0.2 * 0.3), abs=1e-12)
    raw += 0.05 * 2 / 8  # at .2 and .25; not at .3
    assert partial_area(curve, 0.3) == pytest.approx(raw, abs=1e-12)
    assert normalised_partial_area(curve, 0.3) == pytest.approx(raw / (0.3 * 0.3), abs=1e-12)


def test_the_order_in_which_pairs_are_listed_changes_nothing() -> None:
    shuffled = np.random.default_rng(3).permutation(10)
    mine, other = edc_curve(TEN, ERRORS), edc_curve(TEN[shuffled], ERRORS[shuffled])
    assert mine.at(np.arange(0, 1, 0.01)).tolist() == other.at(np.arange(0, 1, 0.01)).tolist()


def test_only_the_order_of_qualities_counts() -> None:
    mine, other = edc_curve(TEN, ERRORS), edc_curve(np.exp(TEN) - 7, ERRORS)
    assert mine.fnmr.tolist() == other.fnmr.tolist()


def test_tied_pairs_are_discarded_together() -> None:
    curve = edc_curve([1, 2, 2, 2, 3, 3, 3, 3, 3, 3], [0, 1, 1, 0, 1, 0, 0, 0, 0, 0])
    assert curve.at([0.0, 0.1, 0.2, 0.39]) == pytest.approx([3 / 10, 3 / 9, 3 / 9, 3 / 9])
    assert curve.at([0.4, 0.99]) == pytest.approx([1 / 6, 1 / 6])


def test_a_quality_that_is_the_same_for_all_has_no_benefit() -> None:
    assert normalised_partial_area(edc_curve(np.zeros(10), ERRORS), 0.3) == pytest.approx(1.0)


def test_pairs_without_a_score_go_first_and_as_one_block() -> None:
    quality = np.array([-np.inf, -np.inf, 5, 6, 7, 8, 9, 10, 11, 12])
    curve = edc_curve(quality, [1, 1, 0, 0, 1, 0, 0, 0, 0, 0])
    assert curve.at([0.1, 0.2]) == pytest.approx([3 / 10, 1 / 8])


def test_without_any_error_the_normalised_area_is_undefined() -> None:
    curve = edc_curve(TEN, np.zeros(10))
    assert partial_area(curve, 0.3) == 0
    assert math.isnan(normalised_partial_area(curve, 0.3))


def test_the_random_curve_is_the_mean_of_many_random_qualities() -> None:
    rng = np.random.default_rng(5)
    errors = (np.arange(200) < 50).astype(float)
    areas = [normalised_partial_area(edc_curve(rng.random(200), errors), 0.3) for _ in range(300)]
    assert normalised_partial_area(random_curve(errors), 0.3) == pytest.approx(1.0)
    assert np.mean(areas) == pytest.approx(1.0, abs=0.02)


def test_the_oracle_discards_the_errors_first_and_nothing_lies_below_it() -> None:
    oracle = oracle_curve(ERRORS)
    assert oracle.at([0, 0.1, 0.2, 0.3]) == pytest.approx([3 / 10, 2 / 9, 1 / 8, 0])
    grid, rng = np.arange(0, 1, 0.01), np.random.default_rng(6)
    for _ in range(50):
        assert (edc_curve(rng.random(10), ERRORS).at(grid) >= oracle.at(grid)).all()


@pytest.mark.parametrize(
    ("quality", "errors", "words"),
    [
        ([1.0, 2.0], [0], "one number per pair"),
        ([], [], "at least one mated pair"),
        ([1.0, math.nan], [0, 1], "use -inf"),
        ([1.0, 2.0], [0, 2], "0 .accepted. or 1"),
    ],
)
def test_pairs_that_make_no_sense_are_refused(
    quality: list[float], errors: list[int], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        edc_curve(quality, errors)


def test_an_area_beyond_all_pairs_is_refused() -> None:
    with pytest.raises(ValueError, match="limit"):
        partial_area(Curve(np.array([0.0, 1.0]), np.array([0.5, 0.0])), 1.5)


def _direct(quality: np.ndarray, errors: np.ndarray, limit: float) -> float:
    """Another road to the same number: sort, cut whole pairs, let a broken block of ties stay."""
    total, start = 0.0, errors.mean()
    for k in range(round(limit / 0.05)):
        cut = math.floor(0.05 * k * len(quality) + 1e-9)
        worst = np.sort(quality)[:cut]
        keep = np.ones(len(quality), bool)
        if cut:
            whole = (quality <= worst[-1]).sum() == cut
            keep = quality > worst[-1] if whole else quality >= worst[-1]
        total += 0.05 * (errors[keep].mean() if keep.any() else 0.0)
    return float(total / (limit * start))


@pytest.mark.parametrize("levels", [3, 20, 100000])
def test_an_independent_computation_agrees_with_and_without_ties(levels: int) -> None:
    rng = np.random.default_rng(levels)
    for _ in range(20):
        quality = rng.integers(levels, size=333).astype(float)
        errors = (rng.random(333) < 0.2).astype(float)
        for limit in (0.2, 0.3):
            area = normalised_partial_area(edc_curve(quality, errors), limit)
            assert area == pytest.approx(_direct(quality, errors, limit), abs=1e-12)


def test_a_bootstrap_over_pairs_equals_resampled_lists_of_pairs() -> None:
    rng = np.random.default_rng(8)
    quality, errors = rng.integers(30, size=60).astype(float), (rng.random(60) < 0.3).astype(float)
    result = bootstrap({"q": quality}, errors, resamples=20, seed=11)["q"]
    draws = np.random.default_rng(11)
    for r in range(20):
        rows = draws.integers(60, size=60)
        expected = _direct(quality[rows], errors[rows], 0.3)
        assert result.normalised[0.3][r] == pytest.approx(expected, abs=1e-12)


def test_a_bootstrap_over_subjects_draws_whole_subjects() -> None:
    # Within a subject all is alike: drawn whole, each resample's error rate is a multiple of a half.
    groups, errors = np.repeat(["ann", "bob"], 50), np.repeat([0.0, 1.0], 50)
    result = bootstrap({"q": np.zeros(100)}, errors, groups=groups, resamples=50)["q"]
    assert set(np.round(result.raw[0.2] / 0.2, 9)) == {0.0, 0.5, 1.0}


def test_all_qualities_see_the_same_resamples() -> None:
    rng = np.random.default_rng(9)
    quality, errors = rng.random(80), (rng.random(80) < 0.3).astype(float)
    result = bootstrap({"one": quality, "same": 3 * quality}, errors, resamples=30)
    assert np.array_equal(result["one"].raw[0.3], result["same"].raw[0.3])


def test_the_same_seed_gives_the_same_interval() -> None:
    rng = np.random.default_rng(10)
    quality, errors = rng.random(80), (rng.random(80) < 0.3).astype(float)
    first, second = (
        interval(bootstrap({"q": quality}, errors, resamples=50, seed=4)["q"].normalised[0.3])
        for _ in range(2)
    )
    assert first is not None
    assert first == second
    assert first[0] < normalised_partial_area(edc_curve(quality, errors), 0.3) < first[1]


def test_an_interval_leaves_out_undefined_values_and_needs_two() -> None:
    assert interval([math.nan, 1.0]) is None
    assert interval([0.0, math.nan, 100.0], confidence=0.9) == pytest.approx((5.0, 95.0))


def test_a_bootstrap_without_resamples_or_with_labels_too_few_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one resample"):
        bootstrap({"q": TEN}, ERRORS, resamples=0)
    with pytest.raises(ValueError, match="one label per pair"):
        bootstrap({"q": TEN}, ERRORS, groups=["a"])
