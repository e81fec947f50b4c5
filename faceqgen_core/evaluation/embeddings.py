"""Embeddings and identities -> comparisons: every pair of images, compared by the cosine of their embeddings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from faceqgen_core.evaluation.recognition import Comparisons


def compare_embeddings(
    embeddings: ArrayLike, subjects: Sequence[object], images: Sequence[str]
) -> Comparisons:
    """Compare all images with one another: those of one subject are mated, those of two are not.

    Time and memory grow with the square of the number of images: 2,000 take about a second and 100 MB.

    Args:
        embeddings: (N, D) numbers, one row an image; their length does not matter.
        subjects: (N) who each image shows.
        images: (N) distinct names of the images.

    Returns:
        The comparisons, similarity in [-1, 1].

    Raises:
        ValueError: the lengths differ, an embedding is not finite or zero, or there is no mated or no non-mated pair.
    """
    vectors = np.asarray(embeddings, dtype=np.float64)
    if vectors.ndim != 2 or not len(vectors) == len(subjects) == len(images):
        raise ValueError(
            f"one embedding, one subject and one name an image are needed, got {vectors.shape}, {len(subjects)} and "
            f"{len(images)}"
        )
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or not (lengths > 0).all():
        raise ValueError(
            "every embedding must be finite and other than zero: leave such images out"
        )
    unit = (vectors / lengths).astype(np.float32)
    who = np.unique([str(subject) for subject in subjects], return_inverse=True)[1].reshape(-1)
    first, second = np.triu_indices(len(unit), k=1)
    similarity = (unit @ unit.T)[first, second].astype(np.float64)
    same = who[first] == who[second]
    if not same.any():
        raise ValueError("no subject has two images, so there is no mated pair")
    if same.all():
        raise ValueError("all images show one subject, so there is no non-mated pair")
    names = np.array([str(subject) for subject in subjects])
    return Comparisons(
        images=list(images),
        first=first[same].astype(np.int64),
        second=second[same].astype(np.int64),
        mated=similarity[same],
        non_mated=similarity[~same],
        subjects=names[first[same]],
    )
