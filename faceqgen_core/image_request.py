"""A request: one image to assess, with what the caller knows of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from faceqgen_core.image_io import ImageError, ImageSource
from faceqgen_core.types import FaceBox


@dataclass(frozen=True, eq=False)
class ImageRequest:
    """One image to assess.

    Attributes:
        source: path, bytes or array; or an ``ImageError``, where the caller knows already why there is no image: its
            status and reason become the Assessment.
        boxes: the faces, for ``faces="given"``; None and an empty sequence both mean that there is none.
        name: what ``Assessment.source`` shall say; by default the path, "" for bytes and arrays.
        key: the caller's own, handed back as ``Assessment.key``; never looked at.
    """

    source: ImageSource | ImageError
    boxes: Sequence[FaceBox] | None = None
    name: str | None = None
    key: object = None

    @property
    def label(self) -> str:
        """What ``Assessment.source`` says: the name, else the path, else nothing."""
        if self.name is not None:
            return self.name
        if isinstance(self.source, (str, os.PathLike)):
            return os.fsdecode(self.source)
        return ""


def bytes_of(image: ImageSource | ImageRequest) -> int:
    """Memory that an image takes before it is prepared."""
    source = image.source if isinstance(image, ImageRequest) else image
    if isinstance(source, np.ndarray):
        return int(source.nbytes)
    return len(source) if isinstance(source, bytes) else 0
