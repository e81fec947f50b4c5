"""Comparison of two runs over the same samples: how alike they order the faces, and where they disagree most.

Two presets calibrate differently, so faces are compared by their rank in each run, never by the numbers themselves.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..dataset.extra_scores import all_measures
from ..dataset.fields import FieldNames
from ..dataset.score_fields import presets_of, score_fields
from ..settings import Settings

SHOWN = 2000
"""Points in the plot besides those that disagree most; a browser draws no 50,000 with ease."""


@dataclass(frozen=True, kw_only=True)
class ComparisonSettings(Settings):
    """Parameters of ``compare_runs``.

    Attributes:
        first: field of one run.
        second: field of the other.
        measure: quality, ssim, mse or discriminator, or the score of another network that the field has.
        second_measure: the same of the second field; None: the same measure.
        count: how many samples that disagree most to show.
        view_name: save their view under this name.
        tag: tag them.

    Raises:
        ValueError: a value that cannot be used; the message says how to mend it.
    """

    first: str
    second: str
    measure: str = "quality"
    second_measure: str | None = None
    count: int = 50
    view_name: str | None = None
    tag: str | None = None

    def __post_init__(self) -> None:
        if self.first == self.second and self.measures[0] == self.measures[1]:
            raise ValueError(
                f"the two fields are the same, {self.first!r}: choose the fields of two runs, "
                "or another measure of the second"
            )
        if not isinstance(self.count, int) or self.count < 1:
            raise ValueError(f"count must be a whole number of at least 1, got {self.count!r}")

    @property
    def measures(self) -> tuple[str, str]:
        """What is compared of the first and of the second field."""
        return self.measure, self.second_measure or self.measure

    @classmethod
    def _chosen(cls, params: Mapping[str, Any]) -> dict[str, Any]:
        chosen = super()._chosen(params)
        if not {"first", "second"} <= set(chosen):
            raise ValueError("choose the fields of two runs: first and second")
        return chosen


@dataclass(frozen=True, eq=False)
class Compared:
    """The result of a comparison.

    Attributes:
        settings: what was compared.
        ids: samples that both runs have scored.
        files: their images.
        first: their scores in one run.
        second: their scores in the other.
        gaps: difference of their ranks as fractions of all, first minus second, -1..1; where higher is better of one measure and
            lower of the other, the second ranks from its best number down.
        only_first: samples with a score in the first run alone.
        only_second: the same for the second.
        correlation: Spearman's rank correlation; None if there is none.
        presets: presets named in each of the two fields.
        view: the samples that disagree most, the largest gap first.
    """

    settings: ComparisonSettings
    ids: list[str]
    files: list[str]
    first: list[float]
    second: list[float]
    gaps: list[float]
    only_first: int
    only_second: int
    correlation: float | None
    presets: tuple[list[str], list[str]]
    view: Any

    def to_dict(self) -> dict[str, Any]:
        """The numbers, without the view and the scores."""
        return {
            "samples": len(self.ids),
            "correlation": self.correlation,
            "only_first": self.only_first,
            "only_second": self.only_second,
            "shown": min(self.settings.count, len(self.ids)),
            "largest_gap": max(map(abs, self.gaps), default=None),
            "first_presets": self.presets[0],
            "second_presets": self.presets[1],
        }


def compare(collection: Any, settings: ComparisonSettings) -> Compared:
    """Compare two fields of a data set or view.

    Raises:
        ValueError: a field holds no scores, or no such measure.
    """
    from faceqgen_core.evaluation.ranks import rank_shares, spearman

    sides = list(zip(_names(settings), settings.measures, strict=True))
    paths = [_score_path(collection, name, measure) for name, measure in sides]
    better = [all_measures(collection, name)[measure].higher_is_better for name, measure in sides]
    rows = list(zip(*collection.values(["id", "filepath", *paths]), strict=True))
    both = [row for row in rows if row[2] is not None and row[3] is not None]
    ids, files, first, second = map(list, zip(*both, strict=True)) if both else ([], [], [], [])
    ordered = second if better[0] == better[1] else [-value for value in second]
    gaps = (rank_shares(first) - rank_shares(ordered)).tolist()
    correlation = spearman(first, ordered)
    order = sorted(range(len(ids)), key=lambda i: -abs(gaps[i]))[: settings.count]
    return Compared(
        settings,
        ids,
        files,
        first,
        second,
        gaps,
        only_first=sum(row[2] is not None and row[3] is None for row in rows),
        only_second=sum(row[3] is not None and row[2] is None for row in rows),
        correlation=None if math.isnan(correlation) else correlation,
        presets=(presets_of(collection, settings.first), presets_of(collection, settings.second)),
        view=collection.select([ids[i] for i in order], ordered=True),
    )


def scatter(compared: Compared) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The comparison as Plotly's traces and layout: every face a point, those that disagree most in another colour."""
    from faceqgen_core.evaluation.thinning import evenly

    count = len(compared.ids)
    order = sorted(range(count), key=lambda i: -abs(compared.gaps[i]))
    most, others = order[: compared.settings.count], sorted(order[compared.settings.count :])
    traces = [
        _trace(compared, evenly(others, SHOWN), "agree better", "#8a94a6", 5),
        _trace(compared, most, "disagree most", "#ff6d04", 8),
    ]
    titles = []
    sides = zip(
        _names(compared.settings), compared.settings.measures, compared.presets, strict=True
    )
    for name, measure, presets in sides:
        titles.append(f"{name}.{measure}" + (f"<br>{', '.join(presets)}" if presets else ""))
    layout = {
        "xaxis": {"title": {"text": titles[0]}, "automargin": True},
        "yaxis": {"title": {"text": titles[1]}, "automargin": True},
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
        "margin": {"t": 40, "r": 20},
        "hovermode": "closest",
    }
    return traces, layout


def _trace(
    compared: Compared, rows: list[int], name: str, colour: str, size: int
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"{name} ({len(rows):,})",
        "x": [compared.first[i] for i in rows],
        "y": [compared.second[i] for i in rows],
        "ids": [compared.ids[i] for i in rows],
        "text": [os.path.basename(compared.files[i]) for i in rows],
        "hovertemplate": "%{text}<br>%{x:.4g} and %{y:.4g}<extra></extra>",
        "marker": {"color": colour, "size": size, "opacity": 0.8},
    }


def _names(settings: ComparisonSettings) -> tuple[str, str]:
    return settings.first, settings.second


def _score_path(collection: Any, name: str, measure: str) -> str:
    known = all_measures(collection, name)
    if measure not in known:
        raise ValueError(f"measure must be one of {', '.join(known)} in {name!r}, got {measure!r}")
    path = FieldNames(name).path(measure)
    if collection.get_field(path) is None:
        found = ", ".join(score_fields(collection)) or "none"
        raise ValueError(
            f"there is no field {path!r}: the fields with scores here are {found}; score the samples with another "
            "preset into another field first"
        )
    return path
