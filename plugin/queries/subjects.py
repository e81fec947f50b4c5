"""Rules per identity: the best N of each subject, and the subjects without an acceptable image.

Aggregation in the database alone: no sample is loaded, ids or counts come back. Samples without a score or without a
subject take no part; they are counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import fiftyone as fo

from faceqgen_core.vocabulary import SCORES

from ..dataset.fields import DEFAULT_FIELD, FieldNames

_NAMES = ("subject", "identity", "person", "name", "label")
"""Words in the name of a field that probably says who is shown, the likeliest first."""

_OWN = ("filepath", "media_type")


@dataclass(frozen=True)
class IdentityCounts:
    """How many subjects and samples a rule meets.

    Attributes:
        subjects: subjects with at least one scored sample.
        samples: scored samples that name their subject.
        kept: of these, how many are among the best N of their subject.
        without_subject: scored samples that name no subject.
        without_acceptable: of all subjects, scored or not, how many have no sample that reaches the threshold; None
            if none was given.
    """

    subjects: int
    samples: int
    kept: int
    without_subject: int
    without_acceptable: int | None = None


def subject_fields(collection: Any) -> list[str]:
    """Fields that may name the subject of a sample, the likeliest first: strings, whole numbers, classifications."""
    fit = [
        name
        for name, field in collection.get_field_schema().items()
        if name not in _OWN
        and (
            isinstance(field, fo.StringField)
            or (isinstance(field, fo.IntField) and not isinstance(field, fo.FrameNumberField))
            or getattr(field, "document_type", None) is fo.Classification
        )
    ]

    def rank(name: str) -> int:
        words = (i for i, word in enumerate(_NAMES) if word in name.lower())
        return next(words, len(_NAMES))

    return sorted(fit, key=rank)


def subject_path(collection: Any, field: str) -> str:
    """Path of the value that names the subject: the field itself, or the label of a classification.

    Raises:
        ValueError: there is no such field, or it cannot name a subject.
    """
    found = collection.get_field(field)
    if getattr(found, "document_type", None) is fo.Classification:
        return f"{field}.label"
    if not isinstance(found, (fo.StringField, fo.IntField)):
        fit = ", ".join(subject_fields(collection)) or "none"
        raise ValueError(
            f"the field {field!r} names no subjects: choose a field of strings, whole numbers or classifications "
            f"({fit})"
        )
    return field


class Identities:
    """The subjects of a data set or view and the scores of their samples.

    Args:
        collection: data set or view.
        subject: field that names the subject, see ``subject_fields``.
        measure: quality, ssim, mse or discriminator; "best" follows its direction.
        field: field that ``score_faces`` wrote.

    Raises:
        ValueError: no such field, no such measure, or a field that holds no scores or names no subjects.
    """

    def __init__(
        self, collection: Any, subject: str, *, measure: str = "quality", field: str = DEFAULT_FIELD
    ) -> None:
        if measure not in SCORES:
            raise ValueError(f"measure must be one of {', '.join(SCORES)}, got {measure!r}")
        self._collection = collection
        self._subject = subject_path(collection, subject)
        self._path = FieldNames(field).path(measure)
        self._higher = SCORES[measure].higher_is_better
        if collection.get_field(self._path) is None:
            raise ValueError(
                f"there is no field {self._path!r}: run 'Score face quality' first, or name the field it wrote"
            )

    def counts(self, best: int = 1, *, threshold: float | None = None) -> IdentityCounts:
        """Count subjects and samples under the rule "the best ``best`` of each subject", in one pass.

        Args:
            best: samples to keep of each subject.
            threshold: score that makes a sample acceptable.

        Raises:
            ValueError: ``best`` is below 1.
        """
        _require_count(best)
        scored = {"$cond": [{"$gt": [f"${self._path}", None]}, 1, 0]}
        reached = 0 if threshold is None else {"$cond": [self._reached(threshold), 1, 0]}
        named, seen = {"$ne": ["$_id", None]}, {"$gt": ["$n", 0]}

        def total(value: Any, *conditions: Any) -> dict[str, Any]:
            return {"$sum": {"$cond": [{"$and": list(conditions)}, value, 0]}}

        rows = self._collection._aggregate(
            pipeline=[
                {
                    "$group": {
                        "_id": {"$ifNull": [f"${self._subject}", None]},
                        "n": {"$sum": scored},
                        "reached": {"$max": reached},
                    }
                },
                {
                    "$group": {
                        "_id": None,
                        "subjects": total(1, named, seen),
                        "samples": total("$n", named),
                        "kept": total({"$min": ["$n", best]}, named),
                        "without_subject": total("$n", {"$not": [named]}),
                        "without_acceptable": total(1, named, {"$eq": ["$reached", 0]}),
                    }
                },
                {"$project": {"_id": 0}},
            ]
        )
        found = next(iter(rows), None)
        if found is None:
            return IdentityCounts(0, 0, 0, 0, None if threshold is None else 0)
        if threshold is None:
            found["without_acceptable"] = None
        return IdentityCounts(**found)

    def best(self, count: int = 1) -> list[str]:
        """Ids of the best ``count`` scored samples of each subject; of equal scores the sample added first.

        Raises:
            ValueError: ``count`` is below 1.
        """
        _require_count(count)
        return self._ids({"$slice": ["$ids", count]})

    def others(self, count: int = 1) -> list[str]:
        """Ids of the scored samples of each subject beyond its best ``count``.

        Raises:
            ValueError: ``count`` is below 1.
        """
        _require_count(count)
        beyond = {"$gt": [{"$size": "$ids"}, count]}
        rest = {"$slice": ["$ids", count, {"$size": "$ids"}]}
        return self._ids({"$cond": [beyond, rest, []]})

    def without_acceptable(self, threshold: float) -> list[Any]:
        """Subjects of which no sample reaches the threshold, sorted; those without any scored sample among them."""
        rows = self._collection._aggregate(
            pipeline=[
                {"$match": {self._subject: {"$ne": None}}},
                {
                    "$group": {
                        "_id": f"${self._subject}",
                        "reached": {"$max": {"$cond": [self._reached(threshold), 1, 0]}},
                    }
                },
                {"$match": {"reached": 0}},
                {"$sort": {"_id": 1}},
            ]
        )
        return [row["_id"] for row in rows]

    def _reached(self, threshold: float) -> dict[str, Any]:
        value = f"${self._path}"
        return {
            "$and": [
                {"$gt": [value, None]},  # a missing number is lower than any in MongoDB's order
                {"$gte" if self._higher else "$lte": [value, threshold]},
            ]
        }

    def _ids(self, chosen: dict[str, Any]) -> list[str]:
        rows = self._run(
            {"$match": {self._subject: {"$ne": None}}},
            {"$project": {"subject": f"${self._subject}", "score": f"${self._path}"}},
            {"$sort": {"score": -1 if self._higher else 1, "_id": 1}},
            {"$group": {"_id": "$subject", "ids": {"$push": "$_id"}}},
            {"$sort": {"_id": 1}},
            {"$project": {"_id": 0, "ids": chosen}},
        )
        return [str(sample) for row in rows for sample in row["ids"]]

    def _run(self, *stages: dict[str, Any]) -> list[dict[str, Any]]:
        scored = {"$match": {self._path: {"$ne": None}}}
        return list(self._collection._aggregate(pipeline=[scored, *stages]))


def _require_count(count: int) -> None:
    if not isinstance(count, int) or count < 1:
        raise ValueError(
            f"the number of samples to keep of each subject must be 1 or more, got {count!r}"
        )
