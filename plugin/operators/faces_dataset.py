"""Operator ``faces_dataset``: a new data set of the faces themselves, original and restored side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import fiftyone as fo
from fiftyone.operators import types

from faceqgen_core.vocabulary import DEFAULT_PRESET

from ..dataset.fields import DEFAULT_FIELD
from ..results.faces_dataset import FacesSettings, free_name
from .base import LiveOperator, markdown, show, tell
from .choices import add_preset, chosen
from .forms import add_score_field, add_target, mark


class MakeFacesDataset(LiveOperator):
    """Makes a grouped data set of face crops from the scored faces of photographs."""

    operator_name = "faces_dataset"
    label = "Faces data set"
    description = (
        "Make a new data set of all scored faces: each a crop of its own, original and restored side by side, with its "
        "scores"
    )
    icon = "faces"

    def resolve_input(self, ctx: Any) -> types.Property:
        """Describe the form."""
        inputs = types.Object()
        add_target(inputs, ctx)
        add_score_field(inputs, ctx)
        name = inputs.str(
            "name",
            required=False,
            label="Name of the new data set",
            description=f"Left empty: {free_name(ctx.dataset.name)}",
        )
        if ctx.params.get("name") and fo.dataset_exists(str(ctx.params["name"])):
            mark(name, "There is a data set of this name: choose another")
        inputs.str(
            "folder",
            required=False,
            label="Folder for the crops",
            description="Left empty: ~/.faceqgen/restored/<new data set>",
        )
        add_preset(
            inputs,
            ctx,
            description="The one that scored the faces; restores those whose restored crop was not kept",
        )
        inputs.bool("open_it", default=True, label="Open the new data set when it is made")
        return self.form(inputs)

    def work(self, ctx: Any) -> Iterator[Any]:
        """Make it, telling how far it is."""
        from ..results.faces_dataset import FacesDataset

        yield from tell(ctx, 0.0, "Reading the scores")
        making = FacesDataset(ctx.target_view(), FacesSettings.from_params(chosen(ctx.params)))
        summary = making.summary
        yield from self.run_live(ctx, making)
        yield from show(ctx, report(summary.to_dict()))
        if ctx.executor is not None and ctx.params.get("open_it", True):
            yield ctx.ops.open_dataset(summary.name)

    def __call__(
        self,
        sample_collection: Any,
        *,
        name: str | None = None,
        field: str = DEFAULT_FIELD,
        folder: str | None = None,
        preset: str = DEFAULT_PRESET,
        delegate: bool = False,
        progress: bool | None = None,
    ) -> Any:
        """Make a faces data set from Python, with a progress bar; the parameters are those of ``FacesSettings``.

        Args:
            sample_collection: data set or view with scored faces.
            name: of the new data set; default: that of the source with "-faces".
            field: field that ``score_faces`` wrote.
            folder: where the crops are written to.
            preset: restores faces whose restored crop was not kept.
            delegate: queue the work for ``fiftyone delegated launch`` instead.
            progress: show a progress bar; default: FiftyOne's own setting.

        Returns:
            A dict: name of the data set, faces, restored, failed and more; the queued operation if delegated.

        Raises:
            ValueError: something cannot be done as asked; the message says how to mend it.
        """
        settings = FacesSettings(
            name=name, field=field, folder=folder or None, preset=preset or DEFAULT_PRESET
        )
        if delegate:
            return self.queue(sample_collection, settings.to_dict())
        from ..results.faces_dataset import FacesDataset

        making = FacesDataset(sample_collection, settings)
        self.run_here(making, making.summary.total, progress)
        return making.summary.to_dict()


def report(summary: dict[str, Any]) -> str:
    """What was made, as Markdown."""
    lines = [
        f"- faces in the new data set: **{summary['faces']}**",
        f"- with a restored crop: **{summary['restored']}**",
    ]
    if summary["failed"]:
        lines.append(f"- could not be cut out: **{summary['failed']}**")
        lines += [f"    - {markdown(problem)}" for problem in summary["problems"]]
    lines.append(f"\nData set `{summary['name']}`, files in `{summary['folder']}`")
    lines += [f"\n{markdown(notice)}" for notice in summary["notices"]]
    return "\n".join(lines)
