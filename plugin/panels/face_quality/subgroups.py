"""Section "Trust", second part: quality by subgroup, so that a bias is seen before data are thrown away."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fiftyone.operators import types

from ...queries.subgroups import FEWEST, MOST_GROUPS, Subgroup, group_fields, subgroups
from . import layout
from .layout import number
from .scope import PanelScope

NONE = "(none)"


def draw(scope: PanelScope, page: types.Object, panel: Any) -> None:
    """Draw the choice of the field and the boxes."""
    layout.title(page, "groups_title", "Quality by subgroup")
    fields, by = group_fields(scope.view), scope.choices.group
    layout.dropdown(
        layout.row(page, "group_choice"),
        "by",
        [NONE, *fields],
        by or NONE,
        label="Field",
        width=220,
        on_change=panel.on_group,
    )
    if by not in fields:
        return
    groups = subgroups(scope.view, scope.field, scope.measure, by, threshold=scope.threshold)
    if not groups:
        layout.text(page, "groups_text", f"No scored sample has a value in `{by}`.")
        return
    layout.plot(
        page,
        "boxes",
        _boxes(groups),
        _axes(scope.measure, scope.threshold),
        height=max(200, 90 + 34 * len(groups)),
    )
    layout.text(page, "groups_text", _words(groups, scope.measure))


def choose(scope: PanelScope, field: str | None) -> None:
    """Draw the groups of another field."""
    scope.choices.group = "" if field in (None, "", NONE) else str(field)


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
        "shapes": [layout.threshold_line(threshold)],
    }


def _words(groups: list[Subgroup], measure: str) -> str:
    text = (
        f"Box: quartiles of {measure}; whiskers: 5th and 95th percentile; dashed: the threshold. "
        f"At most the {MOST_GROUPS} largest groups, lowest median first."
    )
    large = [group for group in groups if group.count >= FEWEST]
    if len(large) < 2:
        return text
    most = max(large, key=lambda group: group.fraction_discarded)
    least = min(large, key=lambda group: group.fraction_discarded)
    return (
        f"**The threshold discards {layout.percent(most.fraction_discarded)} of “{_short(most.name)}” and "
        f"{layout.percent(least.fraction_discarded)} of “{_short(least.name)}”** (medians {number(most.median)} and "
        f"{number(least.median)}; groups of at least {FEWEST}). {text}"
    )


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:23]}…"
