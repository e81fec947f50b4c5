"""Recogniser crops: crops cut once more, as a recogniser wants its faces; and embeddings of unit length."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def cut_recogniser_crops(
    crops: NDArray[np.uint8], matrix: NDArray[np.float64], side: int
) -> NDArray[np.uint8]:
    """Cut crops (N, S, S, 3) uint8 by one similarity transform (2, 3) -> (N, side, side, 3) uint8."""
    cut = np.empty((len(crops), side, side, 3), np.uint8)
    for crop, row in zip(crops, cut, strict=True):
        row[:] = cv2.warpAffine(
            crop, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    return cut


def unit_length(embedding: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale each row of (N, D) to length 1."""
    norms = np.linalg.norm(embedding, axis=1, keepdims=True)
    return np.asarray(embedding / np.maximum(norms, 1e-12), np.float32)
