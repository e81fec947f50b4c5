"""The fields a run writes: the only place where their names, types, descriptions, indexes and documents are made.

For a field called ``faceqgen`` a sample gets

- ``faceqgen``: one embedded document, the primary face (or the reason why there is none);
- ``faceqgen_faces``: all faces as Detections, the same values as attributes of each;
- ``faceqgen_heatmap``: what the restoration changed, if asked for.

The frames of a video get the same (``frames.faceqgen`` ...), and its sample the document of the best of them.

A value that does not exist is None, never a number that stands for "none".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import fiftyone as fo
import fiftyone.core.odm as foo
from pymongo.errors import OperationFailure

from faceqgen_core.vocabulary import FACEQNET, REASONS, SCORES, Status

PixelBox = tuple[float, float, float, float]
"""x, y, width, height in pixels."""

LabelledBox = tuple[PixelBox, str]
"""A box in pixels and the id of the label it came from."""

DEFAULT_FIELD = "faceqgen"
FRAMES = "frames."
"""What the paths of fields of a video's frames begin with."""

FACE_LABEL = "face"
HEATMAP_RANGE = [0, 255]
"""Of the 8-bit map on disk; the App reads such a file's own numbers, so 255 is a difference of 1."""


_FAILURES = [status.value for status in Status if status is not Status.SCORED]
_WORDS: dict[str, str] = {
    "status": f"What became of the face: scored, or why not ({', '.join(_FAILURES)}); None: not yet assessed",
    "reason": "Why the face has no scores, in words; if it has, the first of its reasons, None for a good face",
    "preset": "Preset behind the scores: its name and the start of the hash of what it holds",
    "crop_protocol": "How the face was cut out before scoring: name, version and size in pixels",
}
_REASONS = (
    f"What most likely lowers the score, most likely first: {', '.join(REASONS)}; empty for a good face, None unless "
    "scored"
)
_CHANGES = (
    "What the restoration did: face_drawn or <part>_drawn, turned_<degrees>, lit, sharpened, background_evened; empty where "
    "it left the face as it was, None unless scored"
)
_SAMPLE = "Face quality of the sample's primary face, the large and central one"
_RESTORED_SAMPLE = "File of the image with its faces restored, in the geometry of the original"
_RESTORED_FACE = "File of the restored face crop"
_HEATMAP = "What the restoration changed, (1 - SSIM) / 2: 0 (clear) nothing, 255 everything"
_NUM_FACES = "Number of faces found in the image; None if it could not be looked at"
_SOURCE_LABEL = "Id of the label that gave the box; None if the detector found the face"
_CROP_MATRIX = "Six numbers, row by row: the 2 x 3 matrix from pixels of the image to pixels of the face crop that was scored"
_VIDEO: dict[str, str] = {
    "best_frame": "Number of the frame of a video with the best quality, from 1; the scores here are that frame's",
    "frames_scored": "Number of frames of a video that have scores",
    "frames_sampled": "Number of frames of a video that were looked at",
}
_INDEXED = (*SCORES, "status")


@dataclass(frozen=True)
class FieldNames:
    """Names of a run's fields, all made from one.

    Attributes:
        sample: the name.
        prefix: "" or ``FRAMES``.

    Raises:
        ValueError: the name cannot be a field.
    """

    sample: str = DEFAULT_FIELD
    prefix: str = ""

    def __post_init__(self) -> None:
        if not self.sample.isidentifier() or self.sample.startswith("_"):
            raise ValueError(
                f"{self.sample!r} cannot name a field: use letters, digits and underscores, a letter first"
            )

    @property
    def in_frames(self) -> FieldNames:
        """The same fields of the frames of videos."""
        return replace(self, prefix=FRAMES)

    @property
    def document(self) -> str:
        """Field of the document: ``sample`` with the prefix."""
        return f"{self.prefix}{self.sample}"

    @property
    def faces(self) -> str:
        """Field of all faces."""
        return f"{self.document}_faces"

    @property
    def heatmap(self) -> str:
        """Field of the difference map."""
        return f"{self.document}_heatmap"

    @property
    def media(self) -> str:
        """Path of the restored image, a media field of the App."""
        return self.path("restored_path")

    def path(self, key: str) -> str:
        """Path of a value of the primary face, e.g. ``faceqgen.quality``."""
        return f"{self.document}.{key}"

    def face_path(self, key: str) -> str:
        """Path of a value of all faces, e.g. ``faceqgen_faces.detections.quality``."""
        return f"{self.faces}.detections.{key}"


KINDS: dict[str, type] = {
    "document": fo.DynamicEmbeddedDocument,
    "faces": fo.Detections,
    "heatmap": fo.Heatmap,
}
"""Class of each field of a run, by its name in ``FieldNames``."""

