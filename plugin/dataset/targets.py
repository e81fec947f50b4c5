"""Which samples a run may touch: the collection a user pointed at -> a flat view of images of one data set.

Also guards what is there: scores of another preset are never mixed with, or overwritten by, a run that was not told to.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import fiftyone as fo
import fiftyone.core.media as fom
import fiftyone.core.patches as fop
from fiftyone import ViewField as F

from .fields import FRAMES, FieldNames

MEDIA = (fom.IMAGE, fom.VIDEO)
_BOXES = {fo.Detections: True, fo.Detection: False}


@dataclass(frozen=True)
class Target:
    """What a run works on.

    Attributes:
        view: a flat view of images, or of videos.
        is_video: whether it is of videos.
        notices: what the user should know about the way from the collection to this view, in sentences.
    """

    view: Any
    is_video: bool
    notices: tuple[str, ...] = ()


def find_target(collection: Any) -> Target:
    """Turn a data set or view into a flat view of its images or videos.

    Grouped data sets give their active slice; patches give the samples they were cut from.

    Raises:
        ValueError: the media are of another kind, or the view is generated in another way.
    """
    view = collection.view()
    notices: tuple[str, ...] = ()
    if isinstance(view, fop.PatchesView):
        ids = list(dict.fromkeys(view.values("sample_id")))
        notices = (
            f"Scores are kept with the samples: the {len(ids)} image(s) behind these patches are "
            "taken, not the patches alone",
        )
        view = _flat_root(view._root_dataset, fom.IMAGE).select(ids)
    elif view._is_generated:
        raise ValueError(
            f"a {type(view).__name__} is generated and keeps no new fields: run on the data set itself (of videos the frames "
            "are scored), on view.clone(), or apply the model to the view"
        )
    elif view.media_type == fom.GROUP:
        view, notice = _active_slice(view)
        notices = (notice,)
    if view.media_type not in (*MEDIA, None):
        raise ValueError(
            f"face quality needs images or videos, the media type here is {view.media_type!r}"
        )
    return Target(view, view.media_type == fom.VIDEO, notices)


def image_view(collection: Any) -> tuple[Any, str | None]:
    """Turn a data set or view into a flat view of its image samples, and a notice if they are not what was pointed at.

    Raises:
        ValueError: the media are no images, or the view is generated in another way.
    """
    target = find_target(collection)
    if target.is_video:
        raise ValueError(
            "images are needed here, these are videos; make a data set of their frames first: "
            "dataset.to_frames(sample_frames=True).clone()"
        )
    return target.view, next(iter(target.notices), None)


def _active_slice(view: Any) -> tuple[Any, str]:
    """The active slice of a view of groups, flat, and a notice that names it."""
    if view._is_dynamic_groups:
        raise ValueError(
            "a view that group_by() has grouped shows one sample of each group, and FiftyOne keeps no scores in it: "
            "take the grouping out of the view, or run on view.flatten()"
        )
    active, kinds = view.group_slice, view.group_media_types
    fit = [name for name, kind in kinds.items() if kind in MEDIA]
    if kinds.get(active) not in MEDIA:
        ways = f"choose one of {_named(fit)}{_HOW}" if fit else "no other slice has any"
        raise ValueError(
            f"face quality needs images or videos, the active group slice {active!r} has media of type "
            f"{kinds.get(active)!r}: {ways}"
        )
    others = [name for name in fit if name != active]
    notice = f"Of the groups, the active slice {active!r} is taken, other slices are left alone"
    if others:
        notice += f"; for {_named(others)}: choose that slice{_HOW}, and run again"
    return view.select_group_slices(active), notice


_HOW = " in the App, or with dataset.group_slice = ... in Python"


def _named(slices: list[str]) -> str:
    return ", ".join(map(repr, slices))


def active_media_type(collection: Any) -> str | None:
    """Media type of a data set or view, of a grouped one that of its active slice; None if it has none."""
    if collection.media_type != fom.GROUP:
        return collection.media_type
    return (collection.group_media_types or {}).get(collection.group_slice)


def whole(dataset: Any, *, is_video: bool) -> Any:
    """All images, or all videos, of a data set whose samples fields are read from and written to; all slices of groups."""
    return _flat_root(dataset, fom.VIDEO if is_video else fom.IMAGE)


def _flat_root(dataset: Any, media_type: str) -> Any:
    if dataset.media_type != fom.GROUP:
        return dataset
    return dataset.select_group_slices(media_type=media_type)


def face_fields(collection: Any) -> list[str]:
    """Names of the fields that hold boxes: of the frames of videos, of samples otherwise."""
    is_video = active_media_type(collection) == fom.VIDEO
    schema = collection.get_frame_field_schema() if is_video else collection.get_field_schema()
    return [
        name
        for name, field in (schema or {}).items()
        if getattr(field, "document_type", None) in _BOXES
    ]


def require_faces_field(view: Any, faces_field: str) -> bool:
    """Check the field that boxes are taken from; True if it holds Detections, False if a single Detection.

    Args:
        view: flat, of images or videos.
        faces_field: its name; for videos that of a field of their frames, without "frames.".

    Raises:
        ValueError: no such field, or one of another type.
    """
    fit = face_fields(view)
    if faces_field not in fit:
        whose = "the frames" if view.media_type == fom.VIDEO else "this data set"
        raise ValueError(
            f"faces_field {faces_field!r} is no Detections field of {whose}; there are: {', '.join(fit) or 'none'}"
        )
    prefix = FRAMES if view.media_type == fom.VIDEO else ""
    return _BOXES[view.get_field(prefix + faces_field).document_type]


def with_field(view: Any, name: str) -> Any:
    """The view where it shows a field; where it hides it (``select_fields``), all samples of its data set and media."""
    is_video = view.media_type == fom.VIDEO
    if view.get_field(FRAMES + name if is_video else name) is not None:
        return view
    return whole(view._root_dataset, is_video=is_video)


def require_same_preset(
    dataset: Any, replaced: Collection[str], names: FieldNames, preset: str
) -> None:
    """Refuse to put scores of two presets into one field.

    Args:
        dataset: the data set that a run was pointed at.
        replaced: ids of the samples whose scores the run replaces, all of them.
        names: fields of the run.
        preset: identifier of the run's preset.

    Raises:
        ValueError: samples that stay as they are hold scores of another preset.
    """
    others: set[str] = set()
    staying: set[str] = set()
    for is_video in (False, True):
        samples = whole(dataset, is_video=is_video)
        for path in (names.path("preset"), names.in_frames.path("preset")):
            if samples.get_field(path) is None:
                continue
            found = set(samples.distinct(path)) - {preset, None}
            if found:
                others |= found
                staying |= set(_holding(samples, path, found).values("id")) - set(replaced)
    if staying:
        raise ValueError(
            f"the field {names.sample!r} holds scores of preset {', '.join(sorted(others))} for {len(staying)} "
            f"sample(s) that this run would leave there beside scores of {preset}; numbers of different presets "
            "cannot be compared. Choose another name with the parameter 'field', or score the whole data set anew "
            "with skip_scored off"
        )


def _holding(samples: Any, path: str, values: set[str]) -> Any:
    chosen = sorted(values)
    if path.startswith(FRAMES):
        return samples.match_frames(F(path.removeprefix(FRAMES)).is_in(chosen))
    return samples.match(F(path).is_in(chosen))
