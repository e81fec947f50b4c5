"""Operator ``filter_faces``: shows the samples of low or high face quality, worst first; saves and tags them if asked."""

from __future__ import annotations

from typing import Any

from fiftyone.operators import types

from ..dataset.fields import DEFAULT_FIELD
from ..dataset.saving import keep_view, require_free_view
from ..queries.selection import Selected, Selection, select
from .base import FaceQualityOperator
from .forms import add_keeping, add_selection, add_target


class FilterFaces(FaceQualityOperator):
    """Filters samples by the scores that ``score_faces`` wrote."""

    operator_name = "filter_faces"
    label = "Filter by face quality"
    description = (
        "Show the samples of low or high face quality, worst first; save the view, tag its samples"
    )
    icon = "filter"
    can_wait = False

    def resolve_input(self, ctx: Any) -> types.Property:
        """Describe the form."""
        inputs = types.Object()
        add_target(inputs, ctx, default_target="DATASET")
        add_selection(inputs, ctx)
        inputs.bool("sort_worst", default=True, label="Worst first")
        add_keeping(inputs, ctx, tag="Tag the samples", view="Save the view as")
        inputs.str(
            "field",
            default=DEFAULT_FIELD,
            label="Field",
            description="Field that the scores are in",
        )
        return self.form(inputs)

    def execute(self, ctx: Any) -> dict[str, Any]:
        """Filter, save, tag, show; returns the counts."""
        result = self._apply(ctx.target_view(), Selection.from_params(ctx.params))
        if ctx.executor is not None and not ctx.delegated:
            ctx.ops.set_view(view=result.view)
            for notice in result.notices:
                ctx.ops.notify(notice, variant="warning")
            if ctx.params.get("tag") or ctx.params.get("view_name"):
                ctx.ops.reload_dataset()
        return result.to_dict()

    def _apply(self, collection: Any, selection: Selection) -> Selected:
        require_free_view(collection._root_dataset, selection.view_name)
        result = select(collection, selection)
        keep_view(result.view, view_name=selection.view_name, tag=selection.tag)
        return result

    def resolve_output(self, ctx: Any) -> types.Property:
        """Describe the result."""
        outputs = types.Object()
        outputs.int("kept", label="Samples kept")
        outputs.int("left_out", label="Samples on the other side")
        outputs.int("unscored", label="Samples without a score")
        outputs.float("threshold", label="Threshold")
        return types.Property(outputs, view=types.View(label="Filtered"))

    def __call__(self, sample_collection: Any, **selection: Any) -> Any:
        """Return the filtered view of a data set or view; the parameters are those of ``Selection``.

        Raises:
            ValueError: there are no scores, or a parameter is out of range.
        """
        return self._apply(sample_collection, Selection(**selection)).view
