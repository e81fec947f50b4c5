"""Section "Decide": a threshold with what it keeps, ready-made thresholds, and the two sides to look at."""

from __future__ import annotations

from typing import Any

from fiftyone.operators import types

from ...dataset.fields import SCORES
from ...queries.selection import Selection, select
from ...queries.thresholds import (
    Kept,
    acceptable_quality,
    count_kept,
    higher_is_better,
    worst_share,
)
from . import layout
from .distribution import number
from .scope import Workspace
from .state import Facts, facts_of

WORST = (1, 5, 10, 25)
"""Ready-made shares to discard, in percent."""


class Decide:
    """Counts, draws and answers the section."""

    def count_decide(self, workspace: Workspace) -> None:
        """Set a threshold if there is none, and count what it keeps."""
        if not workspace.fields:
            return
        if workspace.facts.threshold is None:
            _set(workspace.facts, self._first_threshold(workspace))
        workspace.facts.kept = count_kept(
            workspace.view, workspace.field, workspace.measure, workspace.threshold
        )
        self.count_identities(workspace)  # type: ignore[attr-defined]

    def _first_threshold(self, workspace: Workspace) -> float:
        if workspace.measure == "quality":
            return _acceptable(workspace.facts)
        worst = worst_share(workspace.view, workspace.field, workspace.measure, 10)
        return SCORES[workspace.measure].low if worst is None else worst

    def draw_decide(self, workspace: Workspace, page: types.Object) -> None:
        """Draw the slider, the counts and the buttons."""
        known = workspace.facts
        shape, kept, threshold = known.shape, known.kept, workspace.threshold
        if shape is None or kept is None:
            return
        step = (shape.high - shape.low) / 200
        track = "normal" if higher_is_better(workspace.measure) else "inverted"
        layout.row(page, "slide").float(
            f"slider_{known.slider}",
            default=threshold,
            min=min(shape.low, threshold),
            max=max(shape.high, threshold),
            on_change=self.on_slider,
            view=types.SliderView(
                label_position="top",
                value_precision=1 if workspace.measure == "quality" else 6,
                view_multiple_of=step,
                multiple_of=step,
                value_label_display="auto",
                # The coloured part is what is discarded; the App leaves much room above and below.
                componentsProps={**layout.wide("100%", my=-2), "slider": {"track": track}},
            ),
        )
        layout.text(page, "counts", _counts(threshold, kept))
        presets = layout.row(page, "presets")
        presets.float(
            f"exact_{known.exact}",
            on_change=self.on_exact,
            view=types.FieldView(label="Type a threshold", componentsProps=layout.wide(120)),
        )
        for share in WORST:
            layout.button(
                presets,
                f"worst_{share}",
                f"Worst {share} %",
                self.on_worst_share,
                params={"percent": share},
            )
        if workspace.measure == "quality":
            value = _acceptable(known)
            layout.button(
                presets,
                "acceptable",
                f"Acceptable: {number(value)}",
                self.on_acceptable,
                title="The quality from which the model card calls a face acceptable",
            )
        sides = layout.row(page, "sides")
        shown = workspace.part.keep if workspace.part else None
        for keep, label in (
            ("low", f"Show low ({kept.discarded:,})"),
            ("high", f"Show kept ({kept.kept:,})"),
        ):
            layout.button(
                sides,
                f"show_{keep}",
                label,
                self.on_show,
                params={"keep": keep},
                active=shown == keep,
            )

    def on_slider(self, ctx: Any) -> None:
        """Count at the threshold that the slider was moved to."""
        if _is_current(ctx, f"slider_{facts_of(ctx).slider}"):
            self._move(ctx, float(ctx.params["value"]), by="slider")

    def on_exact(self, ctx: Any) -> None:
        """Count at the threshold that was typed, brought back onto the measure's scale."""
        value = ctx.params.get("value")
        if isinstance(value, (int, float)) and _is_current(ctx, f"exact_{facts_of(ctx).exact}"):
            score = SCORES[Workspace(ctx).measure]
            self._move(ctx, min(max(float(value), score.low), score.high), by="exact")

    def on_worst_share(self, ctx: Any) -> None:
        """Discard the worst share."""
        workspace = Workspace(ctx)
        value = worst_share(
            workspace.view, workspace.field, workspace.measure, ctx.params["percent"]
        )
        if value is not None:
            self._move(ctx, value)

    def on_acceptable(self, ctx: Any) -> None:
        """Discard what the model card calls not acceptable."""
        self._move(ctx, _acceptable(facts_of(ctx)))

    def _move(self, ctx: Any, threshold: float, *, by: str | None = None) -> None:
        workspace = Workspace(ctx)
        if threshold != workspace.facts.threshold:
            _set(workspace.facts, threshold, by=by)
            self.count_decide(workspace)

    def on_show(self, ctx: Any) -> None:
        """Show the samples on one side of the threshold, worst first."""
        workspace = Workspace(ctx)
        threshold, keep = workspace.threshold, ctx.params["keep"]
        selection = Selection(
            measure=workspace.measure, value=threshold, keep=keep, field=workspace.field
        )
        found = select(workspace.view, selection)
        worse = "below" if higher_is_better(workspace.measure) else "above"
        better = "from" if higher_is_better(workspace.measure) else "up to"
        side = f"{worse if keep == 'low' else better} {number(threshold)}"
        workspace.show(found.view, f"{workspace.measure} {side}", found.kept, keep=keep)


def _acceptable(known: Facts) -> float:
    run = known.run or {}
    return acceptable_quality((run.get("parameters") or {}).get("preset"))


def _set(known: Facts, threshold: float, *, by: str | None = None) -> None:
    """Set the threshold; the slider and the field, but for the one that did it, are drawn anew: moved, and empty.

    The App keeps the value of a field that a person has changed, and tells each value that is set from here as if a
    person had set it, late and in any order. So the fields get new names, and what comes under an old one is ignored.
    """
    known.threshold = threshold
    known.slider += by != "slider"
    known.exact += by != "exact"


def _is_current(ctx: Any, name: str) -> bool:
    return str(ctx.params.get("path", name)).endswith(name)


def _counts(threshold: float, kept: Kept) -> str:
    without = f" · {kept.unscored:,} without a score" if kept.unscored else ""
    discarded = 1 - kept.share if kept.scored else 0
    return (
        f"Threshold **{number(threshold)}** · "
        f"**Kept {kept.kept:,}** of {kept.scored:,} ({layout.percent(kept.share)}) · "
        f"**discarded {kept.discarded:,}** ({layout.percent(discarded)}){without}"
    )
