"""Principal components of the targets: what the generator's linear decoder draws with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.networks.basis import SIDE
from faceqgen_core.types import Image

MOST = 3600
"""Targets that the components are computed from at most; each counts mirrored, too."""


@dataclass(frozen=True, eq=False)
class Components:
    """A basis of faces.

    Attributes:
        mean: (D,) float32, D = 64 * 64 * 3, RGB in [0, 1].
        directions: (K, D) float32, each component times its standard deviation, the largest first.
        kept: share of the variance of the pictures that they hold.
    """

    mean: NDArray[np.float32]
    directions: NDArray[np.float32]
    kept: float

    @property
    def spread(self) -> NDArray[np.float32]:
        """(K,) standard deviation along each component."""
        return np.asarray(np.linalg.norm(self.directions, axis=1), np.float32)

    @property
    def projection(self) -> NDArray[np.float32]:
        """(D, K): a picture less the mean, times this, is its code in standard deviations."""
        squared = np.maximum(self.spread, 1e-6)[:, None] ** 2
        return np.ascontiguousarray((self.directions / squared).T, np.float32)


def principal_components(pictures: Sequence[Image], count: int) -> Components:
    """Compute the components of pictures (S, S, 3) uint8 RGB and their mirror images, shrunk to 64 x 64.

    Where there are fewer pictures than ``count`` asks for, the rest are components of no extent, which nothing uses.

    Raises:
        ValueError: there is no picture.
    """
    if not len(pictures):
        raise ValueError("no target to compute components from")
    small = np.stack(
        [cv2.resize(p, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for p in pictures[:MOST]]
    )
    both = np.concatenate([small, small[:, :, ::-1]])
    data = both.reshape(len(both), -1).astype(np.float32) / np.float32(255)
    mean = data.mean(axis=0)
    data -= mean
    # Fewer pictures than pixels: the small Gram matrix has the same components.
    values, vectors = np.linalg.eigh(data @ data.T / len(data))
    order = np.argsort(-values)[:count]
    values, total = np.maximum(values[order], 0.0), float(np.maximum(values, 0).sum())
    axes = vectors[:, order].T @ data
    length = np.linalg.norm(axes, axis=1, keepdims=True)
    directions = np.zeros((count, data.shape[1]), np.float32)
    alive = length[:, 0] > 1e-4
    scaled = axes[alive] / length[alive] * np.sqrt(values[alive])[:, None]
    directions[: len(axes)][alive] = scaled
    return Components(mean, directions, float(values.sum() / max(total, 1e-12)))
