"""Section "Overview": counts by status, the run behind them, and a way to score what is not scored yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fiftyone.operators import types

from ...dataset import run_records
from ...dataset.statuses import NOT_SCORED, STATUSES, count_statuses, with_status
from . import layout
from .scope import Workspace
from .state import facts_of

SCORE = "@faceqgen/face-quality/score_faces"


class Overview:
    """Counts, draws and answers the section; mixed into the panel, since FiftyOne looks for handlers there."""

    def count_overview(self, workspace: Workspace) -> None:
        """Count the statuses and find the run."""
        if workspace.dataset is None:
            return
        workspace.facts.statuses = count_statuses(workspace.view, workspace.field)
        workspace.facts.run = run_records.latest(workspace.dataset, workspace.run_field)

    def draw_overview(self, workspace: Workspace, page: types.Object) -> None:
        """Draw the section."""
        counts = workspace.facts.statuses
        row = layout.row(page, "overview", pt=1)
        for status, count in counts.items():
            layout.button(
                row,
                f"status_{status}",
                f"{STATUSES.get(status, status)}: {count:,}",
                self.on_status,
                params={"status": status},
            )
        waiting = counts.get(NOT_SCORED, 0)
        if waiting and not workspace.patches:
            everything = waiting == sum(counts.values())
            label = "Score the faces" if everything else f"Score the rest ({waiting:,})"
            layout.button(row, "score_rest", label, self.on_score_rest, active=True)
        self._draw_fields(workspace, row)
        layout.button(row, "refresh", "Refresh", self.on_refresh, title="Count anew")
        layout.text(page, "about_run", _about(workspace, workspace.facts.run))

    def _draw_fields(self, workspace: Workspace, row: types.Object) -> None:
        """Draw the choice of the field where several runs wrote one."""
        fields = workspace.fields
        if len(fields) < 2:
            return
        choices = types.DropdownView(label="Scores", componentsProps=layout.wide(180))
        for name in fields:
            choices.add_choice(name, label=name)
        row.enum(
            "field",
            choices.values(),
            default=workspace.field,
            view=choices,
            on_change=self.on_field,
        )

    def on_field(self, ctx: Any) -> None:
        """Count the scores of another field."""
        known, chosen = facts_of(ctx), ctx.params.get("value")
        if chosen == Workspace(ctx).field:
            return
        known.field, known.threshold = chosen, None
        self.refresh(ctx)  # type: ignore[attr-defined]

    def on_refresh(self, ctx: Any) -> None:
        """Count anew."""
        self.refresh(ctx)  # type: ignore[attr-defined]

    def on_status(self, ctx: Any) -> None:
        """Show the samples of one status."""
        workspace, status = Workspace(ctx), ctx.params["status"]
        workspace.show(
            with_status(workspace.view, workspace.field, status),
            STATUSES.get(status, status).lower(),
            workspace.facts.statuses.get(status, 0),
            scored=status == "scored",
        )

    def on_score_rest(self, ctx: Any) -> None:
        """Open the form that scores what has no status yet, with the parameters of the last run."""
        run = facts_of(ctx).run or {}
        params = {**(run.get("parameters") or {}), "skip_scored": True}
        ctx.prompt(SCORE, params=params, on_success=self.on_scored)

    def on_scored(self, ctx: Any) -> None:
        """Count anew after a run."""
        self.refresh(ctx)  # type: ignore[attr-defined]


def _about(workspace: Workspace, run: dict[str, Any] | None) -> str:
    if not run:
        return "No run of 'Score face quality' is recorded with this data set."
    when = datetime.fromisoformat(run["finished"])
    return f"Field `{workspace.run_field}` · preset `{run['preset']}` · {when:%d %b %Y, %H:%M}"
