"""Scored faces out of the database, as plain rows: read column by column, no sample is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

from faceqgen_core.vocabulary import SCORES

from ..dataset.fields import FieldNames

VALUES = ("status", *SCORES, "reasons", "best_frame", "preset", "crop_protocol")
"""What is read of each face, beside its place and its files."""


@dataclass(frozen=True)
class Face:
    """One face of a sample.

    Attributes:
        sample_id: id of the sample.
        filepath: its image.
        number: 0 for the primary face.
        values: the entries of ``VALUES``; None where there is no value.
        label_id: id of its detection; None if there is none.
        crop_matrix: six numbers that cut its crop out of the image; None if they were not kept.
        restored_crop: file of its restored crop.
        restored_image: file of the whole image, restored.
    """

    sample_id: str
    filepath: str
    number: int
    values: dict[str, Any] = field(default_factory=dict)
    label_id: str | None = None
    crop_matrix: list[float] | None = None
    restored_crop: str | None = None
    restored_image: str | None = None

    @property
    def crop_protocol(self) -> str | None:
        """Identifier of the crop protocol of its crop."""
        return self.values.get("crop_protocol")


def primary_faces(view: Any, names: FieldNames) -> Iterator[Face]:
    """The primary face of each sample, in the order of the view; one row for a sample that has no face, too."""
    keys = _present(view, VALUES, names.path)
    paths = ["id", "filepath", *map(names.path, keys)]
    has_image = view.get_field(names.media) is not None
    columns = list(view.values([*paths, names.media] if has_image else paths))
    images = columns.pop() if has_image else repeat(None)
    for (sample_id, file, *values), image, faces in zip(
        zip(*columns, strict=True), images, _detections(view, names), strict=False
    ):
        known = dict(zip(keys, values, strict=True))
        # A user may have deleted labels: the primary face is the one with the sample's score, not just the first.
        own = next((face for face in faces if face["quality"] == known.get("quality")), {})
        yield _face(sample_id, file, 0, known, own, image)


def all_faces(view: Any, names: FieldNames) -> Iterator[Face]:
    """All scored faces of each sample, in the order of the view, primary face first."""
    ids, files = view.values(["id", "filepath"])
    for sample_id, file, faces in zip(ids, files, _detections(view, names), strict=False):
        for number, face in enumerate(faces):
            if face.get("status") == "scored":
                yield _face(sample_id, file, number, {k: face.get(k) for k in VALUES}, face, None)


def _face(
    sample_id: str, file: str, number: int, values: dict[str, Any], own: dict[str, Any], image: Any
) -> Face:
    return Face(
        sample_id,
        file,
        number,
        values,
        label_id=own.get("id"),
        crop_matrix=own.get("crop_matrix"),
        restored_crop=own.get("restored_path"),
        restored_image=image,
    )


def _present(view: Any, keys: Any, path: Any) -> list[str]:
    return [key for key in keys if view.get_field(path(key)) is not None]


def _detections(view: Any, names: FieldNames) -> Iterator[list[dict[str, Any]]]:
    """For each sample its detections as dicts; without end where the data set has none."""
    if view.get_field(names.face_path("quality")) is None:
        yield from repeat([])
    keys = _present(view, ("id", *VALUES, "crop_matrix", "restored_path"), names.face_path)
    for columns in zip(*view.values([names.face_path(key) for key in keys]), strict=True):
        rows = zip(*columns, strict=True) if columns[0] else ()
        yield [dict(zip(keys, row, strict=True)) for row in rows]
