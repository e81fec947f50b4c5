"""Compare the rebuilt dlib recogniser with dlib itself: the largest difference of an embedding's numbers.

Run: python scripts/check_dlib_recogniser.py dlib_face_recognition_resnet_model_v1.dat

Needs dlib (``pip install dlib``), which nothing else here needs, and OpenVINO. The faces are those of scikit-image's
lfw_subset and what noise and inversion make of them; each is embedded by both from the same crop.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import dlib
import numpy as np
from skimage.data import lfw_subset

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.training.recognisers.dlib_recogniser import DlibTeacher

LIMIT = 1e-3
"""Largest difference that still counts as the same network; the numbers are about 0.1."""


def main() -> int:
    """Print the difference; 1 where it is too large."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="dlib's .dat file")
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    faces = [(255 * face).astype(np.uint8) for face in lfw_subset()[:20]]
    recogniser_crops = np.stack(
        [cv2.resize(np.stack([face] * 3, axis=-1), (150, 150)) for face in faces]
    )
    recogniser_crops[10:15] = 255 - recogniser_crops[10:15]
    recogniser_crops[15:] = rng.integers(0, 256, recogniser_crops[15:].shape, dtype=np.uint8)
    teacher = DlibTeacher(args.model, CropProtocol())
    theirs = np.array(
        dlib.face_recognition_model_v1(str(args.model)).compute_face_descriptor(
            list(recogniser_crops)
        )
    )
    difference = float(np.abs(teacher.raw(recogniser_crops) - theirs).max())
    print(
        f"{len(recogniser_crops)} recogniser_crops, largest difference {difference:.1e} (limit {LIMIT:.0e})"
    )
    return int(difference > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
