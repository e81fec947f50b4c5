"""An assessor with a detector and a network made for tests: what they say is known beforehand."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.assessor import FaceQualityAssessor
from faceqgen_core.calibration import Calibration, SigmoidMapping
from faceqgen_core.presets import Preset
from faceqgen_core.restoration import NO_PICTURES, RestorationResult
from faceqgen_core.types import FaceBox
from tests.images import (
    plain,
)

POINTS = np.array([[60, 60], [100, 60], [80, 82], [64, 104], [96, 104]], np.float32)


def toy_preset():
    mappings = {
        "quality": SigmoidMapping(0.5, 0.1),
        "ssim": SigmoidMapping(0.5, 0.1),
        "mse": SigmoidMapping(0.2, -0.1),
        "discriminator": SigmoidMapping(0.5, 0.1),
    }
    return Preset("toy", Path(), "toy@00000000", {}, CropProtocol(), Calibration(mappings), {})


class ToyDetector:
    """Finds one face in every image; an image of the colour ``no_face`` has none, ``broken`` makes it raise."""

    broken, no_face = (1, 1, 1), (2, 2, 2)

    def __init__(self, faces=None, error=None, delay=None):
        self.faces = faces or [FaceBox(50, 40, 60, 80, 0.99, POINTS)]
        self.error, self.delay = error or RuntimeError("no luck"), delay
        self.sizes = []

    def detect(self, image):
        self.sizes.append(image.shape)
        if self.delay is not None:
            time.sleep(self.delay(image))
        colour = tuple(image[0, 0])
        if colour == self.broken:
            raise self.error
        return [] if colour == self.no_face else list(self.faces)


class ToyNetwork:
    """The similarity is the mean brightness of the crop; a pure red crop gives NaN."""

    def __init__(self):
        self.batches = []
        self.asked = set()

    def restore(self, crops, *, pictures=NO_PICTURES):
        assert crops.dtype == np.uint8 and crops.shape[1:] == (128, 128, 3)
        self.batches.append(len(crops))
        self.asked.add((pictures.restored, pictures.difference))
        mean = crops.mean(axis=(1, 2, 3)) / 255
        red = (crops[:, 64, 64] == (255, 0, 0)).all(axis=1)
        return RestorationResult(
            ssim=np.where(red, np.nan, mean),
            mse=mean / 2,
            discriminator=mean,
            similarity=mean,
            restored=255 - crops if pictures.restored else None,
            difference=np.zeros(crops.shape[:3], np.float32) if pictures.difference else None,
            drawn=crops if pictures.drawn else None,
            trust=np.full(crops.shape[:3], 0.25, np.float32) if pictures.trust else None,
            changes=[("face_drawn",) if level < 0.5 else () for level in mean],
        )


def toy(detector=None, **options):
    network = ToyNetwork()
    assessor = FaceQualityAssessor(
        toy_preset(), detector=detector or ToyDetector(), restorer=network, **options
    )
    return assessor, network


def grey(level):
    return plain(160, 160, (level, level, level))


def threads():
    return [t for t in threading.enumerate() if t.name.startswith("faceqgen-prepare")]
