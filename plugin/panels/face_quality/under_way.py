"""In section "Overview": runs that are under way or wait for a worker, how far they are, and a button that stops them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fiftyone.operators import types

from ...dataset.queue import QueuedWork, queued_work, take_back
from ...dataset.under_way import RunUnderWay, request_stop, runs_under_way
from . import layout
from .scope import PanelScope

MOVING_MS, WAITING_MS = 3000, 10_000
"""The page asks again after so long: while something is at work, and while all there is waits for a worker."""


def count(scope: PanelScope) -> None:
    """Look how far the runs of the data set are, whichever process is at work on them, and what waits for a worker."""
    counts = scope.counts
    # The queue first: what is begun in between is then seen twice, not missed.
    queued = queued_work(scope.dataset)
    counts.under_way = runs_under_way(scope.dataset)
    at_work = {run.field for run in counts.under_way}
    # What a worker has begun and what has a record by now is told by the record.
    counts.queued = [work for work in queued if not (work.begun and work.field in at_work)]


def look_again(scope: PanelScope) -> bool:
    """Look how far the runs are now; says whether one has begun or ended, so that the counts are old."""
    before = _which(scope)
    count(scope)
    return before != _which(scope)


def _which(scope: PanelScope) -> list[tuple[str, bool]]:
    counts = scope.counts
    return [(run.key, True) for run in counts.under_way] + [(w.key, w.begun) for w in counts.queued]


def keys(scope: PanelScope) -> list[str]:
    """What can be stopped: runs, and work that waits."""
    runs = [run.key for run in scope.counts.under_way if not run.stopping]
    return runs + [work.key for work in scope.counts.queued if not work.begun]


def writes(scope: PanelScope, field: str) -> bool:
    """Whether a run is at work on a field, so that another one would be refused, or waits to be."""
    runs = [run.field for run in scope.counts.under_way]
    return field in runs + [work.field for work in scope.counts.queued]


def draw(scope: PanelScope, page: types.Object, panel: Any) -> None:
    """Draw a line for each run, with its button, and let the page ask again while there is one."""
    counts = scope.counts
    for place, run in enumerate(counts.under_way):
        layout.text(page, f"under_way_{place}", _words(run))
        if not run.stopping:
            end = "It ends with the chunk at work; what is written stays, and the rest can be scored later"
            row = layout.row(page, f"under_way_row_{place}")
            _add_cancel(row, f"cancel_{place}", f"Cancel the {run.what}", panel, run.key, end)
    for place, work in enumerate(counts.queued):
        layout.text(page, f"queued_{place}", _words_of_queued(work))
        if not work.begun:
            end = "It is taken out of the queue; nothing of it is done"
            row = layout.row(page, f"queued_row_{place}")
            _add_cancel(row, f"take_back_{place}", "Cancel the queued run", panel, work.key, end)
    if counts.under_way or counts.queued:
        moving = counts.under_way or any(work.begun for work in counts.queued)
        pause = MOVING_MS if moving else WAITING_MS
        timer = types.TimerView(interval=pause, on_interval=panel.on_interval)
        page.view(f"look_again_{pause}", timer)


def _add_cancel(row: Any, name: str, label: str, panel: Any, key: str, end: str) -> None:
    """Add the button that ends one run; ``end`` says what that means."""
    layout.button(row, name, label, panel.on_cancel_run, params={"run": key}, title=end)


def cancel(ctx: Any, scope: PanelScope, key: str) -> None:
    """Ask a run to stop, or take it out of the queue; one that has ended or begun meanwhile is told as such."""
    if key in {work.key for work in scope.counts.queued}:
        if take_back(key):
            ctx.ops.notify("The run is taken out of the queue: nothing of it is done")
        else:
            ctx.ops.notify("A worker has begun the run: it is not in the queue", variant="warning")
    elif request_stop(scope.dataset, key):
        ctx.ops.notify("The run ends with the chunk at work: what is written stays")
    else:
        ctx.ops.notify("The run has ended already", variant="warning")


def _words(run: RunUnderWay) -> str:
    frames = f", {run.frames:,} frames" if run.frames else ""
    end = " It was asked to stop and ends with the chunk at work." if run.stopping else ""
    return (
        f"**{run.what.capitalize()} `{run.field}`: {run.done:,} of {run.total:,} samples{frames}**, begun "
        f"{_moment(datetime.fromisoformat(run.started))}.{end}"
    )


def _words_of_queued(work: QueuedWork) -> str:
    what = work.label + (f" `{work.field}`" if work.field else "")
    if work.begun:
        words = work.words or "no numbers yet"
        return f"**{what}: {words}**, begun by a worker {_moment(work.since)}."
    return (
        f"**{what}: waits in the queue** since {_moment(work.since)}. `fiftyone delegated launch` starts a worker, "
        "if none is at work."
    )


def _moment(when: datetime) -> str:
    return f"{when.astimezone():%d %b %Y, %H:%M}"
