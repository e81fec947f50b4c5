"""MediaPipe's face mesh (``face_landmark.tflite``, Apache-2.0) over aligned crops: 468 points in three dimensions."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.training.geometry.tflite_network import PictureNetwork

POINTS = 468
_SIDE = 192
_MARGIN = 0.05
"""Margin around the crop as a share of its side: of six values from 0 to .25 the one at which the network is surest."""


class MeshReader:
    """Reads the mesh of a face.

    Args:
        file: ``face_landmark.tflite``.
        threads: threads of the processor to use.

    Raises:
        ValueError: the file is missing, cut off or another one.
    """

    def __init__(self, file: Path, *, threads: int = 1) -> None:
        self._network = PictureNetwork(
            file,
            side=_SIDE,
            lengths=[3 * POINTS, 1],
            source="face_landmark.tflite",
            threads=threads,
        )

    def read(self, crops: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Read crops (N, S, S, 3) uint8 RGB.

        Returns:
            Points (N, 468, 3) float32 in pixels of the crop, z away from the camera and in pixels too; and the flag (N,), a
            logit: above about 15 it is a face for sure, below 0 it is none.
        """
        points = np.empty((len(crops), POINTS, 3), np.float32)
        flags = np.empty(len(crops), np.float32)
        if not len(crops):
            return points, flags
        size = crops.shape[1]
        scale = _SIDE / (size * (1 + 2 * _MARGIN))
        shift = (_SIDE - 1) / 2 - scale * (size - 1) / 2
        matrix = np.array([[scale, 0, shift], [0, scale, shift]])
        for start in range(0, len(crops), self._network.batch):
            part = crops[start : start + self._network.batch]
            pictures = [
                np.asarray(
                    cv2.warpAffine(crop, matrix, (_SIDE, _SIDE), borderMode=cv2.BORDER_REPLICATE),
                    np.uint8,
                )
                for crop in part
            ]
            read, flag = self._network.run(pictures)
            read = read.reshape(-1, POINTS, 3)
            rows = slice(start, start + len(part))
            # The network counts from the corner of the first pixel, we from its middle.
            points[rows, :, :2] = (read[..., :2] - 0.5 - shift) / scale
            points[rows, :, 2] = read[..., 2] / scale
            flags[rows] = flag[:, 0]
        return points, flags
