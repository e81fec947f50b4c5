"""Distribution of a measure over a data set or view: counted in the database, never by loading samples."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ..dataset.fields import FieldNames
from .index_queries import NUMBER, at_rank, count, nearest_rank

BARS = 50


@dataclass(frozen=True)
class Histogram:
    """Counts in bars of one width.

    Attributes:
        low: left edge of the first bar.
        high: right edge of the last bar, which belongs to it.
        counts: samples in each bar; a bar holds its left edge, not its right one.
    """

    low: float
    high: float
    counts: list[int]

    @property
    def total(self) -> int:
        """Samples in all bars."""
        return sum(self.counts)

    @property
    def width(self) -> float:
        """Width of a bar."""
        return (self.high - self.low) / max(len(self.counts), 1)

    def edges(self, bar: int) -> tuple[float, float]:
        """Left and right edge of a bar."""
        return self.low + bar * self.width, self.low + (bar + 1) * self.width

    def to_dict(self) -> dict[str, Any]:
        """Plain values, from which ``Histogram(**values)`` makes it again."""
        return asdict(self)


def histogram(collection: Any, field: str, measure: str, *, bars: int = BARS) -> Histogram:
    """Count the scored samples in bars.

    Quality goes from 0 to 100. Other measures go from their 1st to their 99th percentile, and the outer bars hold what
    lies beyond: a few extreme values would press all others into one bar.

    Raises:
        ValueError: there are fewer than one bar.
    """
    if bars < 1:
        raise ValueError(f"a histogram needs at least one bar, got {bars}")
    path = FieldNames(field).path(measure)
    low, high = (0.0, 100.0) if measure == "quality" else _ends(collection, path)
    width = (high - low) / bars
    bar = {"$floor": {"$divide": [{"$subtract": [f"${path}", low]}, width]}}
    inside = {"$min": [bars - 1, {"$max": [0, bar]}]}
    counts = [0] * bars
    grouped = {"$group": {"_id": inside, "n": {"$sum": 1}}}
    for row in collection._aggregate(pipeline=[{"$match": {path: NUMBER}}, grouped]):
        counts[int(row["_id"])] += row["n"]
    return Histogram(low, high, counts)


def _ends(collection: Any, path: str) -> tuple[float, float]:
    """1st and 99th percentile."""
    scored = count(collection, {path: NUMBER})
    if not scored:
        return 0.0, 1.0
    beyond = nearest_rank(scored, 0.01)  # from either end, so that the database passes over few
    low = at_rank(collection, path, beyond)
    high = at_rank(collection, path, beyond, descending=True)
    if low is None or high is None:  # deleted meanwhile
        return 0.0, 1.0
    if not high > low:  # one value alone: give its bar a width
        low, high = low - 1e-6 - abs(low) / 100, high + 1e-6 + abs(high) / 100
    return low, high


def bar_view(collection: Any, field: str, measure: str, shape: Histogram, bar: int) -> Any:
    """View of the samples in one bar; the outer bars hold what lies beyond them, too.

    Raises:
        ValueError: there is no such bar.
    """
    if not 0 <= bar < len(shape.counts):
        raise ValueError(f"the histogram has bars 0 to {len(shape.counts) - 1}, got {bar}")
    left, right = shape.edges(bar)
    limits: dict[str, Any] = {} if 0 < bar < len(shape.counts) - 1 else dict(NUMBER)
    if bar > 0:
        limits["$gte"] = left
    if bar < len(shape.counts) - 1:
        limits["$lt"] = right
    return collection.match({FieldNames(field).path(measure): limits})
