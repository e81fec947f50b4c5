"""Section "Trust", second part: quality by subgroup, so that a bias is seen before data are thrown away."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fiftyone.operators import types

from ...queries.subgroups import MOST_GROUPS, Subgroup, group_fields, subgroups
from . import layout
from .distribution import number
from .scope import Workspace
from .state import facts_of

NONE = "(none)"
FEWEST = 5
"""Samples that a group needs before it is compared with others in words."""


class TrustGroups:
    """Counts, draws and answers the section."""

    def draw_groups(self, workspace: Workspace, page: types.Object) -> None:
        """Draw the choice of the field and the boxes."""
        layout.title(page, "groups_title", "Quality by subgroup")
        fields = group_fields(workspace.view)
        choices = types.DropdownView(label="Field", componentsProps=layout.wide(220))
        for name in (NONE, *fields):
            choices.add_choice(name, label=name)
        row = layout.row(page, "group_choice")
        row.enum(
            "by",
            choices.values(),
            default=workspace.facts.group or NONE,
            view=choices,
            on_change=self.on_group,
        )
        by = workspace.facts.group
        if by not in fields:
            return
        groups = subgroups(
            workspace.view,
            workspace.field,
            workspace.measure,
            by,
            threshold=workspace.threshold,
        )
        if not groups:
            layout.text(page, "groups_text", f"No scored sample has a value in `{by}`.")
            return
        layout.plot(
            page,
            "boxes",
            _boxes(groups),
            _axes(workspace.measure, workspace.threshold),
            height=max(200, 90 + 34 * len(groups)),
        )
        layout.text(page, "groups_text", _words(groups, workspace.measure))

    def on_group(self, ctx: Any) -> None:
        """Draw the groups of another field."""
        chosen = str(ctx.params.get("value") or NONE)
        facts_of(ctx).group = "" if chosen == NONE else chosen


def _boxes(groups: list[Subgroup]) -> list[dict[str, Any]]:
    facts = [asdict(group) for group in groups]
    return [
        {
            "type": "box",
            "orientation": "h",
            "y": [f"{_short(group.name)} ({group.count:,})" for group in groups],
            "lowerfence": [group["low"] for group in facts],
            "q1": [group["first_quartile"] for group in facts],
            "median": [group["median"] for group in facts],
            "q3": [group["third_quartile"] for group in facts],
            "upperfence": [group["high"] for group in facts],
            "marker": {"color": layout.KEPT_COLOUR},
            "line": {"width": 1.6},
        }
    ]


def _axes(measure: str, threshold: float) -> dict[str, Any]:
    return {
        "dragmode": False,
        "margin": {"t": 8, "l": 150, "r": 12, "b": 44},
        "xaxis": {
            "title": {"text": measure},
            "fixedrange": True,
            **({"range": [0, 100]} if measure == "quality" else {}),
        },
        "yaxis": {"fixedrange": True, "autorange": "reversed", "showgrid": False},
        "shapes": [
            {
                "type": "line",
                "x0": threshold,
                "x1": threshold,
                "y0": 0,
                "y1": 1,
                "yref": "paper",
                "line": {"color": layout.DISCARDED_COLOUR, "width": 2, "dash": "dash"},
            }
        ],
    }


def _words(groups: list[Subgroup], measure: str) -> str:
    text = (
        f"Box: quartiles of {measure}; whiskers: 5th and 95th percentile; dashed: the threshold. "
        f"At most the {MOST_GROUPS} largest groups, lowest median first."
    )
    large = [group for group in groups if group.count >= FEWEST]
    if len(large) < 2:
        return text
    most = max(large, key=lambda group: group.share_discarded)
    least = min(large, key=lambda group: group.share_discarded)
    return (
        f"**The threshold discards {layout.percent(most.share_discarded)} of “{_short(most.name)}” and "
        f"{layout.percent(least.share_discarded)} of “{_short(least.name)}”** (medians {number(most.median)} and "
        f"{number(least.median)}; groups of at least {FEWEST}). {text}"
    )


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:23]}…"
