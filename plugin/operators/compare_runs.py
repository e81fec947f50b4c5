"""Operator ``compare_runs``: two fields or presets side by side: scatter plot, rank correlation, what disagrees most."""

from __future__ import annotations

from typing import Any

from fiftyone.operators import types

from faceqgen_core.vocabulary import SCORES

from ..dataset.extra_scores import all_measures
from ..dataset.saving import keep_view, require_free_view
from ..dataset.score_fields import score_fields
from ..results.comparison import Compared, ComparisonSettings, compare, scatter
from .base import FaceQualityOperator
from .forms import add_keeping, add_measure, add_score_field, add_target, mark


class CompareRuns(FaceQualityOperator):
    """Compares the scores of two runs over the same samples."""

    operator_name = "compare_runs"
    label = "Compare face quality runs"
    description = "Compare the scores of two presets or fields: scatter plot, rank correlation, the samples that disagree most"
    icon = "compare"
    place = types.Places.HISTOGRAM_ACTIONS

    def resolve_input(self, ctx: Any) -> types.Property:
        """Describe the form."""
        inputs = types.Object()
        add_target(inputs, ctx)
        found = score_fields(ctx.dataset) if ctx.dataset is not None else []
        first = str(ctx.params.get("first") or (found[0] if found else ""))
        others = [name for name in found if name != first]
        fields = {"first": found, "second": [*others, first] if first else others}
        prop = {
            name: add_score_field(
                inputs,
                ctx,
                name=name,
                label=f"{name.capitalize()} field",
                default=fit[0] if fit else "",
                name_presets=True,
            )
            for name, fit in fields.items()
        }
        second = str(ctx.params.get("second") or (others or found or [""])[0])
        other = _add_measures(inputs, ctx, first, second)
        inputs.int("count", default=50, min=1, label="Samples that disagree most, to show")
        add_keeping(inputs, ctx, tag="Tag them", view="Save their view as")
        if len(found) == 1 and other is None:
            mark(
                prop["second"],
                f"Only {found[0]!r} has scores: score with another preset into another field first",
            )
        elif found:
            try:
                chosen = {"first": first, "second": second, "second_measure": other}
                ComparisonSettings.from_params({**chosen, **ctx.params})
            except ValueError as error:
                mark(prop["second"], error)
        return self.form(inputs)

    def execute(self, ctx: Any) -> dict[str, Any]:
        """Compare, tag, save, show; returns the numbers and the plot."""
        compared = self._apply(ctx.target_view(), ComparisonSettings.from_params(ctx.params))
        if ctx.executor is not None and not ctx.delegated and compared.ids:
            ctx.ops.set_view(view=compared.view)
            if compared.settings.tag or compared.settings.view_name:
                ctx.ops.reload_dataset()
        traces, layout = scatter(compared)
        return {**compared.to_dict(), "plot": traces, "layout": layout}

    def _apply(self, collection: Any, settings: ComparisonSettings) -> Compared:
        require_free_view(collection._root_dataset, settings.view_name)
        compared = compare(collection, settings)
        keep_view(compared.view, view_name=settings.view_name, tag=settings.tag)
        return compared

    def resolve_output(self, ctx: Any) -> types.Property:
        """Describe the result."""
        result = ctx.results or {}
        outputs = types.Object()
        outputs.md(_sentences(result, ctx.params), name="sentences")
        if result.get("samples"):
            outputs.plot(
                "plot",
                layout=result.get("layout"),
                config={"displaylogo": False, "responsive": True},
                height=420,
            )
        return types.Property(outputs, view=types.View(label="Compared"))

    def __call__(self, sample_collection: Any, first: str, second: str, **options: Any) -> Compared:
        """Compare two fields of a data set or view; the parameters are those of ``ComparisonSettings``.

        Returns:
            ``Compared``: ``correlation``, ``view`` of the samples that disagree most, scores and more.

        Raises:
            ValueError: a field holds no scores, or a parameter is out of range.
        """
        return self._apply(
            sample_collection, ComparisonSettings(first=first, second=second, **options)
        )


def _add_measures(inputs: types.Object, ctx: Any, first: str, second: str) -> str | None:
    """Add the choice of a measure, or, where a field has scores of other networks, of one for each.

    Returns:
        What is chosen of the second at first; None if there is no such choice.
    """
    known = [all_measures(ctx.dataset, name) if name else SCORES for name in (first, second)]
    has_extra = any(len(measures) > len(SCORES) for measures in known)
    add_measure(inputs, known[0], label="Measure of the first" if has_extra else "Measure")
    if not has_extra:
        return None
    extra = next((name for name in known[1] if name not in SCORES), "quality")
    default = extra if first == second else "quality"
    label = "Measure of the second"
    add_measure(inputs, known[1], name="second_measure", label=label, default=default)
    return default


def _sentences(result: dict[str, Any], params: dict[str, Any]) -> str:
    measure = params.get("measure") or "quality"
    other = params.get("second_measure") or measure
    shown = [params.get("first"), params.get("second")]
    if measure != other:
        shown = [f"{shown[0]}.{measure}", f"{shown[1]}.{other}"]
    first, second = (f"`{name}`" for name in shown)
    if not result.get("samples"):
        return f"No sample has a score in both {first} and {second}."
    correlation = result["correlation"]
    lines = [
        f"**{result['samples']:,}** samples have a score in both {first} and {second}.",
        "All scores of one field are equal: there is no order to compare."
        if correlation is None
        else f"Rank correlation (Spearman): **{correlation:.3f}**; 1 is the same order, 0 none, -1 the reverse.",
        f"The {result['shown']:,} that disagree most are shown in the grid, the largest difference of ranks first.",
    ]
    for name, key in ((first, "only_first"), (second, "only_second")):
        if result[key]:
            lines.append(f"{result[key]:,} have a score in {name} alone.")
    return "\n\n".join(lines)
