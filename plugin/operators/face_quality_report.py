"""Operator ``face_quality_report``: one HTML file that says how good the faces of a data set are, and how that is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from fiftyone.operators import types

from ..dataset.fields import DEFAULT_FIELD
from ..results.report.settings import ReportSettings, default_path
from .base import LiveOperator, show, tell
from .forms import add_score_field, add_target, mark


class FaceQualityReport(LiveOperator):
    """Writes a report of the face quality of a data set or view."""

    operator_name = "face_quality_report"
    label = "Face quality report"
    description = (
        "Write one HTML file to keep or to send: counts, histograms, the worst and the best faces, parameters, versions, "
        "limits"
    )
    icon = "report"
    place = types.Places.HISTOGRAM_ACTIONS

    def resolve_input(self, ctx: Any) -> types.Property:
        """Describe the form."""
        inputs = types.Object()
        add_target(inputs, ctx)
        add_score_field(inputs, ctx)
        inputs.str(
            "title", required=False, label="Title", description=f"Left empty: {ctx.dataset.name}"
        )
        faces = inputs.int(
            "faces",
            default=12,
            min=0,
            max=200,
            label="Faces of the worst and of the best",
            description="Their pictures will be in the file; 0 for a report without pictures of people",
        )
        path = inputs.str(
            "path",
            required=False,
            label="File",
            description=f"Left empty: {default_path(ctx.dataset.name)}",
        )
        for prop, name in ((faces, "faces"), (path, "path")):
            try:
                ReportSettings.from_params({name: ctx.params.get(name)}).target(ctx.dataset.name)
            except ValueError as error:
                mark(prop, error)
        return self.form(inputs)

    def work(self, ctx: Any) -> Iterator[Any]:
        """Write the report, telling how far it is."""
        from ..results.report.file import ReportFile

        yield from tell(ctx, 0.0, "Counting")
        report = ReportFile(ctx.target_view(), ReportSettings.from_params(ctx.params))
        yield from self.run_live(ctx, report)
        # The App's own server hands out files.
        address = f"/media?filepath={quote(str(report.path))}"
        yield from show(
            ctx, f"The report is written: `{report.path}`", link=("Open the report", address)
        )

    def __call__(
        self,
        sample_collection: Any,
        *,
        field: str = DEFAULT_FIELD,
        path: str | None = None,
        title: str | None = None,
        faces: int = 12,
        delegate: bool = False,
        progress: bool | None = None,
    ) -> Any:
        """Write a report from Python; the parameters are those of ``ReportSettings``.

        Args:
            sample_collection: data set or view.
            field: field that ``score_faces`` wrote.
            path: the HTML file; default: a new one under ``~/.faceqgen/reports``.
            title: heading; default: the name of the data set.
            faces: how many of the worst and of the best faces to show; 0 for none.
            delegate: queue it for ``fiftyone delegated launch`` instead.
            progress: show a progress bar; default: FiftyOne's own setting.

        Returns:
            Path of the file, a string; the queued operation if delegated.

        Raises:
            ValueError: something cannot be done as asked; the message says how to mend it.
        """
        settings = ReportSettings(field=field, path=path, title=title, faces=faces)
        if delegate:
            return self.queue(sample_collection, settings.to_dict())
        from ..results.report.file import ReportFile

        report = ReportFile(sample_collection, settings)
        self.run_here(report, report.summary.total, progress)
        return str(report.path)
