"""The same fraction from each group: a threshold for each, and what that costs beside the single threshold.

The fraction is the one that the single threshold discards, by the rule for percentages of ``thresholds``. Samples of groups
that are too small for a percentage, or that name no group, keep the single threshold: every scored sample is on one side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..dataset.fields import FieldNames
from .subgroups import FEWEST, MOST_GROUPS, group_fields, group_path, scored_by_group
from .thresholds import count_kept, higher_is_better, side

SEVERAL = "tags"
"""A sample has several of these: no single group says which threshold is its own."""


@dataclass(frozen=True)
class GroupThreshold:
    """The threshold of one group.

    Attributes:
        value: of the field, as it is stored.
        count: scored samples.
        threshold: on the measure's own scale.
        kept: samples that are as good as it or better.
        kept_by_single: samples that the single threshold would keep.
    """

    value: Any
    count: int
    threshold: float
    kept: int
    kept_by_single: int

    @property
    def stay(self) -> int:
        """Samples that are kept here and that the single threshold discards."""
        return max(self.kept - self.kept_by_single, 0)

    @property
    def go(self) -> int:
        """Samples that the single threshold keeps and that are discarded here."""
        return max(self.kept_by_single - self.kept, 0)


@dataclass(frozen=True)
class GroupRule:
    """Thresholds of all groups.

    Attributes:
        groups: those with a threshold of their own, the lowest quality first; none where the single threshold keeps all
            or nothing.
        single: the threshold of all other samples.
        fraction: of the scored samples that the single threshold discards, 0 to 1.
        others: scored samples that keep the single threshold.
        others_kept: of these, how many it keeps.
        measure: quality, ssim, mse or discriminator.
        path: of the measure.
        group: path of the value that names the group.
    """

    groups: tuple[GroupThreshold, ...]
    single: float
    fraction: float
    others: int
    others_kept: int
    measure: str
    path: str
    group: str

    @property
    def scored(self) -> int:
        """Samples with a score."""
        return self.others + sum(group.count for group in self.groups)

    @property
    def kept(self) -> int:
        """Samples that are kept."""
        return self.others_kept + sum(group.kept for group in self.groups)

    @property
    def kept_by_single(self) -> int:
        """Samples that the single threshold alone would keep."""
        return self.others_kept + sum(group.kept_by_single for group in self.groups)


def rule_fields(collection: Any) -> list[str]:
    """Fields of ``subgroups.group_fields`` that name one group for each sample."""
    return [name for name in group_fields(collection) if name != SEVERAL]


def same_fraction(
    collection: Any, field: str, measure: str, by: str, *, threshold: float
) -> GroupRule:
    """The threshold of each group that discards the fraction of it that ``threshold`` discards of all.

    At most the ``MOST_GROUPS`` largest groups of at least ``FEWEST`` scored samples get one.

    Args:
        collection: data set or view.
        field: field that ``score_faces`` wrote.
        measure: quality, ssim, mse or discriminator.
        by: field of ``rule_fields``.
        threshold: the single threshold.

    Raises:
        ValueError: ``by`` does not name one group for each sample.
    """
    if by == SEVERAL:
        raise ValueError(
            "a sample may have several tags, so that no threshold is its own: choose one of "
            f"{', '.join(rule_fields(collection)) or 'none'}"
        )
    path, higher = FieldNames(field).path(measure), higher_is_better(measure)
    single = count_kept(collection, field, measure, threshold)
    groups: tuple[GroupThreshold, ...] = ()
    stages = scored_by_group(collection, path, by, descending=not higher)  # the worst first
    if single.kept and single.discarded:
        good = "$gte" if higher else "$lte"

        def as_good_as(limit: Any) -> dict[str, Any]:
            return {"$size": {"$filter": {"input": "$values", "cond": {good: ["$$this", limit]}}}}

        # As many as ``thresholds.wanted_of`` asks for; the first one that is kept stands at that place.
        share = {"$divide": [{"$multiply": ["$n", single.discarded]}, single.scored]}
        wanted = {"$ceil": {"$round": [share, 9]}}
        place = {"$toInt": {"$min": [wanted, {"$subtract": ["$n", 1]}]}}
        rows = collection._aggregate(
            pipeline=[
                *stages,
                {"$group": {"_id": "$g", "n": {"$sum": 1}, "values": {"$push": "$v"}}},
                {"$match": {"n": {"$gte": FEWEST}}},
                {"$sort": {"n": -1, "_id": 1}},
                {"$limit": MOST_GROUPS},
                {"$set": {"threshold": {"$arrayElemAt": ["$values", place]}}},
                {
                    "$project": {
                        "n": 1,
                        "threshold": 1,
                        "kept": as_good_as("$threshold"),
                        "kept_by_single": as_good_as(threshold),
                    }
                },
                {"$sort": {"threshold": 1 if higher else -1, "_id": 1}},
            ]
        )
        groups = tuple(
            GroupThreshold(
                row["_id"], row["n"], float(row["threshold"]), row["kept"], row["kept_by_single"]
            )
            for row in rows
        )
    return GroupRule(
        groups,
        threshold,
        1 - single.fraction if single.scored else 0.0,
        single.scored - sum(group.count for group in groups),
        single.kept - sum(group.kept_by_single for group in groups),
        measure,
        path,
        group_path(collection, by),
    )


def ruled_view(collection: Any, rule: GroupRule, *, keep: str) -> Any:
    """The samples on one side of their thresholds, worst first; those without a score are on neither.

    Args:
        collection: what the rule was made of.
        rule: of ``same_fraction``.
        keep: "low" or "high".
    """
    low = keep == "low"
    own = [
        {rule.group: group.value, rule.path: side(rule.measure, group.threshold, low=low)}
        for group in rule.groups
    ]
    others = {
        rule.group: {"$nin": [group.value for group in rule.groups]},
        rule.path: side(rule.measure, rule.single, low=low),
    }
    view = collection.match({"$or": [*own, others]})
    return view.sort_by(rule.path, reverse=not higher_is_better(rule.measure))
