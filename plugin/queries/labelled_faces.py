"""Faces that a label field names: a person's name in a photograph of many, the track of a face through a video.

``score_faces`` with the boxes of a label field keeps the id of each box's label with the scores; here the two are put
together again. A track is the ``index`` of a detection, and belongs to its video.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import fiftyone as fo
from fiftyone import ViewField as F

from faceqgen_core.vocabulary import SCORES

from ..dataset.fields import FRAMES, FieldNames

BY = ("label", "index")


@dataclass(frozen=True)
class NamedFace:
    """A scored face and what names it: a label, or a video's id and an index."""

    key: Any
    score: float
    face_id: str
    sample_id: str
    frame: int | None


class NamedFaces:
    """The scored faces of a data set or view, each with its name or track.

    Args:
        collection: images, or videos whose frames are scored.
        labels_field: Detections field whose boxes were scored; None: the scored faces themselves carry the attribute.
        by: "label" or "index".
        measure: quality, ssim, mse or discriminator.
        field: field that ``score_faces`` wrote.

    Raises:
        ValueError: no scores of faces there, no such field, or faces that were not scored from its boxes.
    """

    def __init__(
        self, collection: Any, labels_field: str | None, *, by: str, measure: str, field: str
    ) -> None:
        if by not in BY:
            raise ValueError(f"by must be one of {', '.join(BY)}, got {by!r}")
        if measure not in SCORES:
            raise ValueError(f"measure must be one of {', '.join(SCORES)}, got {measure!r}")
        self._collection = collection
        self._by = by
        self._prefix = FRAMES if collection._contains_videos() else ""
        self._faces = FieldNames(field, self._prefix).faces
        self._higher = SCORES[measure].higher_is_better
        score = f"{self._faces}.detections.{measure}"
        if collection.get_field(score) is None:
            raise ValueError(
                f"there are no scores of faces in {score!r}: run 'Score face quality' first, or name the field it wrote"
            )
        self._score = score
        self._labels = self._labels_path(labels_field)
        self.rows = list(self._read())
        self.unnamed = self._scored - len(self.rows)
        if self._scored and not self.rows:
            raise ValueError(self._why_unnamed(labels_field))

    @property
    def names(self) -> int:
        """How many names or tracks have a scored face."""
        return len({row.key for row in self.rows})

    def best(self, count: int) -> list[NamedFace]:
        """The best ``count`` faces of each name or track, best first; of equal scores the earlier."""
        groups: dict[Any, list[NamedFace]] = {}
        for row in self.rows:
            groups.setdefault(row.key, []).append(row)
        sign = -1 if self._higher else 1
        return [
            face
            for group in groups.values()
            for face in sorted(group, key=lambda face: sign * face.score)[:count]
        ]

    def view_of(self, faces: list[NamedFace]) -> Any:
        """The samples that hold these faces, with these faces' labels alone; of videos, with these frames alone."""
        samples = list(dict.fromkeys(face.sample_id for face in faces))
        view = self._collection.select(samples).select_labels(
            ids=[face.face_id for face in faces], fields=self._faces
        )
        if self._prefix:
            plain = self._faces.removeprefix(FRAMES)
            view = view.match_frames(F(f"{plain}.detections").length() > 0)
        return view

    def tag(self, faces: list[NamedFace], tag: str) -> None:
        """Tag the labels of these faces."""
        self.view_of(faces).tag_labels(tag, label_fields=self._faces)

    def _labels_path(self, labels_field: str | None) -> str:
        name = self._faces
        if labels_field:
            name = f"{self._prefix}{labels_field.removeprefix(FRAMES)}"
            if (
                getattr(self._collection.get_field(name), "document_type", None)
                is not fo.Detections
            ):
                raise ValueError(
                    f"{labels_field!r} is no Detections field here; it has: "
                    f"{', '.join(detections_fields(self._collection)) or 'none'}"
                )
        path = f"{name}.detections"
        if self._by == "index" and self._collection.get_field(f"{path}.index") is None:
            raise ValueError(
                f"the labels of {name!r} have no index: choose the field of the tracks"
            )
        return path

    def _read(self) -> Iterator[NamedFace]:
        own = f"{self._faces}.detections"
        paths = ["id", f"{own}.id", self._score]
        elsewhere = self._labels != own
        if elsewhere:
            paths += [f"{own}.source_label", f"{self._labels}.id"]
        paths.append(f"{self._labels}.{self._by}")
        if self._prefix:
            paths.append(f"{FRAMES}frame_number")
        self._scored = 0
        for sample_id, *values in zip(*self._collection.values(paths), strict=True):
            numbers = (values.pop() or []) if self._prefix else [None]
            frames = [value or [] for value in values] if self._prefix else [[v] for v in values]
            for number, *columns in zip(numbers, *frames, strict=True):
                yield from self._of_image(sample_id, number, columns, elsewhere)

    def _of_image(
        self, sample_id: str, frame: int | None, columns: list[Any], elsewhere: bool
    ) -> Iterator[NamedFace]:
        ids, scores, *rest = columns
        if not ids:
            return
        if elsewhere:
            sources, label_ids, names = (column or [] for column in rest)
            named = dict(zip(label_ids, names, strict=True))
            keys = [named.get(source) for source in sources]
        else:
            keys = rest[0]
        for face_id, score, key in zip(ids, scores, keys, strict=True):
            if score is None:
                continue
            self._scored += 1
            if key is not None:
                whose = (sample_id, key) if self._by == "index" and self._prefix else key
                yield NamedFace(whose, score, face_id, sample_id, frame)

    def _why_unnamed(self, labels_field: str | None) -> str:
        what = "an index" if self._by == "index" else "a label"
        if not labels_field:
            return f"none of the {self._scored} scored faces has {what}: choose the field of the labels"
        return (
            f"none of the {self._scored} scored faces comes from a box of {labels_field!r} that has {what}: score "
            f"the faces with faces='field' and faces_field={labels_field!r}"
        )


def detections_fields(collection: Any) -> list[str]:
    """Detections fields of images, or of the frames of videos, without ``frames.``."""
    if collection._contains_videos():
        return list(collection.get_frame_field_schema(embedded_doc_type=fo.Detections))
    return list(collection.get_field_schema(embedded_doc_type=fo.Detections))
