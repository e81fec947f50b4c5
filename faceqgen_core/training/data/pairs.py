"""Pairs: what the generator learns from, input and target.

The target is a good picture before an even background. The input is that picture as it is, turned in three dimensions,
covered, relit, degraded (``alteration``), or another image of the subject.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.training.data.alteration import FaceAlterer
from faceqgen_core.training.data.targets import Targets, turned_away
from faceqgen_core.types import Image

_TRIES = 1000


@dataclass(frozen=True, eq=False)
class Batch:
    """Training pairs.

    Attributes:
        image: (N, S, S, 3) float32 in [0, 1], what the generator gets.
        target: same shape, what it shall return.
        cross: (N,) float32, 1 where the target is another image of the subject, 0 elsewhere.
        turned: (N,) float32, 1 where the head is turned away, in the photograph or afterwards.
        untouched: (N,) float32, 1 where the image is a photograph as it was taken.
    """

    image: NDArray[np.float32]
    target: NDArray[np.float32]
    cross: NDArray[np.float32]
    turned: NDArray[np.float32]
    untouched: NDArray[np.float32]


def jitter_matrix(rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Draw a small misalignment, as detectors make it: (2, 3)."""
    matrix = cv2.getRotationMatrix2D(
        (size / 2, size / 2), rng.normal(0, 2.5), float(np.exp(rng.normal(0, 0.035)))
    )
    matrix[:, 2] = matrix[:, 2] + rng.normal(0, 0.012 * size, 2)
    return np.asarray(matrix, np.float64)


def shifted(image: Image, matrix: NDArray[np.float64]) -> Image:
    """Move an image by a matrix (2, 3); the border is repeated."""
    size = image.shape[1::-1]
    warped = cv2.warpAffine(
        image, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, np.uint8)


def align_jitter(rng: np.random.Generator, image: Image) -> Image:
    """Misalign an image a little."""
    return shifted(image, jitter_matrix(rng, image.shape[0]))


class PairSource:
    """Draws batches; batch number ``n`` is the same whenever it is drawn, so that training resumes exactly.

    Args:
        alterer: draws altered faces.
        targets: the targets of the same faces.
        seed: start of every draw.
    """

    def __init__(self, alterer: FaceAlterer, targets: Targets, *, seed: int = 0) -> None:
        self._alterer = alterer
        self._targets = targets
        self._seed = seed

    def batch(self, number: int, size: int) -> Batch:
        """Draw batch ``number`` with ``size`` pairs.

        Raises:
            ValueError: hardly any face has a target.
        """
        rng = np.random.default_rng([self._seed, number])
        pairs = [self._pair(rng) for _ in range(size)]
        return Batch(
            np.stack([p[0] for p in pairs]).astype(np.float32) / np.float32(255),
            np.stack([p[1] for p in pairs]).astype(np.float32) / np.float32(255),
            *np.array([p[2] for p in pairs], np.float32).T,
        )

    def _pair(self, rng: np.random.Generator) -> tuple[Image, Image, tuple[bool, ...]]:
        for _ in range(_TRIES):
            altered = self._alterer.draw(rng)
            target = int(self._targets.of[altered.row])
            if target in self._targets.pictures:
                break
        else:
            raise ValueError("hardly any of the faces to train on has a target: give better images")
        # Both alike: where a face lies in its crop is no fault of its own.
        matrix = jitter_matrix(rng, altered.image.shape[0])
        image, picture = (
            shifted(i, matrix) for i in (altered.image, self._targets.pictures[target])
        )
        if rng.random() < 0.5:
            image, picture = image[:, ::-1], picture[:, ::-1]
        turned = bool(self._targets.turned[altered.row] or turned_away(*altered.turned))
        return image, picture, (target != altered.row, turned, not altered.changed)
