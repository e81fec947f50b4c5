"""Validity: how fast recognition errors fall on the development evaluation while faces of low quality are discarded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.evaluation.edc import (
    LIMITS,
    Curve,
    bootstrap,
    edc_curve,
    fmr_threshold,
    interval,
    normalised_partial_area,
    oracle_curve,
    pair_quality,
)
from scripts.model_card.measure.crops import CropSet
from scripts.model_card.measure.scores import Scores, signed

FMR = 1e-3
RESAMPLES = 1000
OWN = ("quality", "discriminator", "ssim", "mse")
PEERS = {
    "laplacian": "variance of the Laplacian",
    "contrast": "contrast",
    "embedding_norm": "norm of a recogniser's embedding",
    "lightqnet": "LightQNet",
}
SETS = {"natural": "natural", "xq": "cross-quality"}


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The development evaluation.

    Attributes:
        names: (N,) paths of the images below the data's root.
        subjects, sets, family, strength: (N,) each, as stored.
        peers: scores (N,) of the peers by name, higher is better.
        threshold: similarity of the recogniser at the fixed FMR.
        pairs: by set, rows of the two images of every mated pair, (P, 2).
        errors: by set, (P,) 1.0 where the pair is falsely rejected.
    """

    names: list[str]
    subjects: NDArray[np.str_]
    sets: NDArray[np.str_]
    family: NDArray[np.str_]
    strength: NDArray[np.str_]
    peers: Scores
    threshold: float
    pairs: dict[str, NDArray[np.int64]]
    errors: dict[str, NDArray[np.float64]]


def mated_pairs(subjects: NDArray[np.str_], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """All pairs of rows with the same subject, (P, 2)."""
    i, j = np.triu_indices(len(rows), 1)
    same = subjects[rows[i]] == subjects[rows[j]]
    return np.stack([rows[i[same]], rows[j[same]]], axis=1)


def read(root: Path) -> Evaluation:
    """Read the stored embeddings and fix the threshold over the non-mated comparisons of the natural set."""
    with np.load(root / "dev_eval.npz") as data:
        stored = {key: data[key] for key in data.files}
    embedding = stored["embedding"].astype(np.float32)
    embedding /= np.linalg.norm(embedding, axis=1, keepdims=True)
    subjects, sets = stored["subject"], stored["set"]
    natural = np.flatnonzero(sets == "natural")
    similarity = embedding[natural] @ embedding[natural].T
    i, j = np.triu_indices(len(natural), 1)
    strangers = subjects[natural][i] != subjects[natural][j]
    threshold = fmr_threshold(similarity[i, j][strangers], FMR)
    pairs = {s: mated_pairs(subjects, np.flatnonzero(sets == s)) for s in SETS}
    errors = {}
    for name, p in pairs.items():
        scores = np.einsum("ij,ij->i", embedding[p[:, 0]], embedding[p[:, 1]])
        errors[name] = (scores <= threshold).astype(np.float64)
    return Evaluation(
        [str(n) for n in stored["image"]],
        subjects,
        sets,
        stored["family"],
        stored["strength"],
        {k: stored[f"baseline_{k}"].astype(np.float64) for k in PEERS},
        threshold,
        pairs,
        errors,
    )


def spread_out(faces: CropSet, scores: Scores) -> Scores:
    """Scores of the faces that were found -> scores of all images, higher is better, ``-inf`` without a face."""
    complete = {}
    for name, values in scores.items():
        complete[name] = np.full(len(faces.names), -np.inf)
        complete[name][faces.found] = signed(name) * values
    return complete


def measure(
    evaluation: Evaluation, scores: Scores
) -> tuple[dict[str, Any], dict[str, dict[str, Curve]]]:
    """Areas with intervals, and the curves, by set and by name of the score.

    Args:
        evaluation: see ``read``.
        scores: (N,) by name, higher is better, ``-inf`` without a score.
    """
    # A draw instead of the expected 1, because that is how far an area strays by chance.
    chance = np.random.default_rng(0).random(len(evaluation.names))
    methods = {**scores, **evaluation.peers, "random": chance}
    facts: dict[str, Any] = {
        "threshold": evaluation.threshold,
        "images": len(evaluation.names),
        "unscored": int(np.isneginf(scores["quality"]).sum()),
        "sets": {},
    }
    curves: dict[str, dict[str, Curve]] = {}
    for name, pairs in evaluation.pairs.items():
        errors = evaluation.errors[name]
        qualities = {m: pair_quality(q[pairs[:, 0]], q[pairs[:, 1]]) for m, q in methods.items()}
        curves[name] = {m: edc_curve(q, errors) for m, q in qualities.items()}
        curves[name]["oracle"] = oracle_curve(errors)
        resampled = bootstrap(
            qualities, errors, groups=evaluation.subjects[pairs[:, 0]], resamples=RESAMPLES
        )
        table: dict[str, Any] = {}
        for method, curve in curves[name].items():
            table[method] = {
                f"pauc{limit}": normalised_partial_area(curve, limit) for limit in LIMITS
            }
            if method in resampled:
                drawn = {limit: resampled[method].normalised[limit] for limit in LIMITS}
                table[method] |= {f"interval{k}": interval(v) for k, v in drawn.items()}
                own = resampled["quality"].normalised[0.3]
                table[method]["quality_minus_it"] = interval(own - drawn[0.3])
        facts["sets"][SETS[name]] = {
            "pairs": len(pairs),
            "fnmr": float(errors.mean()),
            "methods": table,
        }
    return facts, curves


def remaining_errors(evaluation: Evaluation, quality: NDArray[np.float64]) -> dict[str, Any]:
    """Failure cases in numbers, of the cross-quality set: what is kept and fails, what is discarded and would do."""
    pairs, errors = evaluation.pairs["xq"], evaluation.errors["xq"] > 0
    pair = pair_quality(quality[pairs[:, 0]], quality[pairs[:, 1]])
    kept = pair > np.quantile(pair, 0.3, method="lower")
    worse = np.where(
        quality[pairs[:, 0]] <= quality[pairs[:, 1]], pairs[:, 0], pairs[:, 1]
    )  # the image that decides
    best, worst = {}, {}
    for family in sorted({f for name in evaluation.family for f in str(name).split("+")}):
        has = np.array([family in str(evaluation.family[i]).split("+") for i in worse])
        best[family or "untouched"] = int((has & kept & errors).sum())
        worst[family or "untouched"] = int((has & ~kept & ~errors).sum())
    return {
        "kept": int(kept.sum()),
        "kept_errors": int((kept & errors).sum()),
        "discarded": int((~kept).sum()),
        "discarded_good": int((~kept & ~errors).sum()),
        "kept_errors_by_family": best,
        "discarded_good_by_family": worst,
    }
