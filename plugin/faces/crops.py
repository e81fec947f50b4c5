"""Faces cut out of their photographs again, with their scores, and their restored crops."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..dataset.fields import FieldNames
from .crop_cutter import cut

READERS = 4
_OF_THE_IMAGE = ("num_faces", "restored_path")


@dataclass(frozen=True, eq=False)
class CutFace:
    """A scored face.

    Attributes:
        sample_id: id of its sample.
        filepath: its photograph.
        tags: tags of its sample.
        label_id: id of its detection.
        values: scores and what belongs to them, as the document of a sample has them.
        crop: the crop as it was scored, (S, S, 3) uint8 RGB.
        restored_path: file of its restored crop, if the run kept one.
    """

    sample_id: str
    filepath: str
    tags: list[str]
    label_id: str
    values: dict[str, Any]
    crop: np.ndarray
    restored_path: str | None


def cut_faces(view: Any, names: FieldNames) -> tuple[list[CutFace], list[tuple[str, str, int]]]:
    """Cut the scored faces of the photographs of a view out, each photograph read once.

    Returns:
        The faces, in the order of the view, primary face first; and (path, problem, faces lost) of what cannot be cut.
    """
    schema = view.get_field(names.sample).get_field_schema()
    keys = [key for key in schema if key not in _OF_THE_IMAGE]
    rows = zip(*view.values(["id", "filepath", "tags", f"{names.faces}.detections"]), strict=True)
    faces: list[CutFace] = []
    problems: list[tuple[str, str, int]] = []
    with ThreadPoolExecutor(READERS) as pool:
        for found, lost in pool.map(lambda row: _cut(row, keys), rows):
            faces += found
            problems += lost
    return faces, problems


def _cut(
    row: tuple[str, str, list[str], Any], keys: Sequence[str]
) -> tuple[list[CutFace], list[tuple[str, str, int]]]:
    sample_id, path, tags, detections = row
    from faceqgen_core.image_io import ImageError, load_image

    scored = [detection for detection in detections or () if detection["status"] == "scored"]
    if not scored:
        return [], []
    try:
        pixels = load_image(path)
    except ImageError as error:
        return [], [(path, error.reason, len(scored))]
    faces, problems = [], []
    for detection in scored:
        try:
            crop = cut(pixels, detection["crop_matrix"], detection["crop_protocol"])
        except (TypeError, ValueError) as error:
            problems.append((path, f"face {detection.id}: {error}", 1))
            continue
        values = {key: detection[key] for key in keys if detection.has_field(key)}
        restored = detection["restored_path"] if detection.has_field("restored_path") else None
        faces.append(
            CutFace(sample_id, path, list(tags or ()), detection.id, values, crop, restored)
        )
    return faces, problems


class Restoring:
    """Gives the restored crops of faces: from the run's files, else anew by the preset that scored them.

    Args:
        preset: name or folder of the preset; its networks are loaded when they are first needed.

    Raises:
        ValueError: the preset cannot be used.
    """

    def __init__(self, preset: str) -> None:
        from faceqgen_core import load_preset

        self._preset = load_preset(preset)
        self._restorer: Any = None

    def restore(self, faces: Sequence[CutFace]) -> list[np.ndarray | None]:
        """The restored crop of each face, (S, S, 3) uint8 RGB; None for one that another preset scored."""
        with ThreadPoolExecutor(READERS) as pool:
            found = list(pool.map(_kept, faces))
        ours = [
            index
            for index, face in enumerate(faces)
            if found[index] is None
            and self._preset.restores
            and face.values.get("preset") == self._preset.identifier
        ]
        if ours:
            from faceqgen_core.restoration import Pictures

            crops = np.stack([faces[index].crop for index in ours])
            result = self._network().restore(crops, pictures=Pictures(restored=True))
            for index, image in zip(ours, result.restored, strict=True):
                found[index] = image
        return found

    def _network(self) -> Any:
        if self._restorer is None:
            self._restorer = self._preset.restorer()
        return self._restorer


def _kept(face: CutFace) -> np.ndarray | None:
    from faceqgen_core.image_io import ImageError, load_image

    if face.restored_path is None:
        return None
    try:
        image = load_image(face.restored_path)
    except ImageError:
        return None
    return image if image.shape == face.crop.shape else None
