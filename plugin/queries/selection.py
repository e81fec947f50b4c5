"""Choosing samples by quality: which side of a threshold or percentile, worst first.

"low" and "high" always mean quality: low quality is a low ``quality``, ``ssim`` or ``discriminator`` and a high ``mse``.
Samples without a score are on neither side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import fiftyone.core.patches as fop

from faceqgen_core.vocabulary import SCORES

from ..dataset.fields import DEFAULT_FIELD, FieldNames
from ..settings import Settings
from .index_queries import NUMBER
from .thresholds import Kept, count_kept, higher_is_better, side, threshold_of_worst, wanted_of

BY = ("threshold", "percentile")
KEEP = ("low", "high")
DEFAULT_VALUE = {"threshold": 50.0, "percentile": 10.0}


@dataclass(frozen=True, kw_only=True)
class Selection(Settings):
    """Parameters of ``filter_faces``.

    Attributes:
        measure: quality, ssim, mse or discriminator.
        by: "threshold": ``value`` is a number on the measure's own scale; "percentile": the percentage of the scored
            samples that is the low side, see ``thresholds.threshold_of_worst`` for its rounding and for equal scores.
        value: default 50 as a threshold of quality, 10 as a percentile; other measures need one.
        keep: "low": samples of low quality, worse than the threshold, or the worst ``value`` percent; "high": the others.
        sort_worst: worst first; off: the order stays.
        field: field that ``score_faces`` wrote.
        view_name: save the view under this name.
        tag: tag the samples of the view.

    Raises:
        ValueError: a value is out of range; the message says how to mend it.
    """

    measure: str = "quality"
    by: str = "threshold"
    value: float | None = None
    keep: str = "low"
    sort_worst: bool = True
    field: str = DEFAULT_FIELD
    view_name: str | None = None
    tag: str | None = None

    def __post_init__(self) -> None:
        for name, value, known in (
            ("measure", self.measure, tuple(SCORES)),
            ("by", self.by, BY),
            ("keep", self.keep, KEEP),
        ):
            if value not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, got {value!r}")
        if self.value is None and self.by == "threshold" and self.measure != "quality":
            raise ValueError(f"a threshold of {self.measure} needs a value on that measure's scale")
        if self.by == "percentile" and not 0 < self.limit < 100:
            raise ValueError(f"a percentile lies between 0 and 100, got {self.limit:g}")
        score = SCORES[self.measure]
        if self.by == "threshold" and not score.low <= self.limit <= score.high:
            raise ValueError(
                f"{self.measure} lies between {score.low:g} and {score.high:g}, got {self.limit:g} as its threshold"
            )

    @property
    def limit(self) -> float:
        """The value, or its default."""
        return DEFAULT_VALUE[self.by] if self.value is None else float(self.value)


@dataclass(frozen=True)
class Selected:
    """A selection's result.

    Attributes:
        view: the samples.
        threshold: on the measure's scale; None if nothing has a score.
        kept: samples in the view.
        left_out: samples on the other side.
        unscored: samples without a score, on neither side.
        notices: what the user should know, in sentences.
    """

    view: Any
    threshold: float | None
    kept: int
    left_out: int
    unscored: int
    notices: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The numbers, without the view; notices if there are any."""
        values = {k: v for k, v in self.__dict__.items() if k not in ("view", "notices")}
        return {**values, "notices": list(self.notices)} if self.notices else values


def select(collection: Any, selection: Selection) -> Selected:
    """Select samples of a data set or view.

    Raises:
        ValueError: the field holds no scores.
    """
    field, measure = selection.field, selection.measure
    if _are_patches_of_faces(collection, field, measure):
        field = FieldNames(field).faces  # each sample is one face here
    path = FieldNames(field).path(measure)
    if collection.get_field(path) is None:
        if isinstance(collection, fop.PatchesView):
            raise ValueError(
                f"these patches hold no field {path!r}: open the patches of {FieldNames(field).faces!r}, the faces that "
                "'Score face quality' has scored"
            )
        raise ValueError(
            f"there is no field {path!r}: run 'Score face quality' first, or name the field it wrote"
        )
    threshold: float | None = selection.limit
    if selection.by == "percentile":
        threshold = threshold_of_worst(collection, field, measure, selection.limit)
    if threshold is None:
        nothing = (f"No sample here has a score in {field!r}",)
        return Selected(collection.match({path: NUMBER}), None, 0, 0, len(collection), nothing)
    found = count_kept(collection, field, measure, threshold)
    low = selection.keep == "low"
    # In MongoDB's own words, not FiftyOne's: these use the index, and a sample without a score is on neither side.
    view = collection.match({path: side(measure, threshold, low=low)})
    if selection.sort_worst:
        view = view.sort_by(path, reverse=not higher_is_better(measure))
    sides = (found.discarded, found.kept) if low else (found.kept, found.discarded)
    notices = [*_ties(selection, found)]
    if not sides[0]:  # an empty grid or table without a word looks like a fault
        notices.append(f"No sample is of {selection.keep} {measure} here")
    return Selected(view, threshold, *sides, found.unscored, tuple(notices))


def _are_patches_of_faces(collection: Any, field: str, measure: str) -> bool:
    """Whether a view is of the patches of a field's faces, and was named by the field of their samples."""
    if not isinstance(collection, fop.PatchesView) or collection.get_field(field) is not None:
        return False
    return collection.get_field(f"{FieldNames(field).faces}.{measure}") is not None


def _ties(selection: Selection, found: Kept) -> tuple[str, ...]:
    """What equal scores did to a percentage."""
    if selection.by != "percentile":
        return ()
    wanted = wanted_of(found.scored, selection.limit)
    if found.discarded >= wanted:
        return ()
    return (
        f"The worst {selection.limit:g} % of {found.scored:,} samples would be {wanted:,}, but equal scores stay "
        f"together on the high side: {found.discarded:,} are of low {selection.measure}",
    )
