"""What the grid shows of the view, and what can be done with just that: tag it, save it as a view, export it."""

from __future__ import annotations

from typing import Any

from fiftyone.operators import types

from faceqgen_core.vocabulary import PLUGIN, SCORES

from ...settings import LONGEST_TEXT, shown
from . import layout
from .event_values import EventRefused
from .scope import PanelScope

EXPORT = f"{PLUGIN}/export_faces"


def draw(scope: PanelScope, page: types.Object, panel: Any) -> None:
    """Draw what the grid shows and the buttons for it; they act on what the curator sees, never on more."""
    subset = scope.subset
    if subset is None:
        layout.text(
            page,
            "shown_text",
            "The grid shows the whole view. Show a part of it (a bar, low, kept) to tag, save or export that part.",
        )
        return
    layout.text(page, "shown_text", f"The grid shows **{subset.title}**: {subset.count:,} samples")
    actions = layout.row(page, "actions")
    actions.str(
        "name",
        view=types.TextFieldView(label="Name of the tag or view", componentsProps=layout.wide(220)),
    )
    layout.button(actions, "tag", "Tag", panel.on_tag)
    layout.button(actions, "save_view", "Save view", panel.on_save_view)
    if subset.scored:
        layout.button(actions, "export", "Export …", panel.on_export)
    layout.button(actions, "show_all", "Show all", panel.on_show_all)


def tag(ctx: Any, scope: PanelScope) -> None:
    """Tag the shown samples; in patches the labels behind them."""
    name = _name(ctx, "Name the tag first, then press Tag again")
    if name is None:
        return
    if scope.patches:
        scope.shown.tag_labels(name, label_fields=scope.field)
    else:
        scope.shown.tag_samples(name)
    ctx.ops.notify(f"Tagged {len(scope.shown):,} samples “{name}”", variant="success")
    ctx.ops.reload_dataset()


def save_view(ctx: Any, scope: PanelScope) -> None:
    """Save the shown samples as a view."""
    name = _name(ctx, "Name the view first, then press Save view again")
    if name is None:
        return
    if ctx.dataset.has_saved_view(name):
        ctx.ops.notify(
            f"There is a saved view “{name}” already: choose another name", variant="error"
        )
        return
    ctx.dataset.save_view(name, scope.shown)
    ctx.ops.notify(f"Saved {len(scope.shown):,} samples as “{name}”", variant="success")
    ctx.ops.reload_dataset()


def export(ctx: Any, scope: PanelScope) -> None:
    """Open the export's form for the shown samples."""
    keep = scope.subset.keep if scope.subset else None
    params = {
        "measure": scope.measure,
        "by": "threshold",
        # A subset that no threshold made is exported whole: nothing in it is worse than the end of the scale.
        "value": scope.threshold if keep else SCORES[scope.measure].worst,
        "keep": keep or "high",
        "field": scope.field,
    }
    ctx.prompt(EXPORT, params=params)


def _name(ctx: Any, otherwise: str) -> str | None:
    value = ctx.panel.state.get("actions.name") or ""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or "\0" in value:
        raise EventRefused(
            f"a name is a text of at most {LONGEST_TEXT} characters, got {shown(value)}"
        )
    name = value.strip()
    if not name:
        ctx.ops.notify(otherwise, variant="warning")
    return name or None
