"""Quality by subgroup: the numbers of a box plot, counted in the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import fiftyone as fo

from ..dataset.fields import FieldNames
from .subjects import subject_fields
from .thresholds import higher_is_better

MOST_GROUPS = 20
FEWEST = 5
"""Samples that a group needs before anything is said of it alone."""

_AT = {"low": 0.05, "first_quartile": 0.25, "median": 0.5, "third_quartile": 0.75, "high": 0.95}


@dataclass(frozen=True)
class Subgroup:
    """One group of scored samples.

    Attributes:
        name: value of the field.
        count: scored samples.
        discarded: of these, how many are worse than the threshold.
        low: 5th percentile.
        first_quartile: 25th percentile.
        median: the middle value.
        third_quartile: 75th percentile.
        high: 95th percentile.
    """

    name: str
    count: int
    discarded: int
    low: float
    first_quartile: float
    median: float
    third_quartile: float
    high: float

    @property
    def fraction_discarded(self) -> float:
        """Fraction that the threshold discards, 0 to 1."""
        return self.discarded / self.count


def group_fields(collection: Any) -> list[str]:
    """Fields that can name groups: strings, whole numbers, classifications, yes or no, and the tags."""
    yes_or_no = [
        name
        for name, field in collection.get_field_schema().items()
        if isinstance(field, fo.BooleanField)
    ]
    return [*subject_fields(collection), *yes_or_no, "tags"]


def subgroups(
    collection: Any, field: str, measure: str, by: str, *, threshold: float
) -> list[Subgroup]:
    """The largest groups with their quantiles, the lowest median first; at most ``MOST_GROUPS``.

    Args:
        collection: data set or view.
        field: field that ``score_faces`` wrote.
        measure: quality, ssim, mse or discriminator.
        by: field of ``group_fields``.
        threshold: what is worse counts as discarded.

    Raises:
        ValueError: ``by`` cannot name groups.
    """
    path, worse = FieldNames(field).path(measure), "$lt" if higher_is_better(measure) else "$gt"
    rows = collection._aggregate(
        pipeline=[
            *scored_by_group(collection, path, by),
            {
                "$group": {
                    "_id": "$g",
                    "n": {"$sum": 1},
                    "discarded": {"$sum": {"$cond": [{worse: ["$v", threshold]}, 1, 0]}},
                    "values": {"$push": "$v"},
                }
            },
            {"$sort": {"n": -1, "_id": 1}},
            {"$limit": MOST_GROUPS},
            {"$project": {"n": 1, "discarded": 1, **{k: _at(q) for k, q in _AT.items()}}},
            {"$sort": {"median": 1, "_id": 1}},
        ]
    )
    return [
        Subgroup(str(row["_id"]), row["n"], row["discarded"], **{k: float(row[k]) for k in _AT})
        for row in rows
    ]


def group_path(collection: Any, by: str) -> str:
    """Path of the value that names the group: the field itself, or the label of a classification.

    Raises:
        ValueError: ``by`` cannot name groups.
    """
    if by not in group_fields(collection):
        raise ValueError(
            f"the field {by!r} names no groups: choose one of {', '.join(group_fields(collection))}"
        )
    kind = getattr(collection.get_field(by), "document_type", None)
    return f"{by}.label" if kind is fo.Classification else by


def scored_by_group(
    collection: Any, path: str, by: str, *, descending: bool = False
) -> list[dict[str, Any]]:
    """Stages of an aggregation that give the group ``g`` and the number ``v`` of each scored sample, sorted by ``v``.

    Raises:
        ValueError: ``by`` cannot name groups.
    """
    group = group_path(collection, by)
    return [
        {"$match": {path: {"$ne": None}, group: {"$nin": [None, []]}}},
        {"$project": {"_id": 0, "g": f"${group}", "v": f"${path}"}},
        *([{"$unwind": "$g"}] if by == "tags" else []),
        {"$sort": {"v": -1 if descending else 1}},
    ]


def _at(fraction: float) -> dict[str, Any]:
    """The value at a fraction of the sorted values: ``index_queries.nearest_rank`` in MongoDB's words."""
    last = {"$subtract": ["$n", 1]}
    rank = {"$toInt": {"$round": [{"$multiply": [fraction, last]}, 0]}}
    return {"$arrayElemAt": ["$values", rank]}
