"""MediaPipe's selfie segmentation (``selfie_segmentation.tflite``, Apache-2.0): a soft mask of the person in a crop."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.training.geometry.tflite_network import PictureNetwork

_SIDE = 256


class PersonReader:
    """Tells the person from the background.

    Args:
        file: ``selfie_segmentation.tflite``.
        threads: threads of the processor to use.

    Raises:
        ValueError: the file is missing, cut off or another one.
    """

    def __init__(self, file: Path, *, threads: int = 1) -> None:
        self._network = PictureNetwork(
            file,
            side=_SIDE,
            lengths=[_SIDE * _SIDE],
            source="selfie_segmentation.tflite",
            threads=threads,
        )

    def read(self, crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Read crops (N, S, S, 3) uint8 RGB -> masks (N, S, S) uint8, 255 person, 0 background."""
        masks = np.empty(crops.shape[:3], np.uint8)
        for start in range(0, len(crops), self._network.batch):
            part = crops[start : start + self._network.batch]
            pictures = [np.asarray(cv2.resize(crop, (_SIDE, _SIDE)), np.uint8) for crop in part]
            (read,) = self._network.run(pictures)
            for row, mask in enumerate(read.reshape(-1, _SIDE, _SIDE), start):
                small = cv2.resize(mask, crops.shape[2:0:-1], interpolation=cv2.INTER_AREA)
                masks[row] = np.clip(np.rint(255 * small), 0, 255)
        return masks
