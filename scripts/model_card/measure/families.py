"""Families: how quality and the measures fall with the strength of every degradation family."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from faceqgen_core.degradation import FAMILIES, degrade
from faceqgen_core.restoration import Restorer
from scripts.model_card.measure.scores import score

FACES = 60
STRENGTHS = tuple(round(0.1 * k, 1) for k in range(1, 11))
STRONG = 0.8
BREAKING = (
    "gaussian_blur",
    "motion_blur",
    "defocus",
    "low_resolution",
    "pixelate",
    "noise",
    "shot_noise",
    "occlusion",
)
"""Blur, low resolution, noise and occlusion: the families that break recognition most."""


def spearman(values: NDArray[np.float64]) -> float:
    """Spearman's rho of values (K,) against 1..K; tied values share their rank, all tied is 0."""
    order = np.unique(values, return_inverse=True)[1]
    counts = np.bincount(order)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[order]
    if len(counts) < 2:
        return 0.0
    return float(np.corrcoef(ranks, np.arange(len(values)))[0, 1])


def degraded(face: NDArray[np.uint8], number: int, family: str) -> list[NDArray[np.uint8]]:
    """One face under all strengths of a family, with the same direction, place and grain for each strength."""
    return [degrade(face, family, s, np.random.default_rng([7, number])) for s in STRENGTHS]


def measure(restorer: Restorer, faces: NDArray[np.uint8]) -> dict[str, Any]:
    """Means by family and strength, their rank correlation with strength, and what is left of strong degradations."""
    clean, _ = score(restorer, faces)
    facts: dict[str, Any] = {
        "faces": len(faces),
        "strengths": list(STRENGTHS),
        "clean": {name: float(values.mean()) for name, values in clean.items()},
        "clean_median": float(np.median(clean["quality"])),
        "families": {},
    }
    strong: dict[str, NDArray[np.float64]] = {}
    for family in tqdm(FAMILIES, desc="families", unit="family"):
        crops = [crop for i, face in enumerate(faces) for crop in degraded(face, i, family)]
        scores, _ = score(restorer, np.stack(crops))
        means = {
            name: values.reshape(len(faces), len(STRENGTHS)).mean(axis=0)
            for name, values in scores.items()
        }
        quality = scores["quality"].reshape(len(faces), len(STRENGTHS))
        strong[family] = quality[:, np.array(STRENGTHS) >= STRONG].ravel()
        facts["families"][family] = {
            "means": {name: values.tolist() for name, values in means.items()},
            # MSE rises where the others fall: all correlations are of "higher is better".
            "rho": {
                name: spearman(-values if name == "mse" else values)
                for name, values in means.items()
            },
            "strong_median": float(np.median(strong[family])),
        }
    breaking = np.concatenate([strong[f] for f in BREAKING])
    every = np.concatenate(list(strong.values()))
    facts["strong"] = {
        "breaking_median": float(np.median(breaking)),
        "all_median": float(np.median(every)),
        "breaking": np.round(breaking, 1).tolist(),
    }
    return facts
