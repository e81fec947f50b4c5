"""Operator ``best_shots``: the best N of each subject, name or track as a view; tags and saves it if asked."""

from __future__ import annotations

from typing import Any

from fiftyone.operators import types

from ..queries.labelled_faces import detections_fields
from ..queries.subjects import subject_fields
from ..results.best_shots import BestShotSettings, best_shots, count_best_shots
from .base import FaceQualityOperator
from .forms import add_keeping, add_measure, add_score_field, add_target, mark

_PER_TEXT = {
    "subject": ("Subject", "A field of the samples says who is shown"),
    "label": ("Name of a labelled face", "Boxes with names were scored"),
    "track": ("Track of a video", "Boxes with the index of a track were scored"),
}
_GROUPS = {"subject": "subjects", "label": "names", "track": "tracks"}


class BestShotsOfEach(FaceQualityOperator):
    """Keeps the best faces of each subject, name or track."""

    operator_name = "best_shots"
    label = "Best shots"
    description = (
        "Keep the best faces of each subject, of each name in photographs of many, or of each track of a video; "
        "tag them, save the view"
    )
    icon = "best"
    place = types.Places.SAMPLES_GRID_SECONDARY_ACTIONS

    def resolve_input(self, ctx: Any) -> types.Property:
        """Describe the form."""
        inputs = types.Object()
        add_target(inputs, ctx)
        field = add_score_field(inputs, ctx)
        videos = ctx.dataset is not None and ctx.dataset._contains_videos(any_slice=True)
        choices = types.RadioGroup()
        for name, (label, description) in _PER_TEXT.items():
            if name != "track" or videos:
                choices.add_choice(name, label=label, description=description)
        default = "track" if videos else "subject"
        inputs.enum("per", choices.values(), default=default, label="Of each", view=choices)
        of = _add_of(inputs, ctx, ctx.params.get("per", default))
        inputs.int("count", default=1, min=1, label="How many to keep of each")
        add_measure(inputs)
        add_keeping(inputs, ctx, tag="Tag them", view="Save the view as")
        if not (field.invalid or of.invalid):
            _say_how_many(inputs, ctx, of)
        return self.form(inputs)

    def execute(self, ctx: Any) -> dict[str, Any]:
        """Choose, tag, save, show; returns the counts."""
        result = best_shots(ctx.target_view(), BestShotSettings.from_params(_chosen(ctx)))
        if ctx.executor is not None and not ctx.delegated:
            ctx.ops.set_view(view=result.view)
            if ctx.params.get("tag") or ctx.params.get("view_name"):
                ctx.ops.reload_dataset()
        return result.to_dict()

    def resolve_output(self, ctx: Any) -> types.Property:
        """Describe the result."""
        outputs = types.Object()
        outputs.int("groups", label="Subjects, names or tracks")
        outputs.int("kept", label="Kept")
        outputs.int("left_out", label="Left out: others are better")
        outputs.int("unnamed", label="Scored, but nothing says of whom")
        return types.Property(outputs, view=types.View(label=self.label))

    def __call__(self, sample_collection: Any, *, per: str = "subject", **options: Any) -> Any:
        """Return the view of the best shots; the parameters are those of ``BestShotSettings``.

        Raises:
            ValueError: there are no scores, nothing names the faces, or a parameter is out of range.
        """
        return best_shots(sample_collection, BestShotSettings(per=per, **options)).view


def _chosen(ctx: Any) -> dict[str, Any]:
    """The parameters with the form's own defaults."""
    videos = ctx.dataset._contains_videos(any_slice=True)
    chosen = {"per": "track" if videos else "subject", **ctx.params}
    if not chosen.get("of"):
        fit = _fit(ctx, chosen["per"])
        chosen["of"] = fit[0] if fit else None
    return chosen


def _fit(ctx: Any, per: str) -> list[str]:
    """Fields that may name the subjects, the likeliest first; those of labels without our own."""
    if ctx.dataset is None:
        return []
    own = ctx.params.get("field") or "faceqgen"
    if per == "subject":
        return [n for n in subject_fields(ctx.dataset) if n not in ("id", own)]
    return [name for name in detections_fields(ctx.dataset) if name != f"{own}_faces"]


def _add_of(inputs: types.Object, ctx: Any, per: str) -> types.Property:
    fit = _fit(ctx, per)
    choices = types.DropdownView()
    for name in fit:
        choices.add_choice(name, label=name)
    label = "Field that names the subject" if per == "subject" else "Field of the boxes"
    # Not required: a script may leave it out; the run itself says what is missing.
    prop = inputs.enum(
        "of", fit, default=fit[0] if fit else None, label=label, required=False, view=choices
    )
    if not fit:
        mark(
            prop,
            "No field of this data set can name subjects"
            if per == "subject"
            else "No field of this data set has boxes beside the scored faces",
        )
    elif ctx.params.get("of") and ctx.params["of"] not in fit:
        mark(prop, "Choose a field")
    return prop


def _say_how_many(inputs: types.Object, ctx: Any, of: types.Property) -> None:
    """Say what the form would keep; trying it finds out what is wrong with it, too."""
    try:
        settings = BestShotSettings.from_params({**_chosen(ctx), "tag": None, "view_name": None})
        found = count_best_shots(ctx.target_view(), settings)
    except ValueError as error:
        mark(of, error)
        return
    inputs.view(
        "how_many",
        types.Notice(
            label=f"{found.kept:,} kept, of {found.groups:,} {_GROUPS[settings.per]}",
            description=f"{found.left_out:,} left out, {found.unnamed:,} scored without a name",
        ),
    )