DESCRIPTIONS = {"document": _SAMPLE, "faces": "All faces, each scored", "heatmap": _HEATMAP}
"""What each field of a run says of itself."""


def kinds_of_values(part: str) -> dict[str, tuple[type, type | None, str]]:
    """The values in a field of a run: path in it -> type, type of a list's entries, description."""
    if part == "heatmap":
        return {}
    values: dict[str, tuple[type, type | None, str]] = {
        **{
            key: (fo.FloatField, None, f"{score.description}; None unless scored")
            for key, score in SCORES.items()
        },
        **{key: (fo.StringField, None, text) for key, text in _WORDS.items()},
        "reasons": (fo.ListField, fo.StringField, _REASONS),
        "changes": (fo.ListField, fo.StringField, _CHANGES),
    }
    if part == "document":
        values["num_faces"] = (fo.IntField, None, _NUM_FACES)
        values["restored_path"] = (fo.StringField, None, _RESTORED_SAMPLE)
        return values | {key: (fo.IntField, None, text) for key, text in _VIDEO.items()}
    values["restored_path"] = (fo.StringField, None, _RESTORED_FACE)
    values["source_label"] = (fo.StringField, None, _SOURCE_LABEL)
    values["crop_matrix"] = (fo.ListField, fo.FloatField, _CROP_MATRIX)
    return {f"detections.{key}": value for key, value in values.items()}


def declare(dataset: fo.Dataset, names: FieldNames, *, heatmap: bool, restored: bool) -> list[str]:
    """Declare fields, their descriptions and indexes, and offer the restored image in the App; twice changes nothing.

    Whose the fields are is not asked here, see ``ownership``.

    Returns:
        What could not be had and is no reason to stop, in sentences: an index.
    """
    _add_part(dataset, names, "document")
    _add_part(dataset, names, "faces")
    if heatmap:
        _add_part(dataset, names, "heatmap")
    if restored and not names.prefix:  # a frame has no file of its own to stand in for
        _offer_media(dataset, names.media)
    return add_indexes(dataset, [*map(names.path, _INDEXED), names.face_path("quality")])


def declare_videos(
    dataset: fo.Dataset, names: FieldNames, *, heatmap: bool, restored: bool
) -> list[str]:
    """Declare the fields of frames and the document of videos; returns notices as ``declare`` does."""
    notices = declare(dataset, names.in_frames, heatmap=heatmap, restored=restored)
    notices += declare_sample(dataset, names)
    for key, text in _VIDEO.items():
        _add(dataset, names.path(key), fo.IntField, text)
    return notices


def declare_sample(dataset: fo.Dataset, names: FieldNames) -> list[str]:
    """Declare the document of the primary face alone, with its indexes; returns notices as ``declare`` does."""
    _add_part(dataset, names, "document")
    # the App's "Sort by" lists indexed fields only
    return add_indexes(dataset, list(map(names.path, _INDEXED)))


def _add_part(dataset: fo.Dataset, names: FieldNames, part: str) -> None:
    """Declare one field of a run with all its values."""
    path = getattr(names, part)
    _add(dataset, path, fo.EmbeddedDocumentField, DESCRIPTIONS[part], KINDS[part])
    for key, (kind, of, text) in kinds_of_values(part).items():
        if key in _VIDEO:
            continue
        options = {} if of is None else {"subfield": of}
        _add(dataset, f"{path}.{key}", kind, text, **options)


def add_indexes(dataset: fo.Dataset, paths: Sequence[str]) -> list[str]:
    """Create indexes; one that the database refuses (it holds 64 for a data set) is an extra that is missed, no more."""
    present = set(dataset.list_indexes())
    refused = []
    for path in paths:
        if path in present:
            continue
        try:
            dataset.create_index(path)
        except OperationFailure as error:
            refused.append(f"{path} ({(error.details or {}).get('errmsg', error)})")
    if not refused:
        return []
    return [
        f"{len(refused)} index(es) could not be made, the scores are written all the same: the App cannot sort by "
        f"{', '.join(refused)}; drop indexes that are not used and run again"
    ]


def _add(
    dataset: fo.Dataset,
    path: str,
    ftype: type,
    description: str,
    document: type | None = None,
    **options: Any,
) -> None:
    if dataset.get_field(path) is None:
        if document is not None:
            options["embedded_doc_type"] = document
        add = dataset.add_frame_field if path.startswith(FRAMES) else dataset.add_sample_field
        add(path.removeprefix(FRAMES), ftype, description=description, **options)
        return
    field = dataset.get_field(path)
    if field.description is None:  # written by apply_model before; a user's own words stay
        field.description = description
        field.save()


