"""The part of a form that says what an operator works on: the data set, the view, the selection; of groups one slice."""

from __future__ import annotations

from typing import Any

import fiftyone.core.media as fom
from fiftyone.operators import types


def add_target(inputs: types.Object, ctx: Any) -> None:
    """Add the choice of the target; for grouped data sets with a notice that names the slice."""
    if ctx.view.media_type != fom.GROUP or ctx.view.group_slice is None:  # not grouped by slices
        inputs.view_target(ctx)
        return
    if hasattr(ctx, "get_group_slice_scopes"):
        # FiftyOne then says "in the current slice" of each choice, and that all slices at once cannot be had.
        inputs.view_target(
            ctx, require_flat=True, allow_dataset_view=True, dataset_label="All slices"
        )
    else:
        inputs.view_target(ctx)
    notice = types.Notice(
        label=f"The active group slice {ctx.view.group_slice!r} is taken, other slices are left alone: choose the slice "
        "above the grid"
    )
    inputs.view("slice", notice)
