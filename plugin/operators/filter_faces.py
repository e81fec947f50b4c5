"""Operator ``filter_faces``: shows the samples of low or high face quality, worst first; saves and tags them if asked."""

from __future__ import annotations

from typing import Any

import fiftyone.operators as foo
from fiftyone.operators import types

from ..fields import DEFAULT_FIELD, SCORES
from ..selection import DEFAULT_VALUE, Selection, select


class FilterFaces(foo.Operator):
    """Filters samples by the scores that ``score_faces`` wrote."""

    @property
    def config(self) -> foo.OperatorConfig:
        """What FiftyOne needs to know of the operator."""
        return foo.OperatorConfig(
            name="filter_faces",
            label="Filter by face quality",
            description="Show the samples of low or high face quality, worst first; save the view, tag its samples",
            icon="/assets/filter.svg",
            dynamic=True,
            risk_level="medium",
        )

    def resolve_input(self, ctx: Any) -> types.Property:
        """Describe the form."""
        by = ctx.params.get("by", "threshold")
        measure = ctx.params.get("measure", "quality")
        inputs = types.Object()
        inputs.view_target(ctx, default_target="DATASET")
        measures = types.DropdownView()
        for name, score in SCORES.items():
            direction = "higher is better" if score.higher_is_better else "lower is better"
            measures.add_choice(name, label=f"{name} ({direction})")
        inputs.enum("measure", measures.values(), default="quality", label="Measure", view=measures)
        inputs.enum(
            "by", ["threshold", "percentile"], default="threshold", label="By", view=_tabs()
        )
        default = None if by == "threshold" and measure != "quality" else DEFAULT_VALUE.get(by)
        value = inputs.float(
            "value",
            default=default,
            label="Value",
            description="Percent of the scored samples, counted from the worst"
            if by == "percentile"
            else f"On the scale of {measure}",
        )
        try:
            Selection.from_params(ctx.params)
        except ValueError as error:  # shown beside the value; "Execute" waits until it is mended
            value.invalid = True
            value.error_message = str(error)
        keep = types.RadioGroup()
        keep.add_choice("low", label="Low quality", description="Worse than the value")
        keep.add_choice("high", label="High quality", description="The others that have a score")
        inputs.enum("keep", keep.values(), default="low", label="Keep", view=keep)
        inputs.bool("sort_worst", default=True, label="Worst first")
        inputs.str("tag", required=False, label="Tag the samples")
        inputs.str("view_name", required=False, label="Save the view as")
        inputs.str(
            "field",
            default=DEFAULT_FIELD,
            label="Field",
            description="Field that the scores are in",
        )
        return types.Property(inputs, view=types.View(label="Filter by face quality"))

    def execute(self, ctx: Any) -> dict[str, Any]:
        """Filter, save, tag, show; returns the counts."""
        result = self._apply(ctx.target_view(), Selection.from_params(ctx.params))
        if ctx.executor is not None and not ctx.delegated:
            ctx.ops.set_view(view=result.view)
            if ctx.params.get("tag") or ctx.params.get("view_name"):
                ctx.ops.reload_dataset()
        return result.to_dict()

    def _apply(self, collection: Any, selection: Selection) -> Any:
        dataset = collection._root_dataset
        if selection.view_name and dataset.has_saved_view(selection.view_name):
            raise ValueError(
                f"there is a saved view {selection.view_name!r}: choose another name, or delete it first"
            )
        result = select(collection, selection)
        if selection.view_name:
            dataset.save_view(selection.view_name, result.view)
        if selection.tag:
            result.view.tag_samples(selection.tag)
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


def _tabs() -> types.TabsView:
    tabs = types.TabsView()
    tabs.add_choice("threshold", label="Threshold")
    tabs.add_choice("percentile", label="Percentile")
    return tabs
