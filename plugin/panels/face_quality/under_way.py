"""In section "Overview": runs that are under way, how far they are, and a button that stops them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fiftyone.operators import types

from ...dataset.under_way import RunUnderWay, request_stop, runs_under_way
from . import layout
from .scope import PanelScope


def count(scope: PanelScope) -> None:
    """Look how far the runs of the data set are, whichever process is at work on them."""
    scope.counts.under_way = runs_under_way(scope.dataset)


def keys(scope: PanelScope) -> list[str]:
    """The runs that can be stopped."""
    return [run.key for run in scope.counts.under_way if not run.stopping]


def writes(scope: PanelScope, field: str) -> bool:
    """Whether a run is at work on a field: another one would be refused."""
    return any(run.field == field for run in scope.counts.under_way)


def draw(scope: PanelScope, page: types.Object, panel: Any) -> None:
    """Draw a line for each run, with its button."""
    for place, run in enumerate(scope.counts.under_way):
        layout.text(page, f"under_way_{place}", _words(run))
        if not run.stopping:
            layout.button(
                layout.row(page, f"under_way_row_{place}"),
                f"cancel_{place}",
                f"Cancel the {run.what}",
                panel.on_cancel_run,
                params={"run": run.key},
                title="It ends with the chunk at work; what is written stays, and the rest can be scored later",
            )


def cancel(ctx: Any, scope: PanelScope, key: str) -> None:
    """Ask a run to stop; one that has ended meanwhile is told as such."""
    if request_stop(scope.dataset, key):
        ctx.ops.notify("The run ends with the chunk at work: what is written stays")
    else:
        ctx.ops.notify("The run has ended already", variant="warning")


def _words(run: RunUnderWay) -> str:
    frames = f", {run.frames:,} frames" if run.frames else ""
    end = (
        "It was asked to stop and ends with the chunk at work."
        if run.stopping
        else "**Refresh** looks how far it is."
    )
    return (
        f"**{run.what.capitalize()} `{run.field}`: {run.done:,} of {run.total:,} samples{frames}**, begun "
        f"{datetime.fromisoformat(run.started):%d %b %Y, %H:%M}. {end}"
    )
