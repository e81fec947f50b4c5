"""Operator ``import_scores``: writes the scores of a table, of the command line or a cluster, as ``score_faces`` would."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fiftyone.operators import types

from ..dataset.fields import DEFAULT_FIELD
from ..scoring.import_settings import ImportSettings
from .base import ScoringOperator, markdown, tell
from .forms import add_target, mark


class ImportScores(ScoringOperator):
    """Merges a scores table into the fields of the samples whose files it names."""

    operator_name = "import_scores"
    label = "Import face quality scores"
    description = (
        "Write the scores of a table of faceqgen score, CSV or Parquet, to the samples whose files it names: the same fields as "
        "scoring here"
    )
    icon = "import"
    refused = "Not imported"

    def resolve_input(self, ctx: Any) -> types.Property:
        """Describe the form."""
        inputs = types.Object()
        add_target(inputs, ctx)
        scores = inputs.str(
            "scores",
            required=True,
            label="Table",
            description="CSV or Parquet file, or folder of Parquet files, on the machine of the server",
        )
        if "scores" in ctx.params and not ctx.params["scores"]:
            mark(scores, "Name the table")
        inputs.str(
            "field",
            default=DEFAULT_FIELD,
            label="Field",
            description="Where the scores go; the faces go to <field>_faces",
        )
        inputs.bool(
            "skip_scored",
            default=True,
            label="Skip scored samples",
            description="Leave samples alone that have a status in the field, unless they are unreadable or failed",
        )
        inputs.str(
            "of_preset",
            required=False,
            label="Preset",
            description="Identifier of the preset whose rows are taken; left empty: that of the first row",
        )
        inputs.str(
            "extra_scores",
            required=False,
            label="Other networks",
            description="JSON files of the other quality networks whose scores are taken, with commas between",
        )
        return self.form(inputs)

    def work(self, ctx: Any) -> Iterator[Any]:
        """Import, telling how far it is."""
        from ..scoring.import_run import ImportRun

        settings = ImportSettings.from_params(ctx.params)
        yield from tell(ctx, 0.0, "Reading the table")
        yield from self.write(ctx, ImportRun(ctx.target_view(), settings), report)

    def __call__(
        self,
        sample_collection: Any,
        scores: str,
        *,
        field: str = DEFAULT_FIELD,
        of_preset: str | None = None,
        skip_scored: bool = True,
        extra_scores: str | None = None,
        delegate: bool = False,
        progress: bool | None = None,
    ) -> Any:
        """Import from Python, with a progress bar; the parameters are those of ``ImportSettings``.

        Args:
            sample_collection: data set or view of images.
            scores: path of the table.
            field: name of the field to write.
            of_preset: identifier of the preset whose rows are taken; default: that of the first row.
            skip_scored: leave samples alone that have a status, unless they are unreadable or failed.
            extra_scores: JSON files of the other networks whose scores are taken, with commas between.
            delegate: queue the import for ``fiftyone delegated launch`` instead.
            progress: show a progress bar; default: FiftyOne's own setting.

        Returns:
            A dict: counts by status, rows, unknown, refused, refusals, skipped, run_key and more; the queued operation if
            delegated.

        Raises:
            ValueError: something cannot be done as asked; the message says how to mend it.
        """
        settings = ImportSettings(
            scores=scores,
            field=field,
            of_preset=of_preset,
            skip_scored=skip_scored,
            extra_scores=extra_scores,
        )
        if delegate:
            return self.queue(sample_collection, settings.to_dict())
        from ..scoring.import_run import ImportRun

        return self.write_here(ImportRun(sample_collection, settings), progress)


def report(summary: dict[str, Any]) -> str:
    """What was imported, as Markdown."""
    lines = [f"- **{status}**: {count}" for status, count in summary["counts"].items()]
    if summary["skipped"]:
        lines.append(f"- left alone (scored before): {summary['skipped']}")
    lines.append(f"\nField `{summary['field']}`, preset `{summary['preset']}`")
    lines += [f"\n{markdown(notice)}" for notice in summary["notices"]]
    return "\n".join(lines)
