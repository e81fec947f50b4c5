"""The same faces alone and in batches of every size and order: how far their scores lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import skimage.transform

from faceqgen_core.assessor import FaceQualityAssessor
from faceqgen_core.types import Assessment, Image
from tests.images import lfw_faces

SIZES = (1, 3, 8, 32)
QUALITY, NATIVE, GREY = 1e-3, 1e-5, 1
"""What may lie between two scores of a face: of 100, of the native measures, and grey levels of its restored crop."""


@dataclass(frozen=True)
class Apart:
    """The largest differences that were found.

    Attributes:
        faces: faces.
        sizes: sizes of the batches.
        quality: of 100.
        native: of the native measures.
        grey: levels of the restored crops.
    """

    faces: int
    sizes: tuple[int, ...]
    quality: float
    native: float
    grey: int

    @property
    def held(self) -> bool:
        """Whether they are within the bounds."""
        return self.quality <= QUALITY and self.native <= NATIVE and self.grey <= GREY

    def __str__(self) -> str:
        sizes = ", ".join(map(str, self.sizes))
        return (
            f"{self.faces} faces in batches of {sizes}, also backwards: quality {self.quality:.1e} of 100, native "
            f"measures {self.native:.1e}, restored crops {self.grey} grey level(s) apart at most"
        )


def compare_batches(preset: str, faces: int, sizes: Sequence[int] = SIZES) -> Apart:
    """Score faces in batches of these sizes, forwards and backwards."""
    images = [_enlarged(face) for face in lfw_faces(faces)]
    first: list[Assessment] | None = None
    quality = native = 0.0
    grey = 0
    for size in sizes:
        assessor = FaceQualityAssessor(preset, batch_size=size)
        for order in (images, images[::-1]):
            found = list(assessor.assess(order, faces="crop", restored=True))
            found = found if order is images else found[::-1]
            first = first or found
            for one, other in zip(first, found, strict=True):
                quality = max(quality, abs(_number(one.quality) - _number(other.quality)))
                for name in ("ssim", "mse", "discriminator"):
                    apart = _number(getattr(one, name)) - _number(getattr(other, name))
                    native = max(native, abs(apart))
                pixels = one.restored.astype(int) - other.restored.astype(int)  # type: ignore[union-attr]
                grey = max(grey, int(np.abs(pixels).max()))
    return Apart(len(images), tuple(sizes), quality, native, grey)


def _enlarged(face: Image) -> Image:
    return np.rint(255 * skimage.transform.resize(face, (128, 128))).astype(np.uint8)


def _number(value: float | None) -> float:
    if value is None:
        raise ValueError("a face of the comparison has no score")
    return value
