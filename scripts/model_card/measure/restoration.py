"""Restoration: is a restored face closer to the clean one, in pixels and in identity, than the degraded one was?"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from faceqgen_core.degradation import degrade
from faceqgen_core.measures.ssim import ssim_map
from faceqgen_core.restoration import Pictures, Restorer
from faceqgen_core.types import Image
from scripts.model_card.measure.scores import Embed

FACES = 200
FAMILIES = (
    "gaussian_blur",
    "defocus",
    "motion_blur",
    "low_resolution",
    "noise",
    "shot_noise",
    "dark",
)
STRENGTHS = (0.4, 0.5, 0.6)


def shrunk(image: Image, strength: float) -> Image:
    """Low resolution as its usual remedy leaves it: shrunk by area, enlarged bicubically."""
    side = image.shape[0]
    small = max(4, round(128 / (1.3 * 8.0**strength)))
    low = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(low, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)


def spoiled(face: Image, number: int, family: str) -> Image:
    """A face under a family at the medium strength whose turn it is."""
    strength = STRENGTHS[number % len(STRENGTHS)]
    if family == "low_resolution":
        return shrunk(face, strength)
    return degrade(face, family, strength, np.random.default_rng([9, number]))


def psnr(images: NDArray[np.uint8], clean: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Peak signal-to-noise ratio of each image in dB, (N,)."""
    error = np.square(images.astype(np.float32) - clean).mean(axis=(1, 2, 3)) / 255**2
    return np.asarray(-10 * np.log10(error + 1e-9), np.float64)


def ssim(images: NDArray[np.uint8], clean: NDArray[np.uint8]) -> NDArray[np.float64]:
    """SSIM of each image with its clean one, (N,)."""
    values = []
    for i in range(0, len(images), 50):
        pair = [x[i : i + 50].astype(np.float32) / np.float32(255) for x in (images, clean)]
        values.append(np.asarray(ssim_map(*pair)).mean(axis=(1, 2)))
    return np.concatenate(values).astype(np.float64)


def measure(
    restorer: Restorer, faces: NDArray[np.uint8], recognisers: dict[str, Embed]
) -> dict[str, Any]:
    """Means before and after restoration by family, and the standard error of each gain.

    Every face is degraded once by each family; the medium strengths take turns over the faces.
    """
    identity = {name: embed(faces) for name, embed in recognisers.items()}
    facts: dict[str, Any] = {
        "faces": len(faces),
        "strengths": list(STRENGTHS),
        "recognisers": list(recognisers),
        "families": {},
    }

    def measured(images: NDArray[np.uint8]) -> dict[str, NDArray[np.float64]]:
        alike = {
            name: np.einsum("ij,ij->i", embed(images), identity[name]).astype(np.float64)
            for name, embed in recognisers.items()
        }
        return {"psnr": psnr(images, faces), "ssim": ssim(images, faces), **alike}

    for family in tqdm(FAMILIES, desc="restoration", unit="family"):
        poor = np.stack([spoiled(face, i, family) for i, face in enumerate(faces)])
        restored = restorer.restore(poor, pictures=Pictures(restored=True)).restored
        assert restored is not None
        before, after = measured(poor), measured(restored)
        facts["families"][family] = {name: _summary(before[name], after[name]) for name in before}
    return facts


def _summary(before: NDArray[np.float64], after: NDArray[np.float64]) -> dict[str, Any]:
    """Means of (N,) and of the gain, with its standard error and its means at the medium strengths."""
    gain = after - before
    turn = np.arange(len(gain)) % len(STRENGTHS)
    return {
        "before": float(before.mean()),
        "after": float(after.mean()),
        "gain": float(gain.mean()),
        "error": float(gain.std(ddof=1) / np.sqrt(len(gain))),
        "gained_share": float((gain > 0).mean()),
        "by_strength": [float(gain[turn == k].mean()) for k in range(len(STRENGTHS))],
    }
