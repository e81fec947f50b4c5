"""The part of a form that chooses faces by quality: measure, threshold or percentile, side; shared by operators."""

from __future__ import annotations

from typing import Any

from fiftyone.operators import types

from ..dataset.fields import SCORES
from ..queries.selection import DEFAULT_VALUE, Selection
from .dialogue import mark


def add_selection(
    inputs: types.Object,
    ctx: Any,
    *,
    keep: str = "low",
    low: str = "Worse than the value",
    high: str = "The others that have a score",
) -> types.Property:
    """Add measure, by, value and keep; what is wrong with them is said beside the value, whose input is returned.

    Args:
        inputs: of the form.
        ctx: of the operator.
        keep: side that is chosen at first.
        low: what the low side is.
        high: what the high side is.
    """
    by = ctx.params.get("by", "threshold")
    measure = ctx.params.get("measure", "quality")
    add_measure(inputs)
    tabs = types.TabsView()
    tabs.add_choice("threshold", label="Threshold")
    tabs.add_choice("percentile", label="Percentile")
    inputs.enum("by", ["threshold", "percentile"], default="threshold", label="By", view=tabs)
    value = inputs.float(
        "value",
        default=None if by == "threshold" and measure != "quality" else DEFAULT_VALUE.get(by),
        label="Value",
        description="Percent of the scored samples, counted from the worst"
        if by == "percentile"
        else f"On the scale of {measure}",
    )
    try:
        Selection.from_params({**ctx.params, "view_name": None, "tag": None})
    except ValueError as error:
        mark(value, error)
    sides = types.RadioGroup()
    sides.add_choice("low", label="Low quality", description=low)
    sides.add_choice("high", label="High quality", description=high)
    inputs.enum("keep", sides.values(), default=keep, label="Keep", view=sides)
    return value


def add_measure(inputs: types.Object) -> None:
    """Add the choice of a measure, each with its direction."""
    measures = types.DropdownView()
    for name, score in SCORES.items():
        direction = "higher is better" if score.higher_is_better else "lower is better"
        measures.add_choice(name, label=f"{name} ({direction})")
    inputs.enum("measure", measures.values(), default="quality", label="Measure", view=measures)
