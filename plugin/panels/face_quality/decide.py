"""Section "Decide": a threshold with what it keeps, ready-made thresholds, and the two sides to look at."""

from __future__ import annotations

from typing import Any

from fiftyone.operators import types

from faceqgen_core.vocabulary import SCORES

from ...queries.histogram import Histogram
from ...queries.selection import Selection, select
from ...queries.thresholds import (
    Kept,
    count_kept,
    higher_is_better,
    threshold_of_worst,
)
from . import layout, subjects
from .layout import number
from .scope import PanelScope

WORST = (1, 5, 10, 25)
"""Ready-made percentages to discard."""


def count(scope: PanelScope) -> None:
    """Set a threshold if there is none, and count what it keeps."""
    if not scope.fields:
        return
    if scope.choices.threshold is None:
        scope.choices.set_threshold(_first_threshold(scope))
    scope.counts.kept = count_kept(scope.view, scope.field, scope.measure, scope.threshold)
    subjects.count(scope)


def _first_threshold(scope: PanelScope) -> float:
    if scope.measure == "quality":
        return scope.counts.acceptable.quality
    worst = threshold_of_worst(scope.view, scope.field, scope.measure, 10)
    return SCORES[scope.measure].low if worst is None else worst


def draw(scope: PanelScope, page: types.Object, panel: Any) -> None:
    """Draw the slider, the counts and the buttons."""
    shape, kept = scope.counts.shape, scope.counts.kept
    if shape is None or kept is None:
        return
    _draw_slider(scope, shape, page, panel)
    layout.text(page, "counts", _counts(scope.threshold, kept))
    _draw_ready_made(scope, page, panel)
    sides = layout.row(page, "sides")
    shown = scope.subset.keep if scope.subset else None
    for keep, label in (
        ("low", f"Show low ({kept.discarded:,})"),
        ("high", f"Show kept ({kept.kept:,})"),
    ):
        layout.button(
            sides,
            f"show_{keep}",
            label,
            panel.on_show,
            params={"keep": keep},
            active=shown == keep,
        )


def _draw_slider(scope: PanelScope, shape: Histogram, page: types.Object, panel: Any) -> None:
    threshold = scope.threshold
    step = (shape.high - shape.low) / 200
    track = "normal" if higher_is_better(scope.measure) else "inverted"
    layout.row(page, "slide").float(
        f"slider_{scope.choices.slider}",
        default=threshold,
        min=min(shape.low, threshold),
        max=max(shape.high, threshold),
        on_change=panel.on_slider,
        view=types.SliderView(
            label_position="top",
            value_precision=1 if scope.measure == "quality" else 6,
            view_multiple_of=step,
            multiple_of=step,
            value_label_display="auto",
            # The coloured part is what is discarded; the App leaves much room above and below.
            componentsProps={**layout.wide("100%", my=-2), "slider": {"track": track}},
        ),
    )


def _draw_ready_made(scope: PanelScope, page: types.Object, panel: Any) -> None:
    """Draw the field to type a threshold in, and the thresholds to choose."""
    row = layout.row(page, "presets")
    row.float(
        f"exact_{scope.choices.exact}",
        on_change=panel.on_exact,
        view=types.FieldView(label="Type a threshold", componentsProps=layout.wide(120)),
    )
    for percent in WORST:
        layout.button(
            row,
            f"worst_{percent}",
            f"Worst {percent} %",
            panel.on_worst,
            params={"percent": percent},
        )
    if scope.measure != "quality":
        return
    acceptable = scope.counts.acceptable
    layout.button(
        row,
        "acceptable",
        f"Acceptable: {number(acceptable.quality)}",
        panel.on_acceptable,
        title=acceptable.note or "The quality from which the model card calls a face acceptable",
    )
    if acceptable.recognisable is not None:
        layout.button(
            row,
            "recognisable",
            f"Recognisable: {number(acceptable.recognisable)}",
            panel.on_recognisable,
            title="From here on 95 % of training faces are nearer to their own subject than to anyone else",
        )
    if acceptable.note:
        layout.text(page, "acceptable_note", acceptable.note)


def move(scope: PanelScope, threshold: float | None, *, by: str | None = None) -> None:
    """Count at another threshold; None, of data without a score, moves nothing.

    Args:
        scope: of the event.
        threshold: brought back onto the measure's scale.
        by: "slider" or "exact": which of the two set it.
    """
    if threshold is None:
        return
    score = SCORES[scope.measure]
    threshold = min(max(threshold, score.low), score.high)
    if threshold != scope.choices.threshold:
        scope.choices.set_threshold(threshold, by=by)
        count(scope)


def worst(scope: PanelScope, percent: float) -> float | None:
    """The threshold that discards the worst samples."""
    return threshold_of_worst(scope.view, scope.field, scope.measure, percent)


def show_side(scope: PanelScope, keep: str) -> None:
    """Let the grid show the samples on one side of the threshold, worst first."""
    threshold, better = scope.threshold, higher_is_better(scope.measure)
    selection = Selection(measure=scope.measure, value=threshold, keep=keep, field=scope.field)
    found = select(scope.view, selection)
    words = {"low": "below" if better else "above", "high": "from" if better else "up to"}
    title = f"{scope.measure} {words[keep]} {number(threshold)}"
    scope.show(found.view, title, found.kept, keep=keep)


def _counts(threshold: float, kept: Kept) -> str:
    without = f" · {kept.unscored:,} without a score" if kept.unscored else ""
    discarded = 1 - kept.fraction if kept.scored else 0
    return (
        f"Threshold **{number(threshold)}** · "
        f"**Kept {kept.kept:,}** of {kept.scored:,} ({layout.percent(kept.fraction)}) · "
        f"**discarded {kept.discarded:,}** ({layout.percent(discarded)}){without}"
    )
