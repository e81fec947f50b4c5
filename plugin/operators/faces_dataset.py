"""Operator ``faces_dataset``: a new data set of the faces themselves, original and restored side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
from fiftyone.operators import types

from ..dataset.fields import DEFAULT_FIELD
from ..results.faces_dataset import FacesSettings, free_name
from ..scoring.settings import DEFAULT_PRESET
from .dialogue import add_score_field, mark, markdown, progress, show, telling_errors
from .target_form import add_target

LABEL = "Faces data set"


class MakeFacesDataset(foo.Operator):
    """Makes a grouped data set of face crops from the scored faces of photographs."""

    @property
    def config(self) -> foo.OperatorConfig:
        """What FiftyOne needs to know of the operator."""
        return foo.OperatorConfig(
            name="faces_dataset",
            label=LABEL,
            description="Make a new data set of all scored faces: each a crop of its own, original and restored side by "
            "side, with its scores",
            icon="/assets/faces.svg",
            dynamic=True,
            execute_as_generator=True,
            allow_immediate_execution=True,
            allow_delegated_execution=True,
            risk_level="medium",
        )

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
        if ctx.params.get("name") and fo.dataset_exists(ctx.params["name"]):
            mark(name, "There is a data set of this name: choose another")
        inputs.str(
            "folder",
            required=False,
            label="Folder for the crops",
            description="Left empty: ~/.faceqgen/restored/<new data set>",
        )
        inputs.str(
            "preset",
            default=DEFAULT_PRESET,
            label="Preset",
            description="The one that scored the faces, by name or folder; restores those whose restored crop was not kept",
        )
        inputs.bool("open_it", default=True, label="Open the new data set when it is made")
        return types.Property(inputs, view=types.View(label=LABEL))

    def execute(self, ctx: Any) -> Iterator[Any]:
        """Make it; a generator, so that the App shows the progress and the run has no time limit."""
        yield from telling_errors(ctx, LABEL, self._make(ctx))

    def _make(self, ctx: Any) -> Iterator[Any]:
        from ..results.faces_dataset import FacesDataset

        yield from progress(ctx, 0.0, "Reading the scores")
        making = FacesDataset(ctx.target_view(), FacesSettings.from_params(ctx.params))
        summary = making.summary
        for state in making:
            share = state.done / state.total
            yield from progress(ctx, share, f"{state.done} of {state.total} faces")
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
        chosen = {"name": name, "field": field, "folder": folder, "preset": preset}
        if delegate:
            view = sample_collection.view()
            return foo.execute_operator(
                self.uri,
                {"view": view, "group_slice": view.group_slice},
                params={key: value for key, value in chosen.items() if value is not None},
                request_delegation=True,
            )
        from ..results.faces_dataset import FacesDataset

        making = FacesDataset(sample_collection, FacesSettings.from_params(chosen))
        with fo.ProgressBar(total=making.summary.total, progress=progress) as bar:
            for state in making:
                bar.set_iteration(state.done)
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
