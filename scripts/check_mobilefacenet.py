"""Compare MobileFaceNet as the teachers run it with TensorFlow Lite: the largest difference of an embedding's numbers.

Run: python scripts/check_mobilefacenet.py MobileFaceNet.tflite

Needs OpenVINO. The faces are those of scikit-image's lfw_subset and what noise and inversion make of them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf
from skimage.data import lfw_subset

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.training.recognisers.mobilefacenet import MobileFaceNetTeacher

LIMIT = 1e-4
"""Largest difference that still counts as the same network; the numbers are about 0.07."""


def main() -> int:
    """Print the difference; 1 where it is too large."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="MobileFaceNet.tflite")
    args = parser.parse_args()
    protocol, rng = CropProtocol(), np.random.default_rng(0)
    faces = [(255 * face).astype(np.uint8) for face in lfw_subset()[:20]]
    crops = np.stack(
        [cv2.resize(np.stack([face] * 3, axis=-1), (protocol.size,) * 2) for face in faces]
    )
    crops[10:15] = 255 - crops[10:15]
    crops[15:] = rng.integers(0, 256, crops[15:].shape, dtype=np.uint8)
    teacher = MobileFaceNetTeacher(args.model, protocol)
    interpreter = tf.lite.Interpreter(str(args.model))
    interpreter.allocate_tensors()
    entrance, end = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    theirs = []
    for pair in teacher.recogniser_crops(crops).astype(np.float32).reshape(-1, *entrance["shape"]):
        interpreter.set_tensor(entrance["index"], (pair - 127.5) / 128)
        interpreter.invoke()
        theirs.append(interpreter.get_tensor(end["index"]))
    expected = np.concatenate(theirs)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    difference = float(np.abs(teacher.embed(crops) - expected).max())
    print(f"{len(crops)} crops, largest difference {difference:.1e} (limit {LIMIT:.0e})")
    return int(difference > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
