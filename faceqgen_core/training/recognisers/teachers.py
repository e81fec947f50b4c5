"""Teachers: the face recognisers whose comparison scores on training subjects stand in for quality labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.presets import sha256_of
from faceqgen_core.training.recognisers.dlib_recogniser import DlibTeacher
from faceqgen_core.training.recognisers.face_reid import FaceReidTeacher
from faceqgen_core.training.recognisers.mobilefacenet import MobileFaceNetTeacher


class Recogniser(Protocol):
    """Anything that embeds aligned crops."""

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed crops (N, S, S, 3) uint8 RGB -> (N, D) float32 of unit length."""
        ...


def load_teachers(files: Sequence[Path], protocol: CropProtocol) -> list[Recogniser]:
    """Load each recogniser by the ending of its file.

    ``.xml`` is face-reidentification-retail-0095, ``.tflite`` MobileFaceNet, ``.dat`` dlib's.

    Raises:
        ValueError: a file is missing, of another kind or damaged, or OpenVINO is not installed.
    """
    kinds: dict[str, Callable[[Path, CropProtocol], Recogniser]] = {
        ".xml": FaceReidTeacher,
        ".tflite": MobileFaceNetTeacher,
        ".dat": DlibTeacher,
    }
    for file in files:
        if file.suffix.lower() not in kinds:
            raise ValueError(
                f"{file.name} is no recogniser known here: a teacher is an .xml file of "
                "face-reidentification-retail-0095, MobileFaceNet.tflite or dlib's face recognition .dat file"
            )
    return [kinds[file.suffix.lower()](file, protocol) for file in files]


def hash_teachers(files: Sequence[Path]) -> list[dict[str, str]]:
    """Name and SHA-256 of each recogniser's file, for caches and provenance.

    Raises:
        ValueError: a file is missing.
    """
    for file in files:
        if not file.is_file():
            raise ValueError(f"no recogniser at {file}")
    return [{"file": file.name, "sha256": sha256_of(file)} for file in files]
