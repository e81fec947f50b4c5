"""Planes (H, W) float32 and what pictures are made of them.

A product with a colour of three numbers along the last axis, or with a plane of one channel, costs numpy ten times what
a product of equal shapes costs; so planes are merged into pictures first.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Plane = NDArray[np.float32]
"""(H, W) float32."""


def three(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """A plane (H, W) thrice, (H, W, 3): a product of equal shapes costs a quarter of a broadcast one."""
    return np.asarray(cv2.merge([plane, plane, plane]), np.float32)


def tinted(plane: NDArray[np.float32], colour: ArrayLike) -> NDArray[np.float32]:
    """A plane (H, W) times a colour (3,), (H, W, 3)."""
    shares = np.asarray(colour, np.float64).tolist()
    return np.asarray(cv2.merge([plane * share for share in shares]), np.float32)
