"""EDC: how fast recognition errors fall while the pairs of lowest quality are discarded.

Data contract: one number per mated pair, higher quality is better, ``-inf`` where an image has no score; similarity
scores, higher is more alike. Definitions: error versus discard characteristic (ISO/IEC 29794-1; Grother and Tabassi
2007, there "error versus reject"), normalised pAUC as in the benchmark of DifFIQA (Babnik et al. 2023).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

STEP = 0.05
"""Width of the steps over which a partial area is summed, as a share of the pairs."""

LIMITS = (0.2, 0.3)
"""Discard fractions up to which areas are reported."""

# Fractions such as 0.05 * 3 are not exact: a hair above a whole number of pairs is that number.
_HAIR = 1e-9


@dataclass(frozen=True, eq=False)
class Curve:
    """A step curve: from ``discarded[i]`` on, up to the next entry, the error rate is ``fnmr[i]``.

    Attributes:
        discarded: (K,) float64 rising from 0 to 1, share of the pairs discarded.
        fnmr: (K,) float64 in [0, 1], false non-match rate of the pairs that stay; 0 where none stays.
    """

    discarded: NDArray[np.float64]
    fnmr: NDArray[np.float64]

    def at(self, fraction: ArrayLike) -> NDArray[np.float64]:
        """Error rate when at most ``fraction`` of the pairs is discarded."""
        position = np.searchsorted(self.discarded, np.asarray(fraction) + _HAIR, side="right") - 1
        return np.asarray(self.fnmr[position], dtype=np.float64)


def fmr_threshold(non_mated: ArrayLike, fmr: float) -> float:
    """Lowest threshold at which at most ``fmr`` of the non-mated comparisons are accepted.

    A comparison is accepted if its similarity is *greater* than the threshold.

    Args:
        non_mated: (N,) similarity scores of comparisons of different people.
        fmr: target false match rate, in (0, 1).

    Raises:
        ValueError: the rate is outside (0, 1), there are fewer than 1 / fmr comparisons, or one is not finite.
    """
    if not 0 < fmr < 1:
        raise ValueError(f"the target FMR must lie between 0 and 1, for instance 1e-3, got {fmr}")
    scores = np.sort(np.asarray(non_mated, dtype=np.float64))
    needed = math.ceil(1 / fmr - _HAIR)
    if len(scores) < needed:
        raise ValueError(
            f"an FMR of {fmr:g} needs at least {needed} non-mated comparisons, there are {len(scores)}: "
            "add comparisons of different people or ask for a higher FMR"
        )
    if not np.isfinite(scores).all():
        raise ValueError("every similarity of a non-mated comparison must be a finite number")
    allowed = math.floor(fmr * len(scores) + _HAIR)
    return float(scores[len(scores) - 1 - allowed])


def pair_quality(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Quality of a pair: the lower of its two images'; not a number counts as no score, ``-inf``."""
    lower = np.minimum(np.asarray(first, np.float64), np.asarray(second, np.float64))
    return np.asarray(np.where(np.isnan(lower), -np.inf, lower), dtype=np.float64)


class _Ranking:
    """Pairs sorted from worst to best, with the ends of the blocks of ties; any weights can be put on it."""

    def __init__(self, quality: NDArray[np.float64], errors: NDArray[np.float64]) -> None:
        self._order = np.argsort(quality, kind="stable")
        ranked = quality[self._order]
        last = np.append(ranked[1:] != ranked[:-1], True)
        self._ends = np.flatnonzero(last)
        self._errors = errors[self._order]

    def curve(self, weights: NDArray[np.float64] | None = None) -> Curve:
        """Discard block after block; a weight counts a pair several times, or not at all."""
        w = np.ones(len(self._order)) if weights is None else weights[self._order]
        gone = np.concatenate([[0.0], np.cumsum(w)[self._ends]])
        gone_errors = np.concatenate([[0.0], np.cumsum(w * self._errors)[self._ends]])
        left = gone[-1] - gone
        fnmr = np.divide(
            gone_errors[-1] - gone_errors, left, out=np.zeros_like(left), where=left > 0
        )
        return Curve(gone / gone[-1], fnmr)


