"""Labels: how well each face will be known again, said by one recogniser or several on one scale.

The similarity of a face is that of its embedding to what the better half of the other, untouched images of its subject
have in common; for the only image of a subject it follows from how far its embedding has moved. Recognisers spread their
similarities differently, so two anchors that each finds by itself bring them to one scale before the mean is taken; in it,
those count more that tell the untouched faces apart with fewer errors.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.training.labels.utility_loss import surviving

PRIOR = 0.3
"""Share of a degraded face's label that the known strengths alone decide."""
GOOD = 0.75
"""Similarity of the median untouched face to its mates, on the common scale."""
STRANGERS = 0.4
"""Similarity, on the common scale, that one of a thousand pairs of strangers exceeds."""
_PAIRS = 200_000
_LEAST_FACES = 200
_LEAST_MATED = 100
_RANGE = (-0.2, 1.0)
_ROUNDS = 10
_LEAST_ERROR = 0.01


def mates(
    identities: NDArray[np.float32], subjects: NDArray[np.str_]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return what each face is compared with, (M, D) of unit length, and whether there is any, (M,).

    It is the mean of the better half of its subject's other images. The better half are those that agree best with the
    others: one poor mate must not spoil a good face's label.
    """
    centres = np.zeros_like(identities)
    known = np.zeros(len(identities), bool)
    _, owner, counts = np.unique(subjects, return_inverse=True, return_counts=True)
    for rows in np.split(np.argsort(owner, kind="stable"), np.cumsum(counts)[:-1]):
        if len(rows) < 2:
            continue
        similarity = identities[rows] @ identities[rows].T
        agreement = (similarity.sum(axis=1) - 1) / (len(rows) - 1)
        for i, row in enumerate(rows):
            others = np.delete(np.arange(len(rows)), i)
            others = others[np.argsort(-agreement[others])][: (len(others) + 1) // 2]
            mean = identities[rows[others]].mean(axis=0)
            centres[row] = mean / max(float(np.linalg.norm(mean)), 1e-9)
            known[row] = True
    return centres, known


def _similarity(
    rows: NDArray[np.int64],
    degraded: NDArray[np.bool_],
    embeddings: NDArray[np.float32],
    identities: NDArray[np.float32],
    subjects: NDArray[np.str_],
) -> tuple[NDArray[np.float64], NDArray[np.bool_], float]:
    """Mated similarity of every face by one recogniser, whether it was compared, and that of the median good face."""
    centres, known = mates(identities, subjects)
    compared = known[rows]
    # In double precision: some recognisers' similarities are so much alike that a curve needs every digit.
    drift = np.einsum("ij,ij->i", embeddings, identities[rows]).astype(np.float64)
    similarity = np.einsum("ij,ij->i", embeddings, centres[rows]).astype(np.float64)
    untouched = similarity[compared & ~degraded]
    good = float(np.median(untouched)) if len(untouched) else GOOD
    if (compared & degraded).sum() >= 100:
        # As the faces of subjects with several images fall when their embeddings move, so does an only image.
        curve = np.polyfit(drift[compared & degraded], similarity[compared & degraded], 2)
        similarity = np.where(compared, similarity, np.polyval(curve, drift))
    else:
        similarity = np.where(compared, similarity, good * drift)
    return similarity, compared, good


def fnmr_threshold(
    identities: NDArray[np.float32], subjects: NDArray[np.str_], *, seed: int
) -> float:
    """Similarity that one of a thousand random pairs of different subjects exceeds."""
    pairs = np.random.default_rng([seed, _PAIRS]).integers(0, len(identities), (_PAIRS, 2))
    pairs = pairs[subjects[pairs[:, 0]] != subjects[pairs[:, 1]]]
    similarity = np.concatenate(
        [
            np.einsum("ij,ij->i", identities[part[:, 0]], identities[part[:, 1]])
            for part in np.array_split(pairs, 20)
        ]
    )
    return float(np.quantile(similarity, 0.999))


def fnmr(
    identities: NDArray[np.float32], subjects: NDArray[np.str_], threshold: float, *, seed: int
) -> float:
    """Share of mated pairs that are no more alike than ``threshold``: the false non-match rate at a false match rate of 1e-3.

    In each of some rounds every face is paired with another one of its subject at most twice, so that a subject with many
    images does not decide alone. NaN without a pair.
    """
    rng = np.random.default_rng([seed, _ROUNDS])
    _, owner = np.unique(subjects, return_inverse=True)
    missed = pairs = 0
    for _ in range(_ROUNDS):
        order = np.lexsort((rng.random(len(owner)), owner))
        first, second = order[:-1], order[1:]
        mated = owner[first] == owner[second]
        similarity = np.einsum("ij,ij->i", identities[first[mated]], identities[second[mated]])
        missed += int((similarity <= threshold).sum())
        pairs += int(mated.sum())
    return missed / pairs if pairs else float("nan")


def label_faces(
    rows: NDArray[np.int64],
    strengths: NDArray[np.float32],
    embeddings: Sequence[NDArray[np.float32]],
    subjects: NDArray[np.str_],
    *,
    turned: NDArray[np.float32] | None = None,
    seed: int = 0,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Label every face, as it is and in copies.

    Each recogniser's similarities are stretched so that strangers lie at ``STRANGERS`` and good faces at ``GOOD``, and it
    counts as 1 / (its ``fnmr`` + 0.01). Where the faces are too few to find these anchors for one, its similarities
    stay as they are, and all count alike.

    Args:
        rows: (N,) row of each face in the set it was made from.
        strengths: (N, F) strength of each family of degradations.
        embeddings: of each recogniser (N, D) of unit length; none labels by the known strengths alone.
        subjects: (M,) subject of each face of the set.
        turned: (N, 2) yaw and pitch in degrees by which each head was turned; None for not at all.
        seed: start of the draw of strangers.

    Returns:
        Label and weight of every face, (N,) each, and the similarity by each recogniser, (N, T).
    """
    left = surviving(strengths, turned)
    degraded = strengths.sum(axis=1) > 0
    if turned is not None:
        degraded |= turned.any(axis=1)
    if not embeddings:
        none = np.zeros((len(rows), 0), np.float32)
        return (GOOD * left).astype(np.float32), np.ones(len(rows), np.float32), none
    enough = len(subjects) >= _LEAST_FACES and len(np.unique(subjects)) > 1
    first = np.searchsorted(rows, np.arange(len(subjects)))
    columns, goods, trust = [], [], []
    for embedding in embeddings:
        identities = embedding[first]
        similarity, compared, good = _similarity(rows, degraded, embedding, identities, subjects)
        if enough and (compared & ~degraded).sum() >= _LEAST_MATED:
            strangers = fnmr_threshold(identities, subjects, seed=seed)
            trust.append(1 / (fnmr(identities, subjects, strangers, seed=seed) + _LEAST_ERROR))
            if good > strangers:
                stretch = (GOOD - STRANGERS) / (good - strangers)
                similarity = np.clip(GOOD + stretch * (similarity - good), *_RANGE)
                good = GOOD
        columns.append(similarity)
        goods.append(good)
    by_teacher = np.stack(columns, axis=1)
    shares = np.array(trust if len(trust) == len(embeddings) else [1.0] * len(embeddings))
    shares /= shares.sum()
    similarity, good = by_teacher @ shares, float(np.array(goods) @ shares)
    similarity = np.where(degraded, (1 - PRIOR) * similarity + PRIOR * good * left, similarity)
    # Untouched images are few and are what users have; an untouched only image tells little.
    weights = np.where(degraded, 1.0, np.where(compared, 2.0, 0.3))
    return similarity.astype(np.float32), weights.astype(np.float32), by_teacher.astype(np.float32)
