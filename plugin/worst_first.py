"""The scored samples of a data set or view from the worst to the best: places and neighbours, by the database's index."""

from __future__ import annotations

from typing import Any

from bson import ObjectId

from .fields import SCORES, FieldNames


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
        return self._first([{"$match": {self._path: {"$ne": None}}}, self._sort(1)])

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
        rows = list(
            self._collection._aggregate(
                pipeline=[
                    {"$match": self._beyond(score, sample_id, self._worse, "$lt")},
                    {"$count": "n"},
                ]
            )
        )
        return int(rows[0]["n"]) if rows else 0

    def _score(self, sample_id: str) -> float | None:
        pipeline = [
            {"$match": {"_id": ObjectId(sample_id)}},
            {"$project": {"_id": 0, "score": f"${self._path}"}},
        ]
        rows = list(self._collection._aggregate(pipeline=pipeline))
        return rows[0].get("score") if rows else None

    def _neighbour(self, sample_id: str, score_side: str, id_side: str, sign: int) -> str | None:
        score = self._score(sample_id)
        if score is None:
            return None
        match = self._beyond(score, sample_id, score_side, id_side)
        return self._first([{"$match": match}, self._sort(sign)])

    def _beyond(
        self, score: float, sample_id: str, score_side: str, id_side: str
    ) -> dict[str, Any]:
        tied = {self._path: score, "_id": {id_side: ObjectId(sample_id)}}
        return {"$or": [{self._path: {score_side: score}}, tied]}

    def _sort(self, sign: int) -> dict[str, Any]:
        return {"$sort": {self._path: sign * self._up, "_id": sign}}

    def _first(self, pipeline: list[dict[str, Any]]) -> str | None:
        rows = self._collection._aggregate(
            pipeline=[*pipeline, {"$limit": 1}, {"$project": {"_id": 1}}]
        )
        return next((str(row["_id"]) for row in rows), None)
