"""FaceQnet (v0 and v1), the network that the original repository links: one number for a face, no restoration.

Its script reads each image with OpenCV and resizes the whole of it to 224 x 224, whatever its proportions; blue, green,
red, 0 to 255; and clips what comes out to 0 to 1, 1 is best. The same is done here, to the pixel.

Source: Hernandez-Ortega, Galbally, Fierrez, Beslay, "Biometric Quality: Review and Application to Face Recognition with
FaceQnet" (arXiv 2006.03298).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.foreign.foreign_preset import ForeignPreset, ForeignResult, name_of
from faceqgen_core.foreign.network_loading import inspect_network, load_network
from faceqgen_core.foreign.refusal import refuse
from faceqgen_core.presets import sha256_of
from faceqgen_core.restoration import NO_PICTURES, Pictures
from faceqgen_core.types import FaceBox, FaceCrop, Image
from faceqgen_core.vocabulary import FACEQNET, ExtraMeasure

SIZE = 224
PROTOCOL = CropProtocol(name="stretched", size=SIZE)
"""Names the crops; of its numbers the size alone counts."""

NO_RESTORATION = "FaceQnet gives one number for a face and restores nothing: no restored images, no heatmaps, no quality of 0 to 100"


@dataclass(frozen=True)
class FaceQnetPreset(ForeignPreset):
    """FaceQnet's file, checked but not loaded."""

    aligns = False
    restores = False
    notice = NO_RESTORATION

    @property
    def extra_measures(self) -> tuple[ExtraMeasure, ...]:
        """FaceQnet's score."""
        return (ExtraMeasure(FACEQNET, self.identifier),)

    def scores(self, numbers: Mapping[str, float]) -> dict[str, Any]:
        """FaceQnet's score, beside nothing of ours."""
        return {"extra": dict(numbers)}

    def cut(self, pixels: Image, box: FaceBox | None = None) -> FaceCrop:
        """The whole image, or a box as far as it lies in it, stretched to 224 x 224 as OpenCV does by default.

        Args:
            pixels: (H, W, 3) uint8 RGB.
            box: of a face; None: the image is the crop of one.
        """
        height, width = pixels.shape[:2]
        x0, y0, x1, y1 = 0, 0, width, height
        if box is not None:
            x0 = min(max(0, math.floor(box.x)), width - 1)
            y0 = min(max(0, math.floor(box.y)), height - 1)
            x1 = max(x0 + 1, min(width, math.ceil(box.x + box.width)))
            y1 = max(y0 + 1, min(height, math.ceil(box.y + box.height)))
        part = np.ascontiguousarray(pixels[y0:y1, x0:x1])
        crop = np.asarray(cv2.resize(part, (SIZE, SIZE)), np.uint8)
        sx, sy = SIZE / (x1 - x0), SIZE / (y1 - y0)
        # pixel centres: x' + 0.5 = sx (x - x0 + 0.5)
        matrix = np.array(
            [[sx, 0, sx * (0.5 - x0) - 0.5], [0, sy, sy * (0.5 - y0) - 0.5]], np.float64
        )
        return FaceCrop(crop, matrix, (width, height), box)

    def restorer(self, *, batch_size: int = 32, device: str = "auto") -> FaceQnet:
        """Load the network, see ``FaceQnet``."""
        return FaceQnet(self, batch_size=batch_size, device=device)


def open_faceqnet(path: Path) -> FaceQnetPreset:
    """Check a file as FaceQnet's; loads no network library.

    Raises:
        PresetError: not usable, or of another input than FaceQnet's.
    """
    _, shape = inspect_network(path)
    if shape != (SIZE, SIZE, 3):
        refuse(
            path,
            f"FaceQnet takes ({SIZE}, {SIZE}, 3), this network {shape}; a generator needs its discriminator: name both in "
            "a pair.json (docs/from-faceqnet.md)",
        )
    return FaceQnetPreset.of(path, name=name_of(path), digest=sha256_of(path), protocol=PROTOCOL)


class FaceQnet:
    """Runs FaceQnet over crops.

    Args:
        preset: the checked file.
        batch_size: crops per call, at least 1.
        device: "auto", "cpu", "gpu" or "gpu:N".

    Raises:
        ValueError: a batch size under 1 or an unknown or absent device.
        PresetError: the file's weights do not fit its network, or it does not give one number.
    """

    def __init__(self, preset: FaceQnetPreset, *, batch_size: int = 32, device: str = "auto"):
        self._network = preset.crop_network(
            lambda: _model(preset.file), batch_size=batch_size, device=device
        )

    def restore(
        self, crops: NDArray[np.uint8], *, pictures: Pictures = NO_PICTURES
    ) -> ForeignResult:
        """Score (N, 224, 224, 3) uint8 RGB crops; ``pictures`` are there for none of them.

        Raises:
            ValueError: wrong shape or type.
        """
        values = self._network.outputs(crops)[FACEQNET.name][:, 0].astype(np.float64)
        clipped = np.clip(values, FACEQNET.low, FACEQNET.high)
        return ForeignResult({FACEQNET.name: np.where(np.isfinite(values), clipped, np.nan)})


def _model(path: Path) -> Any:
    """From RGB, 0 to 255, to the number before it is clipped, (N, 1)."""
    import keras

    network = load_network(path)
    if len(network.outputs) != 1 or math.prod(network.output_shape[1:]) != 1:
        refuse(path, f"FaceQnet gives one number, this network {network.output_shape}")
    image = keras.Input((SIZE, SIZE, 3))
    number = network(image[..., ::-1], training=False)
    return keras.Model(image, {FACEQNET.name: keras.layers.Reshape((1,))(number)})
