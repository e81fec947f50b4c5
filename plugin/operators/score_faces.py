"""Operator ``score_faces``: scores the faces of the chosen samples, live in the App, delegated, or from Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import fiftyone.core.media as fom
from fiftyone.operators import types

from faceqgen_core.vocabulary import DEFAULT_MAX_PIXELS, DEFAULT_PRESET

from ..dataset.fields import DEFAULT_FIELD
from ..dataset.targets import active_media_type, face_fields
from ..scoring.settings import FACES, LARGEST_IMAGE, ScoreSettings
from .base import LiveOperator, show, tell
from .forms import add_target, mark

PANEL_LABEL = "Open the Face Quality panel"
PANEL = "@faceqgen/face-quality/open_face_quality"

_FACES_TEXT = {
    "detect": ("Find them", "MTCNN looks for the faces in each image"),
    "field": ("Boxes of a label field", "Faces that are labelled already"),
    "crop": ("The images are face crops", "Each image is one face, cut out before"),
}


class ScoreFaces(LiveOperator):
    """Scores face quality and writes it to fields of the samples."""

    operator_name = "score_faces"
    label = "Score face quality"
    description = (
        "Score the quality of faces by restoration: quality 0-100, SSIM, MSE, discriminator"
    )
    icon = "score"
    refused = "Not scored"

    def resolve_input(self, ctx: Any) -> types.Property:
        """Describe the form."""
        inputs = types.Object()
        add_target(inputs, ctx)
        is_video = active_media_type(ctx.view) == fom.VIDEO
        choices = types.RadioGroup()
        for value in FACES:
            label, description = _FACES_TEXT[value]
            choices.add_choice(value, label=label, description=description)
        inputs.enum("faces", choices.values(), default="detect", label="Faces", view=choices)
        if ctx.params.get("faces") == "field":
            _add_faces_field(inputs, ctx)
        if is_video:
            _add_sampling(inputs)
        inputs.str(
            "preset",
            default=DEFAULT_PRESET,
            label="Preset",
            description="Name of a preset, or the path of its folder; or of FaceQnet's .h5, or of a pair.json",
        )
        inputs.str(
            "field",
            default=DEFAULT_FIELD,
            label="Field",
            description="Where the scores go; the faces go to <field>_faces",
        )
        inputs.bool(
            "restored",
            default=not is_video,
            label="Restored frames" if is_video else "Restored images",
            description="Write the frames scored, restored, to files"
            if is_video
            else "Write them to files; the grid can show them in place of the originals (display options)",
        )
        inputs.str(
            "restored_dir",
            required=False,
            label="Folder for them",
            description="Left empty: ~/.faceqgen/restored/<data set>",
        )
        inputs.bool(
            "heatmap",
            default=False,
            label="Heatmap",
            description="Also write a map of what the restoration changed",
        )
        inputs.bool(
            "skip_scored",
            default=True,
            label="Skip scored frames" if is_video else "Skip scored samples",
            description=f"Score only {'frames' if is_video else 'samples'} that have no status in the field yet; an "
            "interrupted run goes on",
        )
        inputs.bool(
            "retry_failed",
            default=False,
            label="Look again at what failed",
            description="Also those that are unreadable or failed; files that were away or have changed are looked at again "
            "in any case",
        )
        inputs.str(
            "extra_scores",
            required=False,
            label="Other networks",
            description="JSON files of other quality networks in ONNX, with commas between; their scores stand beside ours",
        )
        inputs.int(
            "batch_size",
            default=32,
            min=1,
            label="Batch size",
            description="Faces per call of the networks",
        )
        inputs.str(
            "device", default="auto", label="Device", description="auto, cpu, gpu or gpu:<number>"
        )
        inputs.int(
            "max_pixels",
            default=DEFAULT_MAX_PIXELS,
            min=1,
            max=LARGEST_IMAGE,
            label="Most pixels",
            description="Of a frame, width times height; larger ones get the status too_large"
            if is_video
            else "Of an image, width times height; larger ones get the status too_large and are not decoded",
        )
        return self.form(inputs)

    def work(self, ctx: Any) -> Iterator[Any]:
        """Score, telling how far it is."""
        from ..scoring.run import ScoringRun

        settings = ScoreSettings.from_params(ctx.params)
        yield from tell(ctx, 0.0, "Loading the preset")
        run = ScoringRun(ctx.target_view(), settings)
        summary = run.summary
        for notice in summary.notices:
            if ctx.executor is not None:
                yield ctx.ops.notify(notice, variant="warning")
        yield from self.run_live(ctx, run)
        if ctx.executor is not None:
            yield ctx.ops.reload_dataset()
            yield from show(ctx, _report(summary.to_dict()), button=(PANEL_LABEL, PANEL))

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
        fps: float = ScoreSettings.fps,
        max_frames: int = ScoreSettings.max_frames,
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
            fps: frames to score per second of a video.
            max_frames: at most so many of a video, spread evenly over it.
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
            fps=fps,
            max_frames=max_frames,
        )
        if delegate:
            return self.queue(sample_collection, settings.to_dict())
        from ..scoring.run import ScoringRun

        run = ScoringRun(sample_collection, settings)
        if run.summary.total:
            self.run_here(run, run.summary.total, progress)
        return run.summary.to_dict()

    def model(self, **options: Any) -> Any:
        """Make a ``FaceQgenModel`` for ``dataset.apply_model``, without knowing where the plugin is installed."""
        from ..scoring.model import FaceQgenModel

        return FaceQgenModel(**options)


def _add_sampling(inputs: types.Object) -> None:
    inputs.float(
        "fps",
        default=ScoreSettings.fps,
        label="Frames per second",
        description="How many frames of each second of video are scored",
    )
    inputs.int(
        "max_frames",
        default=ScoreSettings.max_frames,
        min=1,
        label="At most so many frames per video",
        description="Spread evenly over the video",
    )


def _add_faces_field(inputs: types.Object, ctx: Any) -> None:
    fit = face_fields(ctx.view)
    choices = types.DropdownView()
    for name in fit:
        choices.add_choice(name, label=name)
    # Not required: a script may leave it out of the form; the run itself says what is missing.
    field = inputs.enum(
        "faces_field", fit, label="Field with the boxes", required=False, view=choices
    )
    if not ctx.params.get("faces_field"):
        nothing = "No field of this data set has boxes"
        mark(field, "Choose the field that holds the boxes" if fit else nothing)


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
