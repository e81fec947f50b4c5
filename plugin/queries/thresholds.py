"""Thresholds and what they keep: counted in the database, with the measure's direction.

A sample is kept if it is as good as the threshold or better: that is the "high" side of ``selection.Selection`` by
threshold, and of its percentages, which are turned into a threshold first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from faceqgen_core.vocabulary import SCORES

from ..dataset.fields import FieldNames
from .index_queries import NUMBER, at_rank, count


@dataclass(frozen=True)
class Kept:
    """How many scored samples lie on either side of a threshold, and how many have no score."""

    kept: int
    discarded: int
    unscored: int

    @property
    def scored(self) -> int:
        """Samples with a score."""
        return self.kept + self.discarded

    @property
    def fraction(self) -> float:
        """Kept fraction of the scored samples, 0 to 1; 0 if there is none."""
        return self.kept / self.scored if self.scored else 0.0


def side(measure: str, threshold: float, *, low: bool) -> dict[str, float]:
    """MongoDB's words for one side of a threshold: worse than it, or as good as it or better."""
    if higher_is_better(measure):
        return {"$lt" if low else "$gte": threshold}
    return {"$gt" if low else "$lte": threshold}


def count_kept(collection: Any, field: str, measure: str, threshold: float) -> Kept:
    """Count the samples on both sides of a threshold."""
    path = FieldNames(field).path(measure)
    scored = count(collection, {path: NUMBER})
    worse = count(collection, {path: side(measure, threshold, low=True)})
    return Kept(scored - worse, worse, len(collection) - scored)


def threshold_of_worst(collection: Any, field: str, measure: str, percent: float) -> float | None:
    """Threshold that discards the worst ``percent`` of the scored samples; None without a score.

    The one rule for percentages, of the panel, the filter and the export: as many samples as the percentage asks for,
    rounded up, but never all; equal scores stay together, on the kept side. So ties may leave fewer to discard, and
    where all scores are equal there are none.

    Raises:
        ValueError: the percentage is not between 0 and 100.
    """
    if not 0 < percent < 100:
        raise ValueError(
            f"a percentage of the samples lies between 0 and 100 percent, got {percent:g}"
        )
    path = FieldNames(field).path(measure)
    scored = count(collection, {path: NUMBER})
    first_kept = wanted_of(scored, percent)
    return at_rank(collection, path, first_kept, descending=not higher_is_better(measure))


def wanted_of(scored: int, percent: float) -> int:
    """How many of the scored samples a percentage asks for, rounded up, but never all of them."""
    wanted = math.ceil(round(percent * scored / 100, 9))  # 7 % of 100 is 7, not 8
    return min(wanted, max(scored - 1, 0))


def higher_is_better(measure: str) -> bool:
    """Direction of a measure."""
    return SCORES[measure].higher_is_better
