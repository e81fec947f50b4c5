"""Operator ``delete_face_quality``: removes fields, records and files of the runs on a data set; asks first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fiftyone.operators import types

from ..dataset.fields import DEFAULT_FIELD
from ..dataset.run_records import recorded_fields
from ..results.removal import Removal, RemovalSettings
from .base import DeletingOperator, markdown, show, tell
from .forms import add_score_field, mark


class DeleteFaceQuality(DeletingOperator):
    """Deletes what ``score_faces`` wrote."""

    operator_name = "delete_face_quality"
    label = "Delete face quality"
    description = (
        "Delete the fields of face scores, the records of their runs and the files that the runs wrote; shows what, and "
        "asks first"
    )
    icon = "delete"

    def resolve_input(self, ctx: Any) -> types.Property:
        """Describe the form: what would be deleted, and a question."""
        inputs = types.Object()
        # A field that somebody has deleted by hand may have left records and files.
        field = add_score_field(inputs, ctx, more=recorded_fields(ctx.dataset))
        inputs.bool(
            "fields",
            default=True,
            label="Fields",
            description="The scores, the faces and the heatmap of the whole data set, with their indexes",
        )
        inputs.bool("runs", default=True, label="Records of the runs")
        inputs.bool(
            "files",
            default=True,
            label="Files",
            description="Restored images, crops and heatmaps that the runs' manifests name; no others",
        )
        self.add_dry_run(inputs)
        if not field.invalid:
            self._add_question(inputs, ctx, field)
        return self.form(inputs)

    def _add_question(self, inputs: types.Object, ctx: Any, field: types.Property) -> None:
        try:
            removal = Removal(ctx.dataset, RemovalSettings.from_params(ctx.params))
        except ValueError as error:
            mark(field, error)
            return
        inputs.md(_plan(removal.plan.to_dict()), name="plan")
        self.add_question(inputs, ctx)

    def work(self, ctx: Any) -> Iterator[Any]:
        """Delete, telling how far it is; only tell what would be deleted if that is asked."""
        removal = Removal(ctx.dataset, RemovalSettings.from_params(ctx.params))
        plan = removal.plan
        if self.only_tells(ctx):
            yield from show(ctx, _plan(plan.to_dict()))
            return
        yield from tell(ctx, 0.0, "Deleting files")
        yield from self.run_live(ctx, removal)
        if ctx.executor is not None:
            yield ctx.ops.clear_view()  # it may sort by a field that is gone
            yield ctx.ops.reload_dataset()
        yield from show(ctx, report(plan.to_dict()))

    def __call__(
        self,
        sample_collection: Any,
        *,
        field: str = DEFAULT_FIELD,
        fields: bool = True,
        runs: bool = True,
        files: bool = True,
        dry_run: bool = False,
        progress: bool | None = None,
    ) -> dict[str, Any]:
        """Delete from Python; a call in code is asked no question.

        Args:
            sample_collection: a data set; of a view, its whole data set.
            field: field that ``score_faces`` wrote.
            fields: delete it, its faces and heatmap, their indexes, and the entry in the App's media fields.
            runs: delete the records of the runs.
            files: delete the files that the runs' manifests name.
            dry_run: change nothing, return what would be deleted.
            progress: show a progress bar; default: FiftyOne's own setting.

        Returns:
            A dict: fields, samples, runs, files, bytes, deleted, failed and more.

        Raises:
            ValueError: nothing of the field is there, or the field is somebody else's.
        """
        settings = RemovalSettings(field=field, fields=fields, runs=runs, files=files)
        removal = Removal(sample_collection._root_dataset, settings)
        if not dry_run:
            self.run_here(removal, removal.plan.total, progress)
        return removal.plan.to_dict()


def _plan(plan: dict[str, Any]) -> str:
    """What would be deleted, as Markdown."""
    lines = ["This would be deleted:\n"]
    if plan["fields"]:
        names = ", ".join(f"`{name}`" for name in plan["fields"])
        lines.append(
            f"- fields {names} with the scores of **{plan['samples']:,}** samples, {plan['indexes']} indexes"
        )
    if plan["runs"]:
        lines.append(f"- **{len(plan['runs'])}** record(s) of runs")
    if plan["files"]:
        where = ", ".join(f"`{folder}`" for folder in plan["folders"])
        lines.append(f"- **{plan['files']:,}** files, {plan['bytes'] / 1e6:,.1f} MB, in {where}")
    if plan["temporary"]:
        lines.append(f"- **{plan['temporary']:,}** temporary files of runs that were killed")
    if len(lines) == 1:
        lines = ["Nothing would be deleted."]
    return "\n".join([*lines, *_stays(plan)])


def _stays(plan: dict[str, Any]) -> list[str]:
    """What stays, and what will not work any more."""
    lines = []
    if plan["others"]:
        lines.append(
            f"- {plan['others']:,} other file(s) in these folders, which no run wrote, stay"
        )
    if plan["refused"]:
        some = ", ".join(f"`{name[:80]}`" for name in plan["refused"][:3])
        lines.append(
            f"- {len(plan['refused']):,} entries of the manifest are no files of the run and are refused: {some}"
        )
    for folder, users in plan["kept_folders"].items():
        names = ", ".join(markdown(name) for name in users)
        lines.append(
            f"- files in `{folder}` stay, {plan['kept']:,} in all: they are also used by {names}"
        )
    if plan["saved_views"]:
        names = ", ".join(markdown(name) for name in plan["saved_views"])
        lines.append(f"- saved views that use the fields will not load: {names}")
    return ["", *lines] if lines else []


def report(plan: dict[str, Any]) -> str:
    """What was deleted, as Markdown."""
    lines = [
        f"- fields deleted: **{len(plan['fields'])}**",
        f"- records of runs deleted: **{len(plan['runs'])}**",
        f"- files deleted: **{plan['deleted']:,}**",
    ]
    if plan["failed"]:
        lines.append(f"- files that could not be deleted: **{plan['failed']:,}**")
        lines += [f"    - {markdown(problem)}" for problem in plan["problems"]]
    return "\n".join([*lines, *_stays(plan)])
