"""Reports on held-back subjects while training: is the order of the measures right, does it restore?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.degradation import degrade
from faceqgen_core.measures import MEASURES
from faceqgen_core.measures.mse import mse
from faceqgen_core.measures.region import face_region
from faceqgen_core.networks.scorer import build_features
from faceqgen_core.training.data.subjects import FaceSet

FAMILIES = ("gaussian_blur", "low_resolution", "noise", "occlusion", "jpeg", "dark")
STRENGTHS = (0.3, 0.6)
HARMFUL = ("gaussian_blur", "low_resolution", "noise", "occlusion", "jpeg")
"""The families by which order is judged: a change of light hardly harms recognition, and the target keeps it."""


def order(weaker: NDArray[np.floating], stronger: NDArray[np.floating]) -> float:
    """Share of all pairs of a less and a more degraded face in which the measure is higher for the former, 0..1.

    Over different faces, too: that is how a measure is used. 0.5 is chance; ties count half.
    """
    above, below = weaker[:, None], stronger[None, :]
    return float(np.mean((above > below) + 0.5 * (above == below)))


class Validation:
    """A fixed set of held-back faces, clean and degraded.

    Args:
        faces: good pictures of subjects that are not trained on.
        targets: (N, S, S, 3) uint8 RGB, what restoration shall lead to.
    """

    def __init__(self, faces: FaceSet, targets: NDArray[np.uint8]) -> None:
        clean = faces.crops
        self._targets = _unit(targets)
        self._region = face_region(CropProtocol(size=clean.shape[1]))
        self._sets: dict[str, NDArray[np.float32]] = {"clean": _unit(clean)}
        for family in FAMILIES:
            for strength in STRENGTHS:
                rng = np.random.default_rng(7)
                images = [degrade(image, family, strength, rng) for image in clean]
                self._sets[f"{family}_{strength}"] = _unit(np.stack(images))

    def report(
        self, generator: Any, discriminator: Any
    ) -> tuple[dict[str, float], list[list[NDArray[np.float32]]]]:
        """Return numbers by name, and rows of images for a montage: input, restored, drawn, each time.

        The numbers: mean ``ssim_`` and ``d_`` and, over the face, the ``psnr_gain_`` of each set towards the target;
        ``order_`` of each measure over the harmful families; and their mean, ``order``, by which a run chooses its best
        weights.
        """
        network = build_features(generator, discriminator, self._region)
        facts: dict[str, float] = {}
        rows: list[list[NDArray[np.float32]]] = []
        values: dict[str, NDArray[np.float32]] = {}
        for name, images in self._sets.items():
            made = network.predict_on_batch(images)
            restored, drawn = np.asarray(made["restored"]), np.asarray(made["drawn"])
            values[name] = np.asarray(made["measures"])
            facts[f"ssim_{name}"] = float(values[name][:, 0].mean())
            facts[f"d_{name}"] = float(values[name][:, 2].mean())
            facts[f"psnr_gain_{name}"] = self._psnr(restored) - self._psnr(images)
            shown = range(min(6, len(images)))
            rows.append([x for i in shown for x in (images[i], restored[i], drawn[i])])
        for column, (measure, meaning) in enumerate(MEASURES.items()):
            sign = 1 if meaning.higher_is_better else -1
            shares = []
            for family in HARMFUL:
                steps = ["clean", *(f"{family}_{strength}" for strength in STRENGTHS)]
                levels = [sign * values[step][:, column] for step in steps]
                shares += [order(levels[i], levels[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
            facts[f"order_{measure}"] = float(np.mean(shares))
        facts["order"] = float(np.mean([facts[f"order_{measure}"] for measure in MEASURES]))
        return facts, rows

    def _psnr(self, images: NDArray[np.float32]) -> float:
        """Mean peak signal-to-noise ratio to the targets over the face, in decibels."""
        error = np.asarray(mse(images, self._targets, region=self._region))
        return float(np.mean(-10 * np.log10(error + 1e-6)))


def _unit(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(images, np.float32) / np.float32(255)
