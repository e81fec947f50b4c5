"""The pictures of a scored face: the crop that was scored, its restoration, and what changed. No network is needed."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np

from ..dataset.fields import FieldNames
from .crop_cutter import cut, is_known, side_of

_CROP_SIDE = 128
_JPEG_QUALITY = 92


@dataclass(frozen=True, eq=False)
class FacePictures:
    """Pictures of one face, RGB uint8 of one size each; None where there is none.

    Attributes:
        original: the crop that was scored.
        restored: what the generator made of it.
        difference: what changed, in colours: dark is kept, bright is changed.
        drawn: the face as drawn from its code alone.
        trust: how far the photograph was kept, in colours: bright is kept, dark is drawn anew.
        changed: the area that changed most, in words.
        notes: why a picture lacks, in sentences.
    """

    original: Any = None
    restored: Any = None
    difference: Any = None
    changed: str | None = None
    notes: list[str] = field(default_factory=list)
    drawn: Any = None
    trust: Any = None


def faces_of(sample: Any, name: str) -> list[Any]:
    """The scored faces of a sample, the primary one first; a patch is its own only face."""
    value = sample[name] if sample.has_field(name) else None
    if isinstance(value, fo.Detection):
        return [value]
    names = FieldNames(name)
    faces = sample[names.faces] if sample.has_field(names.faces) else None
    return list(faces.detections) if isinstance(faces, fo.Detections) else []


def face_pictures(path: str, face: Any) -> FacePictures:
    """Cut out the pictures of a face.

    Args:
        path: file of the image.
        face: detection that ``score_faces`` wrote.
    """
    from faceqgen_core.changes.difference import colour_difference, difference, most_changed

    notes: list[str] = []
    restored = _load(getattr(face, "restored_path", None))
    if restored is None:
        notes.append(
            "There is no restored crop of this face: score it anew with “Restored images” on."
        )
    original, exact = _cut(path, face, _CROP_SIDE if restored is None else restored.shape[0])
    if original is None:
        notes.append("The image cannot be read any more.")
    elif not exact:
        notes.append(
            "The crop is cut by its box alone, since this run did not keep the exact place: score anew to compare."
        )
    drawn, trust = _load_drawn(getattr(face, "restored_path", None))
    if original is None or restored is None or not exact or original.shape != restored.shape:
        return FacePictures(original, restored, notes=notes, drawn=drawn, trust=trust)
    changes = difference(original, restored)
    strongest = max(float(changes.max()), 0.05)
    return FacePictures(
        original,
        restored,
        colour_difference(changes / np.float32(strongest)),
        most_changed(changes),
        notes,
        drawn,
        trust,
    )


def data_uri(picture: Any, *, longest: int | None = None) -> str:
    """A picture as the address that an ``img`` of a page can show.

    Args:
        picture: (H, W, 3) uint8 RGB.
        longest: of its sides, in pixels; a larger picture is made smaller.
    """
    from PIL import Image

    image = Image.fromarray(picture)
    if longest:
        image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    data = io.BytesIO()
    image.save(data, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode("ascii")


def _load(path: str | None) -> Any:
    from faceqgen_core.image_io import load_image

    if not path or not Path(path).is_file():
        return None
    try:
        return load_image(path)
    except (ValueError, OSError):
        return None


def _load_drawn(path: str | None) -> tuple[Any, Any]:
    """The drawn face and the map of trust in colours; (None, None) where an earlier run kept none."""
    from faceqgen_core.changes.difference import colour_trust
    from faceqgen_core.changes.restored_file import load_drawn

    if not path or not Path(path).is_file():
        return None, None
    try:
        found = load_drawn(path)
    except (ValueError, OSError, SyntaxError):
        return None, None
    return (None, None) if found is None else (found[0], colour_trust(found[1]))


def _cut(path: str, face: Any, size: int) -> tuple[Any, bool]:
    """The crop and whether it is the very one that was scored."""
    from faceqgen_core.alignment import CropProtocol, align
    from faceqgen_core.types import FaceBox

    image = _load(path)
    if image is None:
        return None, False
    protocol = getattr(face, "crop_protocol", None)
    matrix = getattr(face, "crop_matrix", None)
    if is_known(matrix, protocol):
        return cut(image, matrix, protocol), True
    height, width = image.shape[:2]
    x, y, w, h = face.bounding_box
    box = FaceBox(x * width, y * height, w * width, h * height)
    return align(image, box, CropProtocol(size=side_of(protocol) or size)).image, False
