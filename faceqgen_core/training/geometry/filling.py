"""Pixels that nobody has seen: filled smoothly from their neighbours, and continued beyond the frame."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def fill(image: NDArray[Any], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fill pixels of weight 0 from the others, the nearer the more (pull-push, Gortler et al. 1996).

    Args:
        image: (H, W, 3).
        weight: (H, W) float32 in [0, 1], how much of each pixel is known.

    Returns:
        (H, W, 3) float32.
    """
    levels = [np.dstack([image * weight[..., None], weight]).astype(np.float32)]
    while min(levels[-1].shape[:2]) > 3:
        levels.append(
            np.asarray(cv2.pyrDown(levels[-1], borderType=cv2.BORDER_REPLICATE), np.float32)
        )
    top = levels.pop()
    filled: NDArray[Any] = top[..., :3] / np.maximum(top[..., 3:], 1e-4)
    for level in reversed(levels):
        height, width = level.shape[:2]
        filled = np.asarray(cv2.pyrUp(filled, dstsize=(width, height)))
        known = np.clip(level[..., 3:], 0, 1)
        colour = level[..., :3] / np.maximum(level[..., 3:], 1e-4)
        filled = known * colour + (1 - known) * filled
    return np.asarray(filled, np.float32)


def continue_outwards(image: NDArray[np.float32], margin: int) -> NDArray[np.float32]:
    """Add a margin of ``margin`` pixels: the border's pixels drawn outwards, blurred more and more along the border.

    Takes and gives (H, W, C) float32. Pixels that are only repeated would show as stripes.
    """
    result = np.asarray(
        cv2.copyMakeBorder(image, margin, margin, margin, margin, cv2.BORDER_REPLICATE), np.float32
    )
    for _ in range(4):
        end = result.shape[0] - margin
        line = result[end - 3 : end].mean(axis=0, keepdims=True)
        for row in range(end, end + margin):
            line = np.asarray(cv2.blur(line, (3, 1), borderType=cv2.BORDER_REPLICATE))
            result[row] = line[0]
        result = np.ascontiguousarray(np.rot90(result))
    return result
