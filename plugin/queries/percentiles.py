"""Where a value stands among all: the share of scored samples that are worse, counted in the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..dataset.fields import SCORES, FieldNames
from .index_queries import NUMBER, count

_WORSE = {True: "$lt", False: "$gt"}


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
    names = FieldNames(field)
    shares = {}
    for measure, value in values.items():
        if value is None:
            continue
        path = names.path(measure)
        scored = count(collection, {path: NUMBER})
        worse = count(collection, {path: {_WORSE[SCORES[measure].higher_is_better]: value}})
        ties = count(collection, {path: value})
        if scored:
            shares[measure] = 100 * (worse + 0.5 * ties) / scored
    return shares
