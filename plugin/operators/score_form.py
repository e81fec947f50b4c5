"""The form of ``score_faces``: what is asked first, what is folded away, what it will cost."""

from __future__ import annotations

from typing import Any

import fiftyone.core.media as fom
from fiftyone.operators import types

from faceqgen_core.vocabulary import DEFAULT_MAX_PIXELS

from ..dataset.fields import DEFAULT_FIELD
from ..dataset.targets import active_media_type, face_fields
from ..scoring.estimate import estimate
from ..scoring.settings import FACES, LARGEST_IMAGE, ScoreSettings
from .choices import add_device, add_more, add_preset, chosen
from .forms import add_target, mark

_FACES_TEXT = {
    "detect": ("Find them", "MTCNN looks for the faces in each image"),
    "field": ("Boxes of a label field", "Faces that are labelled already"),
    "crop": ("The images are face crops", "Each image is one face, cut out before"),
}

_FOLDED = (
    "device",
    "batch_size",
    "max_pixels",
    "small_faces",
    "restored_dir",
    "retry_failed",
    "extra_scores",
)


def score_form(ctx: Any) -> types.Object:
    """The inputs of the form.

    Args:
        ctx: of the operator.
    """
    inputs = types.Object()
    add_target(inputs, ctx)
    is_video = active_media_type(ctx.view) == fom.VIDEO
    _add_faces(inputs, ctx)
    if is_video:
        _add_sampling(inputs)
    add_preset(
        inputs, ctx, description="The networks; scores of different presets cannot be compared"
    )
    inputs.str(
        "field",
        default=DEFAULT_FIELD,
        label="Field",
        description="Where the scores go; the faces go to <field>_faces",
    )
    _add_pictures(inputs, is_video=is_video)
    inputs.bool(
        "skip_scored",
        default=True,
        label="Skip scored frames" if is_video else "Skip scored samples",
        description=f"Score only {'frames' if is_video else 'samples'} that have no status in the field yet; an "
        "interrupted run goes on",
    )
    if add_more(inputs, ctx, {name: getattr(ScoreSettings, name) for name in _FOLDED}):
        _add_folded(inputs, ctx, is_video=is_video)
    _add_estimate(inputs, ctx)
    return inputs


def _add_faces(inputs: types.Object, ctx: Any) -> None:
    choices = types.RadioGroup()
    for value in FACES:
        label, description = _FACES_TEXT[value]
        choices.add_choice(value, label=label, description=description)
    inputs.enum("faces", choices.values(), default="detect", label="Faces", view=choices)
    if ctx.params.get("faces") == "field":
        _add_faces_field(inputs, ctx)


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


def _add_pictures(inputs: types.Object, *, is_video: bool) -> None:
    inputs.bool(
        "restored",
        default=not is_video,
        label="Restored frames" if is_video else "Restored images",
        description="Write the frames scored, restored, to files"
        if is_video
        else "Write them to files; the grid can show them in place of the originals (display options)",
    )
    inputs.bool(
        "heatmap",
        default=False,
        label="Heatmap",
        description="Also write a map of what the restoration changed",
    )


def _add_folded(inputs: types.Object, ctx: Any, *, is_video: bool) -> None:
    add_device(inputs, ctx)
    inputs.int(
        "batch_size",
        default=32,
        min=1,
        label="Batch size",
        description="Faces per call of the networks",
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
    inputs.bool(
        "small_faces",
        default=False,
        label="Small faces",
        description="Look at large pictures in which no face is found in tiles at full size, too: about ten times slower "
        "there",
    )
    inputs.str(
        "restored_dir",
        required=False,
        label="Folder for restored images",
        description="Left empty: ~/.faceqgen/restored/<data set>",
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


def _add_estimate(inputs: types.Object, ctx: Any) -> None:
    """Say what the run would be; what is wrong with a parameter is told by its input, or by the run."""
    try:
        found = estimate(ctx.target_view(), ScoreSettings.from_params(chosen(ctx.params)))
    except ValueError:
        return
    inputs.view("estimate", types.Notice(label=found.title, description=found.basis))
