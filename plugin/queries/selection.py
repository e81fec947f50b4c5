"""Choosing samples by quality: which side of a threshold or percentile, worst first.

"low" and "high" always mean quality: low quality is a low ``quality``, ``ssim`` or ``discriminator`` and a high ``mse``.
Samples without a score are on neither side.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from ..dataset.fields import DEFAULT_FIELD, SCORES, FieldNames

BY = ("threshold", "percentile")
KEEP = ("low", "high")
DEFAULT_VALUE = {"threshold": 50.0, "percentile": 10.0}


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Parameters of ``filter_faces``.

    Attributes:
        measure: quality, ssim, mse or discriminator.
        by: "threshold": ``value`` is a number on the measure's own scale; "percentile": the share of scored samples, in
            percent, counted from the worst.
        value: default 50 as a threshold of quality, 10 as a percentile; other measures need one.
        keep: "low": samples of low quality, worse than the threshold, or the worst ``value`` percent; "high": the others.
        sort_worst: worst first; off: the order stays.
        field: field that ``score_faces`` wrote.
        view_name: save the view under this name.
        tag: tag the samples of the view.

    Raises:
        ValueError: a value is out of range; the message says how to mend it.
    """

    measure: str = "quality"
    by: str = "threshold"
    value: float | None = None
    keep: str = "low"
    sort_worst: bool = True
    field: str = DEFAULT_FIELD
    view_name: str | None = None
    tag: str | None = None

    def __post_init__(self) -> None:
        for name, value, known in (
            ("measure", self.measure, tuple(SCORES)),
            ("by", self.by, BY),
            ("keep", self.keep, KEEP),
        ):
            if value not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, got {value!r}")
        if self.value is None and self.by == "threshold" and self.measure != "quality":
            raise ValueError(f"a threshold of {self.measure} needs a value on that measure's scale")
        if self.by == "percentile" and not 0 < self.limit < 100:
            raise ValueError(f"a percentile lies between 0 and 100, got {self.limit:g}")
        score = SCORES[self.measure]
        if self.by == "threshold" and not score.low <= self.limit <= score.high:
            raise ValueError(
                f"{self.measure} lies between {score.low:g} and {score.high:g}, got {self.limit:g} as its threshold"
            )

    @property
    def limit(self) -> float:
        """The value, or its default."""
        return DEFAULT_VALUE[self.by] if self.value is None else float(self.value)

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Selection:
        """Read an operator's parameters; what lacks or is empty takes its default."""
        known = {f.name for f in fields(cls)}
        return cls(**{k: v for k, v in params.items() if k in known and v is not None and v != ""})


@dataclass(frozen=True)
class Selected:
    """A selection's result: the view, the threshold on the measure's scale, and how many samples are where."""

    view: Any
    threshold: float | None
    kept: int
    left_out: int
    unscored: int

    def to_dict(self) -> dict[str, Any]:
        """The numbers, without the view."""
        return {k: v for k, v in self.__dict__.items() if k != "view"}


def select(collection: Any, selection: Selection) -> Selected:
    """Select samples of a data set or view.

    Raises:
        ValueError: the field holds no scores.
    """
    path = FieldNames(selection.field).path(selection.measure)
    if collection.get_field(path) is None:
        raise ValueError(
            f"there is no field {path!r}: run 'Score face quality' first, or name the field it wrote"
        )
    scored = collection.exists(path)
    count = _count(collection, {path: {"$ne": None}})
    higher_is_better = SCORES[selection.measure].higher_is_better
    if selection.by == "percentile":
        threshold = _percentile(scored, path, selection.limit, count, higher_is_better)
        worse, better = ("$lte", "$gt") if higher_is_better else ("$gte", "$lt")
    else:
        threshold = selection.limit
        worse, better = ("$lt", "$gte") if higher_is_better else ("$gt", "$lte")
    if threshold is None:
        view, kept = scored, count
    else:
        # In MongoDB's own words, not FiftyOne's: these use the index, and a sample without a score is on neither side.
        side = {path: {worse if selection.keep == "low" else better: threshold}}
        view, kept = collection.match(side), _count(collection, side)
    if selection.sort_worst:
        view = view.sort_by(path, reverse=not higher_is_better)
    return Selected(view, threshold, kept, count - kept, len(collection) - count)


def _count(collection: Any, match: dict[str, Any]) -> int:
    rows = list(collection._aggregate(pipeline=[{"$match": match}, {"$count": "n"}]))
    return int(rows[0]["n"]) if rows else 0


def _percentile(
    scored: Any, path: str, percent: float, count: int, higher_is_better: bool
) -> float | None:
    """Score of the last of the worst ``percent``: sorted by the database's index, so that size does not matter."""
    if not count:
        return None
    last = max(math.ceil(percent / 100 * count), 1) - 1
    worst_first = scored.sort_by(path, reverse=not higher_is_better)
    return float(worst_first.skip(last).limit(1).values(path)[0])
