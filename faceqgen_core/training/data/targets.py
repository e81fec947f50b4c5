"""Targets: which images are good pictures of their subject, and what they look like before an even background."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.training.data.background import homogenise
from faceqgen_core.training.data.fitness import frontality, uncovered
from faceqgen_core.training.data.subjects import FaceSet
from faceqgen_core.training.geometry.backdrop import even_background
from faceqgen_core.training.geometry.face_geometry import FaceGeometry
from faceqgen_core.types import Image

FRONTAL = 0.72
"""Least frontality by the five points."""
UNCOVERED = 0.6
FITNESS = 0.28
YAW, PITCH = 14.0, 16.0
"""Degrees by which the head of a target may be turned or raised against the median face, where a mesh is known."""
TURNED_YAW, TURNED_PITCH = 18.0, 24.0
"""Degrees from which on a head is to be turned to the front. Between these and those of a target its utility decides: such
heads are many, mostly well known, and SSIM would tell nothing of natural faces if all of them changed in full."""
FACE_FLAG = 2.0
"""Least logit of the mesh network that it sees a face at all."""


@dataclass(frozen=True, eq=False)
class Targets:
    """What restoration leads to.

    Attributes:
        rows: (M,) rows of the faces that are good pictures: frontal, uncovered, sharp, evenly lit.
        of: (N,) row of each face's target: itself if it is a good picture, else its subject's best image if that is
            one, else -1.
        pictures: {row: (S, S, 3) uint8 RGB}, the good pictures before an even background.
        turned: (N,) True for faces whose head is so far turned or raised that it is to be turned back.
    """

    rows: NDArray[np.int64]
    of: NDArray[np.int64]
    pictures: dict[int, Image]
    turned: NDArray[np.bool_]


def turned_away(yaw: Any, pitch: Any) -> Any:
    """Whether a head is turned or raised, in degrees against the median face, so far that it is to be turned back."""
    return (np.abs(yaw) >= TURNED_YAW) | (np.abs(pitch) >= TURNED_PITCH)


def off_front(geometry: FaceGeometry) -> NDArray[np.float32]:
    """Yaw and pitch of all heads in degrees against the median face, (2, N)."""
    pose = geometry.pose[:, :2]
    return np.asarray((pose - np.median(pose, axis=0)).T, np.float32)


def good_pictures(faces: FaceSet, geometry: FaceGeometry | None) -> NDArray[np.bool_]:
    """(N,) True for faces that can be targets."""
    frontal = np.array([frontality(points) for points in faces.landmarks])
    open_face = np.array([uncovered(crop) for crop in faces.crops])
    good = (frontal > FRONTAL) & (open_face > UNCOVERED) & (faces.fitness > FITNESS)
    if geometry is not None:
        yaw, pitch = np.abs(off_front(geometry))
        good &= (yaw < YAW) & (pitch < PITCH) & (geometry.flag > FACE_FLAG)
    return np.asarray(good)


def choose_targets(
    faces: FaceSet, best: NDArray[np.int64], geometry: FaceGeometry | None
) -> Targets:
    """Choose the targets of a set of faces.

    A target that the layout or a listing names is one whatever it looks like.

    Args:
        faces: aligned faces.
        best: for every face the row of its subject's best image.
        geometry: meshes and masks of the faces; without them the background is evened by a fixed shape.

    Raises:
        ValueError: there is none.
    """
    good = good_pictures(faces, geometry)
    if faces.targets is not None:
        good[best[[bool(name) for name in faces.targets]]] = True
    if not good.any():  # few or odd faces: each subject's best is what there is
        good[best] = True
    rows = np.flatnonzero(good)
    of = np.where(good, np.arange(len(good)), np.where(good[best], best, -1))
    if faces.targets is not None:
        named = np.array([bool(name) for name in faces.targets])
        of = np.where(named, best, of)
    pictures: dict[int, Image] = {}
    for row in rows.tolist():
        crop = faces.crops[row]
        if geometry is None:
            pictures[row] = homogenise(crop, 1.0)
        else:
            pictures[row] = even_background(crop, geometry.person[row])
    turned = np.zeros(len(good), bool)
    if geometry is not None:
        turned = np.asarray(turned_away(*off_front(geometry)))
    return Targets(rows, np.asarray(of, np.int64), pictures, turned)
