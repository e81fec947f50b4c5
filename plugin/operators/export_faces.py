"""Operator ``export_faces``: the kept or the discarded faces as a table, files, aligned crops or a new data set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fiftyone.operators import types

from ..dataset.fields import DEFAULT_FIELD
from ..dataset.targets import find_target
from ..queries.selection import Selection, select
from ..results.export.settings import FOLDERS, KINDS, TABLES, ExportSettings, default_path
from .base import LiveOperator, markdown, show, tell
from .forms import add_score_field, add_selection, add_target, mark

_KINDS_TEXT = {
    "csv": ("Table, CSV", "Paths and scores; spreadsheets and 'faceqgen evaluate' read it"),
    "json": ("Table, JSON", "Paths, scores and what was selected"),
    "copy": ("Copies of the images", "With a table beside them"),
    "symlink": ("Links to the images", "A folder of symbolic links: needs no space"),
    "crops": ("Aligned face crops", "Cut out as they were scored, PNG"),
    "dataset": ("New FiftyOne data set", "The samples with all their fields"),
}


class ExportFaces(LiveOperator):
    """Exports the samples on one side of a threshold or percentile."""

    operator_name = "export_faces"
    label = "Export faces by quality"
    description = (
        "Export the kept or the discarded faces: a table of paths and scores, copies or links, aligned crops, or a new "
        "data set"
    )
    icon = "export"
    place = types.Places.SAMPLES_GRID_SECONDARY_ACTIONS

    def resolve_input(self, ctx: Any) -> types.Property:
        """Describe the form."""
        kind = ctx.params.get("kind", "csv")
        inputs = types.Object()
        add_target(inputs, ctx)
        add_score_field(inputs, ctx)
        value = add_selection(
            inputs,
            ctx,
            keep="high",
            low="The discarded: worse than the value",
            high="The kept: the others that have a score",
        )
        _say_how_many(inputs, ctx, value)
        kinds = types.DropdownView()
        for name in KINDS:
            label, description = _KINDS_TEXT[name]
            kinds.add_choice(name, label=label, description=description)
        inputs.enum("kind", kinds.values(), default="csv", label="Export as", view=kinds)
        place = _add_place(inputs, ctx, kind)
        if kind in (*TABLES, "crops"):
            inputs.bool(
                "all_faces",
                default=False,
                label="All faces",
                description="Every scored face of the images, not the primary one alone",
            )
        inputs.bool(
            "sort_worst",
            default=False,
            label="Worst first",
            description="Else in the order of the samples",
        )
        try:
            # A form that was just opened has no name for a data set yet: no reason to scold.
            if kind != "dataset" or ctx.params.get("dataset_name"):
                ExportSettings.from_params(ctx.params)
        except ValueError as error:
            mark(place, error)
        return self.form(inputs)

    def work(self, ctx: Any) -> Iterator[Any]:
        """Export, telling how far it is."""
        from ..results.export.export import Export

        yield from tell(ctx, 0.0, "Reading the scores")
        selection = Selection.from_params(
            {"keep": "high", "sort_worst": False, **ctx.params, "view_name": None, "tag": None}
        )
        export = Export(ctx.target_view(), selection, ExportSettings.from_params(ctx.params))
        yield from self.run_live(ctx, export)
        yield from show(ctx, report(export.summary.to_dict()))

    def __call__(
        self,
        sample_collection: Any,
        *,
        kind: str = "csv",
        path: str | None = None,
        dataset_name: str | None = None,
        measure: str = "quality",
        by: str = "threshold",
        value: float | None = None,
        keep: str = "high",
        field: str = DEFAULT_FIELD,
        sort_worst: bool = False,
        all_faces: bool = False,
        add: bool = False,
        delegate: bool = False,
        progress: bool | None = None,
    ) -> Any:
        """Export from Python, with a progress bar; the parameters are those of ``Selection`` and ``ExportSettings``.

        Args:
            sample_collection: data set or view.
            kind: "csv", "json", "copy", "symlink", "crops" or "dataset".
            path: file of the table, or folder; default: a new one under ``~/.faceqgen/exports``.
            dataset_name: name of the new data set, for ``kind="dataset"``.
            measure: quality, ssim, mse or discriminator.
            by: "threshold" or "percentile".
            value: of the measure, or percent from the worst.
            keep: "high": what has a score and is not low; "low": what is worse than the value.
            field: field that ``score_faces`` wrote.
            sort_worst: worst first; off: the order of the samples.
            all_faces: every scored face, for tables and crops.
            add: write into a folder that holds other files.
            delegate: queue the export for ``fiftyone delegated launch`` instead.
            progress: show a progress bar; default: FiftyOne's own setting.

        Returns:
            A dict: where, exported, failed, problems and more; the queued operation if delegated.

        Raises:
            ValueError: something cannot be done as asked; the message says how to mend it.
        """
        chosen: dict[str, Any] = {
            "measure": measure,
            "by": by,
            "value": value,
            "keep": keep,
            "field": field,
            "sort_worst": sort_worst,
        }
        what = {
            "kind": kind,
            "path": path,
            "dataset_name": dataset_name,
            "all_faces": all_faces,
            "add": add,
        }
        settings = ExportSettings.from_params(what)
        if delegate:
            return self.queue(sample_collection, {**chosen, **what})
        from ..results.export.export import Export

        export = Export(sample_collection, Selection(**chosen), settings)
        self.run_here(export, export.summary.total, progress)
        return export.summary.to_dict()


def _say_how_many(inputs: types.Object, ctx: Any, value: types.Property) -> None:
    """Say how many samples the form selects; counting them finds out what is wrong with it, too."""
    if value.invalid:
        return
    try:
        selection = Selection.from_params({"keep": "high", **ctx.params, "sort_worst": False})
        view = find_target(ctx.target_view()).view
        found = select(view, selection)
    except ValueError as error:
        mark(value, error)
        return
    inputs.view(
        "how_many",
        types.Notice(
            label=f"{found.kept:,} of {len(view):,} samples",
            description=". ".join(
                [
                    f"{found.left_out:,} on the other side, {found.unscored:,} without a score",
                    *found.notices,
                ]
            ),
        ),
    )


def _add_place(inputs: types.Object, ctx: Any, kind: str) -> types.Property:
    if kind == "dataset":
        return inputs.str("dataset_name", required=False, label="Name of the new data set")
    # Not required: left empty, the export makes a new file or folder of its own.
    place = inputs.str(
        "path",
        required=False,
        label="Folder" if kind in FOLDERS else "File",
        description=f"Left empty: {default_path(ctx.dataset.name, kind, ctx.params.get('keep', 'high'))}",
    )
    if kind in FOLDERS:
        inputs.bool(
            "add",
            default=False,
            label="The folder may hold other files",
            description="None of them is replaced: a name that is taken gets a number",
        )
    return place


def report(summary: dict[str, Any]) -> str:
    """What an export did, as Markdown."""
    what = "samples" if summary["kind"] == "dataset" else "faces"
    if summary["kind"] in ("copy", "symlink"):
        what = "images"
    lines = [f"- {what} exported: **{summary['exported']}**"]
    if summary["failed"]:
        lines.append(f"- could not be read or written: **{summary['failed']}**")
        lines += [f"    - {markdown(problem)}" for problem in summary["problems"]]
    lines.append(
        f"- on the other side: {summary['left_out']}, without a score: {summary['unscored']}"
    )
    lines.append(f"\n`{summary['where']}`")
    if summary["table"]:
        lines.append(f"\nTable: `{summary['table']}`")
    lines += [f"\n{markdown(notice)}" for notice in summary["notices"]]
    return "\n".join(lines)
