"""Section "Overview": counts by status, the run behind them, and a way to score what is not scored yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fiftyone.operators import types

from faceqgen_core.vocabulary import PLUGIN

from ...dataset import run_records
from ...dataset.statuses import NOT_SCORED, STATUSES, count_statuses, with_status
from ...queries.acceptable import acceptable_of
from . import layout, under_way
from .scope import PanelScope

SCORE = f"{PLUGIN}/score_faces"


def count(scope: PanelScope) -> None:
    """Count the statuses, find the run, and what its preset calls acceptable."""
    counts = scope.counts
    counts.statuses = count_statuses(scope.view, scope.field)
    under_way.count(scope)
    counts.run = run_records.latest(scope.dataset, scope.run_field)
    place = _parameters(counts.run).get("preset")
    counts.acceptable = acceptable_of(scope.view, scope.field, [place] if place else [])


def draw(scope: PanelScope, page: types.Object, panel: Any) -> None:
    """Draw the section."""
    statuses = scope.counts.statuses
    row = layout.row(page, "overview", pt=1)
    for status, samples in statuses.items():
        layout.button(
            row,
            f"status_{status}",
            f"{STATUSES.get(status, status)}: {samples:,}",
            panel.on_status,
            params={"status": status},
        )
    waiting = statuses.get(NOT_SCORED, 0)
    if waiting and not scope.patches and not under_way.writes(scope, scope.run_field):
        everything = waiting == sum(statuses.values())
        label = "Score the faces" if everything else f"Score the rest ({waiting:,})"
        layout.button(row, "score_rest", label, panel.on_score_rest, active=True)
    if len(scope.fields) > 1:
        layout.dropdown(
            row,
            "field",
            scope.fields,
            scope.field,
            label="Scores",
            width=180,
            on_change=panel.on_field,
        )
    layout.button(row, "refresh", "Refresh", panel.on_refresh, title="Count anew")
    layout.text(page, "about_run", _about(scope))
    under_way.draw(scope, page, panel)


def show_status(scope: PanelScope, status: str) -> None:
    """Let the grid show the samples of one status."""
    scope.show(
        with_status(scope.view, scope.field, status),
        STATUSES.get(status, status).lower(),
        scope.counts.statuses.get(status, 0),
        scored=status == "scored",
    )


def parameters_for_the_rest(scope: PanelScope) -> dict[str, Any]:
    """Parameters of the last run, for a form that scores what has no status yet."""
    last = {k: v for k, v in _parameters(scope.counts.run).items() if k != "part_of"}
    return {**last, "skip_scored": True}


def _parameters(run: dict[str, Any] | None) -> dict[str, Any]:
    return (run or {}).get("parameters") or {}


def _about(scope: PanelScope) -> str:
    run = scope.counts.run
    if not run:
        return "No run of 'Score face quality' is recorded with this data set."
    when = datetime.fromisoformat(run["finished"])
    return f"Field `{scope.run_field}` · preset `{run['preset']}` · {when:%d %b %Y, %H:%M}"
