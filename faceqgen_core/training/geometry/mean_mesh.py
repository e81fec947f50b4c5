"""The mean mesh: 468 points of a mean face that looks at the camera, and the triangles that it is woven of.

``scripts/mean_mesh.py`` computes the file from the meshes of a folder of faces; nobody's face can be read back from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).with_name("mean_mesh.npz")


@dataclass(frozen=True, eq=False)
class MeanMesh:
    """The mesh's constant parts.

    Attributes:
        points: (468, 3) float64, symmetric; the middle of the eyes is 0, the distance between the eyes 1, x to the right
            in the picture, y down, z away from the camera.
        triangles: (T, 3) int64, Delaunay's of the points seen from the front; one way round.
        five: (5, 2) int64, for the right eye, left eye, nose, right and left mouth corner of the crop protocol the two
            points whose middle lies nearest to it (right: the subject's).
        mirror: (468,) int64, each point's partner on the other half of the face.
        outline: (H,) int64, the points of the outline in their order around the face.
    """

    points: NDArray[np.float64]
    triangles: NDArray[np.int64]
    five: NDArray[np.int64]
    mirror: NDArray[np.int64]
    outline: NDArray[np.int64]


def _outline(triangles: NDArray[np.int64]) -> NDArray[np.int64]:
    """Edges that only one triangle has, strung together."""
    following: dict[int, int] = {}
    edges = {(int(a), int(b)) for t in triangles for a, b in zip(t, np.roll(t, -1), strict=True)}
    for a, b in sorted(edges):
        if (b, a) not in edges:
            following[a] = b
    order = [min(following)]
    while following[order[-1]] != order[0]:
        order.append(following[order[-1]])
    return np.array(order, np.int64)


@lru_cache(maxsize=1)
def mean_mesh() -> MeanMesh:
    """Read the file once."""
    with np.load(FILE) as stored:
        triangles = stored["triangles"].astype(np.int64)
        return MeanMesh(
            points=stored["mean"].astype(np.float64),
            triangles=triangles,
            five=stored["five"].astype(np.int64),
            mirror=stored["mirror"].astype(np.int64),
            outline=_outline(triangles),
        )


def five_points(points: NDArray[Any]) -> NDArray[np.float64]:
    """Mesh points (..., 468, 3) -> the crop protocol's five points (..., 5, 2), in the same pixels."""
    return np.asarray(points[..., mean_mesh().five, :2].mean(axis=-2), np.float64)
