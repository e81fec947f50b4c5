"""Which samples a run may touch: the collection a user pointed at -> a flat view of images of one data set.

Also guards what is there: scores of another preset are never mixed with, or overwritten by, a run that was not told to.
"""

from __future__ import annotations

from typing import Any

import fiftyone as fo
import fiftyone.core.media as fom
import fiftyone.core.patches as fop
from fiftyone import ViewField as F

from .fields import FieldNames
from .settings import ScoreSettings


def image_view(collection: Any) -> tuple[Any, str | None]:
    """Turn a data set or view into a view of its image samples, and a notice if they are not what was pointed at.

    Grouped data sets give the images of all slices; patches give the samples they were cut from.

    Raises:
        ValueError: the media are no images, or the view is generated in another way.
    """
    view = collection.view()
    if isinstance(view, fop.PatchesView):
        ids = list(dict.fromkeys(view.values("sample_id")))
        notice = (
            f"Scores are kept with the samples: the {len(ids)} image(s) behind these patches are "
            "scored, not the patches alone"
        )
        return view._root_dataset.select(ids), notice
    if view._is_generated:
        raise ValueError(
            f"a {type(view).__name__} is generated and keeps no new fields: run on the data set itself, or on "
            "view.clone()"
        )
    notice = None
    if view.media_type == fom.GROUP:
        view = view.select_group_slices(media_type=fom.IMAGE)
    if view.media_type not in (fom.IMAGE, None):
        raise ValueError(
            f"face quality needs images, the media type here is {view.media_type!r}; for videos make a data set of "
            "their frames first: dataset.to_frames(sample_frames=True).clone()"
        )
    return view, notice


def require_faces_field(view: Any, faces_field: str) -> bool:
    """Check the field that boxes are taken from; True if it holds Detections, False if a single Detection.

    Raises:
        ValueError: no such field, or one of another type.
    """
    kinds = {fo.Detections: True, fo.Detection: False}
    kind = getattr(view.get_field(faces_field), "document_type", None)
    if kind not in kinds:
        fit = [
            name
            for name, field in view.get_field_schema().items()
            if getattr(field, "document_type", None) in kinds
        ]
        raise ValueError(
            f"faces_field {faces_field!r} is no Detections field of this data set; it has: {', '.join(fit) or 'none'}"
        )
    return kinds[kind]


def samples_to_score(view: Any, settings: ScoreSettings) -> Any:
    """The samples of a view that a run has to score."""
    status = settings.names.path("status")
    if settings.skip_scored and view.get_field(status) is not None:
        return view.exists(status, False)
    return view


def require_same_preset(view: Any, todo: Any, names: FieldNames, preset: str) -> None:
    """Refuse to put scores of two presets into one field.

    Args:
        view: samples the run was pointed at.
        todo: those that it will score; what they hold is replaced.
        names: fields of the run.
        preset: identifier of the run's preset.

    Raises:
        ValueError: samples that stay as they are hold scores of another preset.
    """
    path = names.path("preset")
    everything, _ = image_view(view._root_dataset)
    if everything.get_field(path) is None:
        return
    others = sorted(set(everything.distinct(path)) - {preset})
    if not others:
        return
    staying = set(everything.match(F(path).is_in(others)).values("id")) - set(todo.values("id"))
    if staying:
        raise ValueError(
            f"the field {names.sample!r} holds scores of preset {', '.join(others)} for {len(staying)} sample(s) that "
            f"this run would leave there beside scores of {preset}; numbers of different presets cannot be compared. "
            "Choose another name with the parameter 'field', or score the whole data set anew with skip_scored off"
        )
