"""Where a value stands among all: the share of scored samples that are worse, counted in the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .fields import SCORES, FieldNames


def shares_worse(
    collection: Any, field: str, values: Mapping[str, float | None]
) -> dict[str, float]:
    """For each measure the share of the scored samples that are worse than a value, in percent; half of the ties count.

    Args:
        collection: data set or view.
        field: field that ``score_faces`` wrote.
        values: value by measure; measures without one are left out.

    Returns:
        0 to 100 by measure: 0 is the worst, 100 the best there is.
    """
    known = {measure: value for measure, value in values.items() if value is not None}
    names = FieldNames(field)
    group: dict[str, Any] = {"_id": None}
    for measure, value in known.items():
        path = f"${names.path(measure)}"
        worse = "$lt" if SCORES[measure].higher_is_better else "$gt"
        scored = {"$gt": [path, None]}  # a missing number is lower than any in MongoDB's order
        place = {"$cond": [{worse: [path, value]}, 1, {"$cond": [{"$eq": [path, value]}, 0.5, 0]}]}
        group[f"{measure}_n"] = {"$sum": {"$cond": [scored, 1, 0]}}
        group[f"{measure}_worse"] = {"$sum": {"$cond": [scored, place, 0]}}
    rows = list(collection._aggregate(pipeline=[{"$group": group}])) if known else []
    if not rows:
        return {}
    return {
        measure: 100 * rows[0][f"{measure}_worse"] / rows[0][f"{measure}_n"]
        for measure in known
        if rows[0][f"{measure}_n"]
    }
