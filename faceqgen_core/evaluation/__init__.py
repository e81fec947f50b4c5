"""Evaluation: does discarding the faces of lowest quality lower the errors of a recogniser?"""

from faceqgen_core.evaluation.edc import (
    Curve,
    edc_curve,
    fmr_threshold,
    normalised_partial_area,
    oracle_curve,
    pair_quality,
    partial_area,
    random_curve,
)
from faceqgen_core.evaluation.embeddings import compare_embeddings
from faceqgen_core.evaluation.recognition import Comparisons, match_paths, read_pairs
from faceqgen_core.evaluation.report import Evaluation, evaluate, plot, write_json

__all__ = [
    "Comparisons",
    "Curve",
    "Evaluation",
    "compare_embeddings",
    "edc_curve",
    "evaluate",
    "fmr_threshold",
    "match_paths",
    "normalised_partial_area",
    "oracle_curve",
    "pair_quality",
    "partial_area",
    "plot",
    "random_curve",
    "read_pairs",
    "write_json",
]
