"""Operator ``score_faces``: scores the faces of the chosen samples, live in the App, delegated, or from Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fiftyone.operators import types

from faceqgen_core.vocabulary import DEFAULT_MAX_PIXELS, DEFAULT_PRESET

from ..dataset.fields import DEFAULT_FIELD
from ..dataset.lease import CAN_BE_SHARED
from ..dataset.queue import parent_of
from ..scoring.settings import ScoreSettings
from .base import ScoringOperator, tell
from .choices import chosen
from .score_form import score_form


class ScoreFaces(ScoringOperator):
    """Scores face quality and writes it to fields of the samples."""

    operator_name = "score_faces"
    label = "Score face quality"
    description = (
        "Score the quality of faces by restoration: quality 0-100, SSIM, MSE, discriminator"
    )
    icon = "score"
    refused = "Not scored"
    in_parts = True

    def resolve_input(self, ctx: Any) -> types.Property:
        """Describe the form."""
        return self.form(score_form(ctx))

    def work(self, ctx: Any) -> Iterator[Any]:
        """Score, telling how far it is."""
        from ..scoring.run import ScoringRun

        params = chosen(ctx.params)
        settings = ScoreSettings.from_params({**params, "part_of": _part_of(ctx, params)})
        yield from tell(ctx, 0.0, "Loading the preset")
        run = ScoringRun(ctx.target_view(), settings)
        for notice in run.summary.notices:
            if ctx.executor is not None:
                yield ctx.ops.notify(notice, variant="warning")
        yield from self.write(ctx, run, _report)

    def __call__(
        self,
        sample_collection: Any,
        *,
        faces: str = "detect",
        faces_field: str | None = None,
        preset: str = DEFAULT_PRESET,
        field: str = DEFAULT_FIELD,
        restored: bool | None = None,
        restored_dir: str | None = None,
        heatmap: bool = False,
        skip_scored: bool = True,
        retry_failed: bool = False,
        batch_size: int = 32,
        device: str = "auto",
        extra_scores: str | None = None,
        max_pixels: int = DEFAULT_MAX_PIXELS,
        small_faces: bool = False,
        fps: float = ScoreSettings.fps,
        max_frames: int = ScoreSettings.max_frames,
        part_of: str | None = None,
        delegate: bool = False,
        progress: bool | None = None,
    ) -> Any:
        """Score a data set or view from Python, with a progress bar; the parameters are those of ``ScoreSettings``.

        Args:
            sample_collection: data set or view.
            faces: "detect", "field" or "crop".
            faces_field: field with boxes, for ``faces="field"``.
            preset: name or folder.
            field: name of the field to write.
            restored: write restored images; default: for images, but not for the frames of videos.
            restored_dir: folder for them.
            heatmap: write maps of what changed.
            skip_scored: leave samples alone that have a status and the pictures asked for.
            retry_failed: with it, look again at all samples that are unreadable or failed.
            batch_size: faces per call of the networks.
            device: "auto", "cpu", "gpu" or "gpu:N".
            extra_scores: JSON files of other quality networks in ONNX, with commas between.
            max_pixels: images with more pixels get the status ``too_large``.
            small_faces: look at large photographs in which no face is found in tiles at full size, too.
            fps: frames to score per second of a video.
            max_frames: at most so many of a video, spread evenly over it.
            part_of: name of the run that this is a part of: its parts may work at the same time, each on other samples.
            delegate: queue the run for ``fiftyone delegated launch`` instead.
            progress: show a progress bar; default: FiftyOne's own setting.

        Returns:
            A dict: counts by status, faces, skipped, run_key and more; the queued operation if delegated.

        Raises:
            ValueError: something cannot be done as asked; the message says how to mend it.
        """
        settings = ScoreSettings(
            faces=faces,
            faces_field=faces_field,
            preset=preset,
            field=field,
            restored=restored,
            restored_dir=restored_dir,
            heatmap=heatmap,
            skip_scored=skip_scored,
            retry_failed=retry_failed,
            batch_size=batch_size,
            device=device,
            extra_scores=extra_scores,
            max_pixels=max_pixels,
            small_faces=small_faces,
            fps=fps,
            max_frames=max_frames,
            part_of=part_of,
        )
        if delegate:
            return self.queue(sample_collection, settings.to_dict())
        from ..scoring.run import ScoringRun

        return self.write_here(ScoringRun(sample_collection, settings), progress)

    def model(self, **options: Any) -> Any:
        """Make a ``FaceQgenModel`` for ``dataset.apply_model``, without knowing where the plugin is installed."""
        from ..scoring.model import FaceQgenModel

        return FaceQgenModel(**options)


def _part_of(ctx: Any, params: dict[str, Any]) -> Any:
    """The run that this one is a part of: as its parameters say, or as it is one of several that FiftyOne has made of one."""
    number = getattr(ctx, "_delegated_operation_id", None)
    if params.get("part_of") or number is None or not CAN_BE_SHARED:
        return params.get("part_of")
    return parent_of(str(number))


def _report(summary: dict[str, Any]) -> str:
    counts = summary.get("counts") or {}
    order = sorted(counts, key=lambda status: (status != "scored", -counts[status]))
    lines = [f"- **{status}**: {counts[status]}" for status in order]
    if not lines:
        lines = [f"- {notice}" for notice in summary.get("notices") or []]
    else:
        if summary.get("frames"):
            lines.append(f"- frames looked at: {summary['frames']}")
        lines.append(f"- faces scored: {summary.get('faces', 0)}")
    if summary.get("skipped") and counts:
        lines.append(f"- left alone (scored before): {summary['skipped']}")
    lines.append(f"\nField `{summary.get('field')}`, preset `{summary.get('preset')}`")
    if counts:
        lines += [f"\n{notice}" for notice in summary.get("notices") or []]
    if summary.get("restored_dir"):
        lines.append(f"\nRestored images: `{summary['restored_dir']}`")
    return "\n".join(lines)
