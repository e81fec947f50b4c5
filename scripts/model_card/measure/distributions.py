"""Distributions: quality of good faces, of poor ones, and of pictures without a face that are forced through as crops."""

from __future__ import annotations

from typing import Any

import numpy as np
import skimage.data
from numpy.typing import NDArray

from faceqgen_core.alignment import CropProtocol, crop_whole
from faceqgen_core.restoration import Restorer
from faceqgen_core.training.labels.labelled_set import no_face
from faceqgen_core.types import Image
from scripts.model_card.measure.crops import CropSet
from scripts.model_card.measure.scores import score
from scripts.model_card.measure.validity import Evaluation

BINS = np.linspace(0, 100, 41)
NO_FACES = 300
PICTURES = (
    "brick",
    "chelsea",
    "coffee",
    "coins",
    "grass",
    "gravel",
    "moon",
    "page",
    "rocket",
    "text",
)
"""Pictures of scikit-image that show nobody."""


def summary(quality: NDArray[np.float64]) -> dict[str, Any]:
    """Count, percentiles and histogram of qualities."""
    p10, median, p90 = np.percentile(quality, [10, 50, 90])
    return {
        "count": len(quality),
        "p10": float(p10),
        "median": float(median),
        "p90": float(p90),
        "histogram": np.histogram(quality, BINS)[0].tolist(),
    }


def pictures(protocol: CropProtocol) -> NDArray[np.uint8]:
    """Pictures without people and their quarters, as crops (N, S, S, 3) uint8."""
    crops = []
    for name in PICTURES:
        image = getattr(skimage.data, name)()
        image = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
        side = min(image.shape[:2])
        whole: Image = np.asarray(image[:side, :side, :3], np.uint8)
        half = side // 2
        parts = [whole[y : y + half, x : x + half] for y in (0, half) for x in (0, half)]
        for part in (whole, *parts):
            crops.append(crop_whole(np.ascontiguousarray(part), protocol).image)
    return np.stack(crops)


def without_faces(faces: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Faces scrambled, upside down or left out, and plain or noisy pictures, as training makes them; other draws."""
    rng = np.random.default_rng(99)
    rows = rng.integers(0, len(faces), NO_FACES)
    return np.stack([no_face(rng, faces[row]) for row in rows])


def measure(
    restorer: Restorer,
    *,
    london: CropSet,
    held_back: CropSet,
    evaluation: Evaluation,
    quality: NDArray[np.float64],
    strong: NDArray[np.float64],
) -> dict[str, Any]:
    """Summaries by kind of picture, and of the development set by degradation.

    Args:
        restorer: scores what has no scores yet.
        london: the London Set.
        held_back: faces of held-back subjects, from which pictures without a face are made.
        evaluation: the development evaluation.
        quality: (N,) of its images, ``-inf`` without a face.
        strong: quality of strongly degraded faces, see ``families``.
    """
    seen = np.isfinite(quality)
    untouched = evaluation.family == ""
    kinds = {
        "London Set": score(restorer, london.faces)[0]["quality"],
        "development, untouched": quality[seen & untouched],
        "development, degraded": quality[seen & ~untouched],
        "strongly degraded": strong,
        "no face, made from faces": score(restorer, without_faces(held_back.faces))[0]["quality"],
        "no face, pictures": score(restorer, pictures(restorer.preset.protocol))[0]["quality"],
    }
    facts = {name: summary(values) for name, values in kinds.items()}
    no_face_all = np.concatenate([kinds["no face, made from faces"], kinds["no face, pictures"]])
    facts["no face, all"] = summary(no_face_all)
    single = np.array(["+" not in str(f) for f in evaluation.family])
    strength = np.array([_first_strength(str(s)) for s in evaluation.strength])
    families = {}
    for family in sorted({str(f) for f in evaluation.family[single & ~untouched]}):
        of_family = (evaluation.family == family) & seen
        hard = of_family & (strength >= 0.6)
        families[family] = {
            "count": int(of_family.sum()),
            "median": float(np.median(quality[of_family])),
            "strong_count": int(hard.sum()),
            "strong_median": float(np.median(quality[hard])) if hard.any() else None,
        }
    return {"kinds": facts, "development_families": families}


def _first_strength(text: str) -> float:
    return float(text.split("+")[0]) if text else 0.0
