"""Questions to the database that its indexes answer alone: which numbers there are, how many lie where.

``{"$ne": None}`` makes MongoDB look into every document, since an index tells a missing value from None nowhere; a range
of all numbers is answered by the index.
"""

from __future__ import annotations

import math
from typing import Any

NUMBER = {"$gte": -math.inf}
"""Matches every number, and nothing else."""


def count(collection: Any, match: dict[str, Any]) -> int:
    """Number of samples that match."""
    rows = list(collection._aggregate(pipeline=[{"$match": match}, {"$count": "n"}]))
    return int(rows[0]["n"]) if rows else 0


def nearest_rank(total: int, fraction: float) -> int:
    """Rank of a quantile among sorted numbers, from 0: that of the nearest one, so that it is a number that occurs."""
    return round(fraction * (total - 1))


def at_rank(collection: Any, path: str, rank: int, *, descending: bool = False) -> float | None:
    """The number at a rank, counted from 0 in ascending order; None beyond the last one."""
    rows = collection._aggregate(
        pipeline=[
            {"$match": {path: NUMBER}},
            {"$sort": {path: -1 if descending else 1}},
            {"$skip": rank},
            {"$limit": 1},
            {"$project": {"_id": 0, "value": f"${path}"}},
        ]
    )
    return next((float(row["value"]) for row in rows), None)
