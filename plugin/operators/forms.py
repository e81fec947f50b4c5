"""Parts of forms that several operators share: what to work on, which field of scores, which faces by quality."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import fiftyone.core.media as fom
from fiftyone.operators import types

from faceqgen_core.vocabulary import SCORES, Measure

from ..dataset.fields import DEFAULT_FIELD
from ..dataset.saving import require_free_view
from ..dataset.score_fields import presets_of, score_fields
from ..queries.selection import DEFAULT_VALUE, Selection


def mark(prop: types.Property, error: Exception | str | None) -> None:
    """Mark an input of a form as wrong and say why; the App's button waits until it is mended."""
    if error:
        prop.invalid = True
        prop.error_message = str(error)


def add_target(inputs: types.Object, ctx: Any, *, default_target: str | None = None) -> None:
    """Add the choice of the target; for grouped data sets with a notice that names the slice.

    Args:
        inputs: of the form.
        ctx: of the operator.
        default_target: what is chosen at first, as in FiftyOne's ``view_target``; None: FiftyOne's own choice.
    """
    if ctx.view.media_type != fom.GROUP or ctx.view.group_slice is None:  # not grouped by slices
        inputs.view_target(ctx, default_target=default_target)
        return
    if hasattr(ctx, "get_group_slice_scopes"):
        # FiftyOne then says "in the current slice" of each choice, and that all slices at once cannot be had.
        inputs.view_target(
            ctx,
            default_target="DATASET_VIEW" if default_target == "DATASET" else default_target,
            require_flat=True,
            allow_dataset_view=True,
            dataset_label="All slices",
        )
    else:
        inputs.view_target(ctx, default_target=default_target)
    notice = types.Notice(
        label=f"The active group slice {ctx.view.group_slice!r} is taken, other slices are left alone: choose the slice "
        "above the grid"
    )
    inputs.view("slice", notice)


def add_score_field(
    inputs: types.Object,
    ctx: Any,
    *,
    name: str = "field",
    label: str = "Field",
    default: str = "",
    more: Iterable[str] = (),
    name_presets: bool = False,
) -> types.Property:
    """Add the choice of a field with face scores.

    Args:
        inputs: of the form.
        ctx: of the operator.
        name: of the parameter.
        label: of the input.
        default: what is chosen at first; "": the usual field, or the first there is.
        more: fields to offer beside those that hold scores.
        name_presets: say which presets they come from.
    """
    found = score_fields(ctx.dataset) if ctx.dataset is not None else []
    found += [field for field in more if field not in found]
    choices = types.DropdownView()
    for field in found:
        presets = presets_of(ctx.dataset, field) if name_presets else []
        choices.add_choice(field, label=f"{field} ({', '.join(presets)})" if presets else field)
    wanted = default or (DEFAULT_FIELD if DEFAULT_FIELD in found or not found else found[0])
    prop = inputs.enum(
        name,
        choices.values() if found else [wanted],
        default=wanted,
        label=label,
        description="Field that 'Score face quality' wrote",
        view=choices if found else types.View(),
    )
    if not found:
        mark(prop, "Nothing is scored here: run 'Score face quality' first")
    return prop


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
    by = str(ctx.params.get("by", "threshold"))
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


def add_measure(
    inputs: types.Object,
    known: Mapping[str, Measure] = SCORES,
    *,
    name: str = "measure",
    label: str = "Measure",
    default: str = "quality",
) -> None:
    """Add the choice of a measure, each with its direction.

    Args:
        inputs: of the form.
        known: what there is to choose from.
        name: of the parameter.
        label: of the input.
        default: what is chosen at first.
    """
    measures = types.DropdownView()
    for key, score in known.items():
        direction = "higher is better" if score.higher_is_better else "lower is better"
        measures.add_choice(key, label=f"{key} ({direction})")
    chosen = default if default in known else next(iter(known))
    inputs.enum(name, measures.values(), default=chosen, label=label, view=measures)


def add_keeping(inputs: types.Object, ctx: Any, *, tag: str, view: str) -> None:
    """Add what may be done with the samples that are found: a tag for them, a name for their view.

    Args:
        inputs: of the form.
        ctx: of the operator.
        tag: label of the input for the tag.
        view: label of the input for the name of the view.
    """
    inputs.str("tag", required=False, label=tag)
    name = inputs.str("view_name", required=False, label=view)
    try:
        require_free_view(ctx.dataset, ctx.params.get("view_name"))
    except ValueError as error:
        mark(name, error)
