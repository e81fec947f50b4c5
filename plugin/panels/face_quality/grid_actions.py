"""What the grid shows of the view, and what can be done with just that: tag it, save it as a view, export it."""

from __future__ import annotations

from typing import Any

from fiftyone.operators import types

from ...dataset.fields import SCORES
from ...queries.thresholds import higher_is_better
from . import layout
from .scope import Workspace

EXPORT = "@faceqgen/face-quality/export_faces"


class Shown:
    """Draws and answers the section; it acts on what the curator sees, never on more."""

    def draw_shown(self, workspace: Workspace, page: types.Object) -> None:
        """Draw what the grid shows and the buttons for it."""
        part = workspace.part
        if part is None:
            layout.text(
                page,
                "shown_text",
                "The grid shows the whole view. Show a part of it (a bar, low, kept) to tag, save or export that part.",
            )
            return
        layout.text(
            page,
            "shown_text",
            f"The grid shows **{part.title}**: {part.count:,} samples",
        )
        actions = layout.row(page, "actions")
        actions.str(
            "name",
            view=types.TextFieldView(
                label="Name of the tag or view", componentsProps=layout.wide(220)
            ),
        )
        layout.button(actions, "tag", "Tag", self.on_tag)
        layout.button(actions, "save_view", "Save view", self.on_save_view)
        if part.scored:
            layout.button(actions, "export", "Export …", self.on_export)
        layout.button(actions, "show_all", "Show all", self.on_show_all)

    def on_tag(self, ctx: Any) -> None:
        """Tag the shown samples; in patches the labels behind them."""
        name = self._name(ctx, "Name the tag first, then press Tag again")
        if name is None:
            return
        workspace = Workspace(ctx)
        if workspace.patches:
            workspace.shown.tag_labels(name, label_fields=workspace.field)
        else:
            workspace.shown.tag_samples(name)
        ctx.ops.notify(f"Tagged {len(workspace.shown):,} samples “{name}”", variant="success")
        ctx.ops.reload_dataset()

    def on_save_view(self, ctx: Any) -> None:
        """Save the shown samples as a view."""
        name = self._name(ctx, "Name the view first, then press Save view again")
        if name is None:
            return
        if ctx.dataset.has_saved_view(name):
            ctx.ops.notify(
                f"There is a saved view “{name}” already: choose another name", variant="error"
            )
            return
        shown = Workspace(ctx).shown
        ctx.dataset.save_view(name, shown)
        ctx.ops.notify(f"Saved {len(shown):,} samples as “{name}”", variant="success")
        ctx.ops.reload_dataset()

    def on_export(self, ctx: Any) -> None:
        """Open the export's form for the shown samples."""
        workspace = Workspace(ctx)
        measure = workspace.measure
        keep = workspace.part.keep if workspace.part else None
        score = SCORES[measure]
        # A part that no threshold made is exported whole: nothing in it is worse than the end of the scale.
        worst = score.low if higher_is_better(measure) else score.high
        params = {
            "measure": measure,
            "by": "threshold",
            "value": workspace.threshold if keep else worst,
            "keep": keep or "high",
            "field": workspace.field,
        }
        ctx.prompt(EXPORT, params=params)

    def on_show_all(self, ctx: Any) -> None:
        """Show the whole view again."""
        Workspace(ctx).show_all()

    @staticmethod
    def _name(ctx: Any, otherwise: str) -> str | None:
        name = str(ctx.panel.state.get("actions.name") or "").strip()
        if not name:
            ctx.ops.notify(otherwise, variant="warning")
            return None
        return name
