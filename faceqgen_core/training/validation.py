"""Reports on held-back subjects while training: is the order of the measures right, does it restore?"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from faceqgen_core.measures.discriminator_score import discriminator_score
from faceqgen_core.measures.mse import mse
from faceqgen_core.measures.ssim import ssim_map
from faceqgen_core.training.degradation import degrade
from faceqgen_core.training.subjects import FaceSet

FAMILIES = ("gaussian_blur", "low_resolution", "noise", "occlusion", "jpeg", "dark")
STRENGTHS = (0.3, 0.6)


class Validation:
    """A fixed set of held-back faces, clean and degraded.

    Args:
        faces: good faces of subjects that are not trained on.
    """

    def __init__(self, faces: FaceSet) -> None:
        clean = faces.crops
        self._sets: dict[str, NDArray[np.float32]] = {"clean": _unit(clean)}
        for family in FAMILIES:
            for strength in STRENGTHS:
                rng = np.random.default_rng(7)
                images = [degrade(image, family, strength, rng) for image in clean]
                self._sets[f"{family}_{strength}"] = _unit(np.stack(images))

    def report(
        self, generator: Any, discriminator: Any
    ) -> tuple[dict[str, float], list[list[NDArray[np.float32]]]]:
        """Return mean measures by set, PSNR gains, and rows of images for a montage."""
        facts: dict[str, float] = {}
        rows: list[list[NDArray[np.float32]]] = []
        clean = self._sets["clean"]
        for name, images in self._sets.items():
            restored = np.asarray(generator.predict_on_batch(images)[0])
            logits = discriminator.predict_on_batch(images)[0]
            facts[f"ssim_{name}"] = float(ops.mean(ssim_map(images, restored)))
            facts[f"d_{name}"] = float(ops.mean(discriminator_score(logits)))
            if name != "clean":
                before = float(np.mean(-10 * np.log10(np.asarray(mse(images, clean)) + 1e-6)))
                after = float(np.mean(-10 * np.log10(np.asarray(mse(restored, clean)) + 1e-6)))
                facts[f"psnr_gain_{name}"] = after - before
            rows.append([x for i in range(min(6, len(images))) for x in (images[i], restored[i])])
        return facts, rows


def _unit(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(images, np.float32) / np.float32(255)
