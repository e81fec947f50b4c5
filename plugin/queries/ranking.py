"""The scored samples of a data set or view from the worst to the best: places, neighbours, percentages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bson import ObjectId

from faceqgen_core.vocabulary import SCORES

from ..dataset.fields import FieldNames
from .index_queries import NUMBER, count
from .thresholds import side


class WorstFirst:
    """An order of samples; equal scores follow in the order in which the samples were added.

    Args:
        collection: data set or view.
        field: field that ``score_faces`` wrote.
        measure: quality, ssim, mse or discriminator.
    """

    def __init__(self, collection: Any, field: str, measure: str) -> None:
        self._collection = collection
        self._path = FieldNames(field).path(measure)
        self._better = "$gt" if SCORES[measure].higher_is_better else "$lt"
        self._worse = "$lt" if self._better == "$gt" else "$gt"
        self._up = 1 if self._better == "$gt" else -1

    def worst(self) -> str | None:
        """Id of the worst sample; None if none has a score."""
        return self._first_of(self._end(NUMBER, self._up), 1)

    def next(self, sample_id: str) -> str | None:
        """Id of the next better sample; None after the best one."""
        return self._neighbour(sample_id, self._better, "$gt", 1)

    def previous(self, sample_id: str) -> str | None:
        """Id of the next worse sample; None before the worst one."""
        return self._neighbour(sample_id, self._worse, "$lt", -1)

    def place(self, sample_id: str) -> int | None:
        """How many samples come before this one; None if it has no score here."""
        score = self._score(sample_id)
        if score is None:
            return None
        tied = {self._path: score, "_id": {"$lt": ObjectId(sample_id)}}
        return count(self._collection, {self._path: {self._worse: score}}) + count(
            self._collection, tied
        )

    def _score(self, sample_id: str) -> float | None:
        pipeline = [
            {"$match": {"_id": ObjectId(sample_id)}},
            {"$project": {"_id": 0, "score": f"${self._path}"}},
        ]
        rows = list(self._collection._aggregate(pipeline=pipeline))
        return rows[0].get("score") if rows else None

    def _neighbour(self, sample_id: str, score_side: str, id_side: str, sign: int) -> str | None:
        """First among equals, then the first of the next score: two steps that the index of the score answers."""
        score = self._score(sample_id)
        if score is None:
            return None
        equal = self._first_of(score, sign, {"_id": {id_side: ObjectId(sample_id)}})
        return equal or self._first_of(self._end({score_side: score}, sign * self._up), sign)

    def _end(self, limits: dict[str, Any], sign: int) -> float | None:
        """The first score within limits, in ascending (1) or descending (-1) order."""
        rows = self._collection._aggregate(
            pipeline=[
                {"$match": {self._path: limits}},
                {"$sort": {self._path: sign}},
                {"$limit": 1},
                {"$project": {"_id": 0, "score": f"${self._path}"}},
            ]
        )
        return next((row["score"] for row in rows), None)

    def _first_of(
        self, score: float | None, sign: int, limits: dict[str, Any] | None = None
    ) -> str | None:
        """The first sample with this very score, in ascending (1) or descending (-1) order of ids."""
        if score is None:
            return None
        rows = self._collection._aggregate(
            pipeline=[
                {"$match": {self._path: score, **(limits or {})}},
                {"$project": {"_id": 1}},
                {"$sort": {"_id": sign}},
                {"$limit": 1},
            ]
        )
        return next((str(row["_id"]) for row in rows), None)


def percent_worse(
    collection: Any, field: str, values: Mapping[str, float | None]
) -> dict[str, float]:
    """For each measure the percentage of the scored samples that are worse than a value; half of the ties count.

    Args:
        collection: data set or view.
        field: field that ``score_faces`` wrote.
        values: value by measure; measures without one are left out.

    Returns:
        0 to 100 by measure: 0 is the worst, 100 the best there is.
    """
    names = FieldNames(field)
    found = {}
    for measure, value in values.items():
        if value is None:
            continue
        path = names.path(measure)
        scored = count(collection, {path: NUMBER})
        worse = count(collection, {path: side(measure, value, low=True)})
        ties = count(collection, {path: value})
        if scored:
            found[measure] = 100 * (worse + 0.5 * ties) / scored
    return found