def _offer_media(dataset: fo.Dataset, path: str) -> None:
    config = dataset.app_config
    # Another run may have offered its own since this process read the list.
    stored = foo.get_db_conn().datasets.find_one({"_id": dataset._doc.id}, ["app_config"]) or {}
    for name in [*(stored.get("app_config") or {}).get("media_fields", ()), path]:
        if name not in config.media_fields:
            config.media_fields.append(name)
    config.media_fallback = True  # samples without a restored image show the original
    dataset.save()


def sample_document(assessment: Any, *, restored_path: str | None = None) -> Any:
    """Make the document of a sample from the assessment of its primary face."""
    looked = assessment.num_faces > 0 or assessment.status.value in ("scored", "no_face")
    return fo.DynamicEmbeddedDocument(
        **_values(assessment),
        num_faces=assessment.num_faces if looked else None,
        restored_path=restored_path,
    )


def video_document(frames: Mapping[int, Any], failure: Any) -> Any:
    """Make the document of a video: that of its best frame, or the reason why there is none.

    Args:
        frames: number -> document, of all frames that were looked at.
        failure: assessment that stands for the video where no frame has scores.
    """
    scored = {number: frame for number, frame in frames.items() if frame.status == "scored"}
    best = max(scored, key=lambda number: (_rank(scored[number]), -number), default=None)
    if best is None:
        values = {**_values(failure), "num_faces": None}
    else:
        values = {name: scored[best][name] for name in scored[best].field_names}
    values.update(  # the App would take an image for another file of the video
        restored_path=None, best_frame=best, frames_scored=len(scored), frames_sampled=len(frames)
    )
    return fo.DynamicEmbeddedDocument(**values)


def faces_document(
    assessments: Sequence[Any],
    *,
    restored_paths: Mapping[int, str] | None = None,
    source_labels: Sequence[LabelledBox] | None = None,
) -> fo.Detections | None:
    """Make the Detections of a sample from the assessments of its faces; None if there is no face.

    Args:
        assessments: of one image.
        restored_paths: number of the face -> file of its restored crop.
        source_labels: the boxes that were given, with the ids of their labels.
    """
    paths = restored_paths or {}
    labels: dict[PixelBox | None, list[str]] = {}
    for given, label in source_labels or ():
        labels.setdefault(given, []).append(label)
    detections = []
    for assessment in assessments:
        box = _relative_box(assessment)
        if box is None:
            continue
        face = assessment.box
        pixels = None if face is None else (face.x, face.y, face.width, face.height)
        detections.append(
            fo.Detection(
                label=FACE_LABEL,
                bounding_box=box,
                confidence=None if face is None else _number(face.confidence),
                **_values(assessment),
                restored_path=paths.get(assessment.face),
                # the core leaves faces with the same box in the order they were given
                source_label=labels[pixels].pop(0) if labels.get(pixels) else None,
                crop_matrix=None if assessment.matrix is None else _row_by_row(assessment.matrix),
            )
        )
    return fo.Detections(detections=detections) if detections else None


def heatmap_document(map_path: str | None) -> fo.Heatmap | None:
    """Make the heatmap of a sample from its file."""
    return None if map_path is None else fo.Heatmap(map_path=map_path, range=HEATMAP_RANGE)


def _values(assessment: Any) -> dict[str, Any]:
    explained = assessment.scored and assessment.quality is not None
    return {
        **{key: _number(getattr(assessment, key)) for key in SCORES},
        "status": assessment.status.value,
        "reason": assessment.reason or next(iter(assessment.reasons), None),
        "reasons": list(assessment.reasons) if explained else None,
        "changes": list(assessment.changes) if explained else None,
        "preset": assessment.preset or None,
        "crop_protocol": assessment.crop_protocol or None,
        **{name: _number(value) for name, value in assessment.extra.items()},
    }


def _rank(document: Any) -> float:
    """What frames are compared by: quality, or what a network from elsewhere gives in its place."""
    for score in (*SCORES, FACEQNET.name):
        value = document[score] if document.has_field(score) else None
        if value is not None:
            return float(value)
    return 0.0


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _row_by_row(matrix: Any) -> list[float]:
    return [float(number) for row in matrix for number in row]


def _relative_box(assessment: Any) -> list[float] | None:
    """Box in [0, 1], clipped to the image; the whole image if the caller said that it is a crop."""
    if assessment.box is None:
        return [0.0, 0.0, 1.0, 1.0] if assessment.scored else None
    if assessment.image_size is None:
        return None
    width, height = assessment.image_size
    box = assessment.box
    if not all(map(math.isfinite, (box.x, box.y, box.width, box.height))):
        return None
    left, top = max(box.x / width, 0.0), max(box.y / height, 0.0)
    right = min((box.x + box.width) / width, 1.0)
    bottom = min((box.y + box.height) / height, 1.0)
    return [float(v) for v in (left, top, max(right - left, 0.0), max(bottom - top, 0.0))]