def _checked(quality: ArrayLike, errors: ArrayLike) -> tuple[NDArray[np.float64], ...]:
    q, e = np.asarray(quality, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    if q.ndim != 1 or q.shape != e.shape:
        raise ValueError(
            f"quality and errors need one number per pair each, got shapes {q.shape} and {e.shape}"
        )
    if not len(q):
        raise ValueError("an EDC needs at least one mated pair")
    if np.isnan(q).any():
        raise ValueError("a pair quality is not a number: use -inf for a pair without a score")
    if not np.isin(e, (0.0, 1.0)).all():
        raise ValueError("errors must be 0 (accepted) or 1 (falsely rejected)")
    return q, e


def edc_curve(quality: ArrayLike, errors: ArrayLike) -> Curve:
    """Error versus discard characteristic.

    Args:
        quality: (N,) quality of each mated pair, higher is better; ``-inf`` without a score.
        errors: (N,) 1 where the pair is falsely rejected at the fixed threshold, else 0.

    Raises:
        ValueError: the shapes differ, there is no pair, or a quality is not a number.
    """
    return _Ranking(*_checked(quality, errors)).curve()


def random_curve(errors: ArrayLike) -> Curve:
    """Expected curve of a quality that knows nothing: the error rate stays what it is."""
    _, e = _checked(np.zeros(np.shape(errors)), errors)
    return Curve(np.array([0.0, 1.0]), np.array([e.mean(), 0.0]))


def oracle_curve(errors: ArrayLike) -> Curve:
    """Curve of a quality that knows the errors and discards them first: no other lies below it."""
    _, e = _checked(np.zeros(np.shape(errors)), errors)
    return edc_curve(np.argsort(np.argsort(-e, kind="stable"), kind="stable"), e)


def partial_area(curve: Curve, limit: float) -> float:
    """Raw pAUC: sum of 0.05 * FNMR(0.05 k) over the k with 0.05 k < limit.

    Raises:
        ValueError: the limit is outside (0, 1].
    """
    if not 0 < limit <= 1:
        raise ValueError(f"the limit of a partial area must lie in (0, 1], got {limit}")
    steps = math.ceil(limit / STEP - _HAIR)
    return float(STEP * curve.at(STEP * np.arange(steps)).sum())


def normalised_partial_area(curve: Curve, limit: float) -> float:
    """PAUC divided by limit * FNMR(0): 1 means no benefit, lower is better; NaN if there is no error to begin with."""
    start = float(curve.fnmr[0])
    area = partial_area(curve, limit)
    return area / (limit * start) if start > 0 else math.nan


@dataclass(frozen=True, eq=False)
class Resampled:
    """Areas of one quality in every bootstrap resample: (R,) float64 each, by limit; NaN where undefined."""

    raw: dict[float, NDArray[np.float64]]
    normalised: dict[float, NDArray[np.float64]]


def bootstrap(
    qualities: Mapping[str, ArrayLike],
    errors: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    resamples: int = 1000,
    seed: int = 0,
    limits: Iterable[float] = LIMITS,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> dict[str, Resampled]:
    """Resample subjects, or pairs, with replacement; every quality sees the same resamples, so differences are paired.

    The threshold stays fixed. A pair drawn twice counts as two tied pairs.

    Args:
        qualities: (N,) pair qualities by name.
        errors: (N,) 0 or 1.
        groups: (N,) label of the subject of each pair; whole subjects are drawn. None: single pairs are drawn.
        resamples: how many, at least 1.
        seed: start of the draw.
        limits: limits of the areas.
        progress: wraps the loop, for instance with a progress bar.

    Raises:
        ValueError: shapes differ or there is no resample to make.
    """
    if resamples < 1:
        raise ValueError(f"a bootstrap needs at least one resample, got {resamples}")
    limits = tuple(limits)
    rankings = {name: _Ranking(*_checked(q, errors)) for name, q in qualities.items()}
    pairs = len(np.asarray(errors))
    members = np.arange(pairs)
    if groups is not None:
        members = np.unique(np.asarray(groups), return_inverse=True)[1].reshape(-1)
        if len(members) != pairs:
            raise ValueError(
                f"groups needs one label per pair: {pairs} pairs, {len(members)} labels"
            )
    count = int(members.max()) + 1
    rng = np.random.default_rng(seed)
    result = {
        name: Resampled(*({x: np.full(resamples, np.nan) for x in limits} for _ in range(2)))
        for name in rankings
    }
    for r in progress(range(resamples)):
        weights = np.bincount(rng.integers(count, size=count), minlength=count)[members]
        for name, ranking in rankings.items():
            curve = ranking.curve(weights.astype(np.float64))
            for limit in limits:
                result[name].raw[limit][r] = partial_area(curve, limit)
                result[name].normalised[limit][r] = normalised_partial_area(curve, limit)
    return result


def interval(values: ArrayLike, *, confidence: float = 0.95) -> tuple[float, float] | None:
    """Percentile interval of bootstrap values; None if fewer than two of them are defined."""
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    if len(known) < 2:
        return None
    low, high = np.percentile(known, [50 * (1 - confidence), 50 * (1 + confidence)])
    return float(low), float(high)
