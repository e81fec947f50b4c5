"""Recognisable: the quality above which faces are nearer to their own subject than to anyone else.

The boundary is that of TransFIRA (Tu, Tripathi, Yang, "TransFIRA: Transfer Learning for Face Image Recognizability
Assessment", 2025): a face is recognisable if its embedding is more alike to the centre of its own subject than to the nearest
centre of another one. It needs no threshold of similarity, only who is who.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.training.labels.utility import mates

FRACTION = 0.95
"""So many of the faces from the cut-off on are nearer to their own subject than to anyone else."""
LEAST_FACES = 200
"""With fewer faces there is no cut-off: the share could not be told."""


def nearer_to_own(
    embeddings: NDArray[np.float32],
    rows: NDArray[np.int64],
    identities: NDArray[np.float32],
    subjects: NDArray[np.str_],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which faces are nearer to their own subject than to anyone else.

    Args:
        embeddings: (K, D) float32 of unit length, faces as they are or altered.
        rows: (K,) the untouched face that each was made from.
        identities: (M, D) float32 of unit length, the untouched faces.
        subjects: (M,) whose they are.

    Returns:
        (K,) whether it is nearer; (K,) whether that can be said: its subject has other images.
    """
    own, known = mates(identities, subjects)
    names, owner = np.unique(subjects, return_inverse=True)
    centres = np.zeros((len(names), identities.shape[1]), np.float32)
    np.add.at(centres, owner, identities)
    centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-9)
    others = embeddings @ centres.T
    others[np.arange(len(rows)), owner[rows]] = -2.0
    mine = np.einsum("ij,ij->i", embeddings, own[rows])
    return mine > others.max(axis=1), known[rows]


def cut_off(quality: NDArray[np.float64], nearer: NDArray[np.bool_]) -> float | None:
    """The lowest quality, on any scale that rises, from which on at least ``FRACTION`` of the faces are nearer to their own subject.

    None with fewer than ``LEAST_FACES``, or if not even the best faces are.
    """
    if len(quality) < LEAST_FACES:
        return None
    order = np.argsort(-quality, kind="stable")
    values, kept = quality[order], np.cumsum(nearer[order]) / np.arange(1, len(order) + 1)
    last = np.append(values[:-1] > values[1:], True)  # equal qualities stay together
    enough = last & (kept >= FRACTION)
    return float(values[np.flatnonzero(enough)[-1]]) if enough.any() else None
