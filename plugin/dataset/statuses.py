"""What became of the samples of a data set or view: counts by status, counted in the database."""

from __future__ import annotations

from typing import Any

from faceqgen_core.vocabulary import Status

from .fields import FieldNames

NOT_SCORED = "not_scored"
"""Name of the samples that no run has looked at yet: their status is None."""

STATUSES: dict[str, str] = {
    **{status.value: status.label for status in Status},
    NOT_SCORED: "Not yet scored",
}
"""All statuses with their labels, in the order in which they are shown."""


def count_statuses(collection: Any, field: str) -> dict[str, int]:
    """Samples by status, in the order of ``STATUSES``; only those that occur.

    Args:
        collection: data set or view.
        field: field that ``score_faces`` wrote, or will write: without it every sample is not yet scored.
    """
    path = FieldNames(field).path("status")
    if collection.get_field(path) is None:
        total = len(collection)
        return {NOT_SCORED: total} if total else {}
    # A range of all texts is answered by the index; what is left of the total has no status.
    named = {"$match": {path: {"$gte": ""}}}
    rows = collection._aggregate(
        pipeline=[named, {"$group": {"_id": f"${path}", "n": {"$sum": 1}}}]
    )
    counts = {str(row["_id"]): int(row["n"]) for row in rows}
    waiting = len(collection) - sum(counts.values())
    if waiting > 0:
        counts[NOT_SCORED] = waiting
    order = [*STATUSES, *sorted(set(counts) - set(STATUSES))]
    return {name: counts[name] for name in order if name in counts}


def with_status(collection: Any, field: str, status: str) -> Any:
    """View of the samples with a status of ``count_statuses``."""
    path = FieldNames(field).path("status")
    if status != NOT_SCORED:
        return collection.match({path: status})
    return (
        collection.view() if collection.get_field(path) is None else collection.exists(path, False)
    )
