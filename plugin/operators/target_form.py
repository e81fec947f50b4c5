"""The part of a form that says what an operator works on: the data set, the view, the selection; of groups one slice."""

from __future__ import annotations

from typing import Any

import fiftyone.core.media as fom
from fiftyone.operators import types


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
