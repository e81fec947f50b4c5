"""A head of one picture in three dimensions: a sheet of face, hair, neck and shoulders, and the back of the head.

The sheet is the mesh and, around it, rings on rays from its outline to where the person ends and beyond. Depth falls off to
the ears' along each ray; hair and ears follow the head, the shoulders stay. What the picture does not show, the back of the
head, is half an ellipsoid on the person's outline, painted with the hair around the face. (The idea of anchors around the
face is from face profiling: Zhu et al., "Face alignment across large poses: a 3D solution", 2016.)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.training.geometry.backdrop import smoothstep
from faceqgen_core.training.geometry.mean_mesh import five_points, mean_mesh
from faceqgen_core.training.geometry.mesh_reader import POINTS
from faceqgen_core.training.geometry.raster import look_up

_Points = NDArray[np.float64]

_INNER = (0.12, 0.3, 0.6, 0.85, 1.0, 1.12)
"""Rings between the outline of the mesh, 0, and where the person ends, 1."""
_RIM = _INNER.index(1.0)
_OUTER = (0.4, 1.2, 2.6)
"""Rings beyond the last of them, in eye distances: shoulders and what the frame cuts."""
_BACK = (0.0, 22.0, 45.0, 70.0)
"""Rings around the back of the head, in degrees from its outline."""
_REACH = 1.25
"""Depth of the back of the head in eye distances, and how far out the person's end is looked for."""
_NECK_DOWN = 0.54
"""Rays that point down more than this have no back of the head behind them, but the neck."""


@dataclass(frozen=True, eq=False)
class Shell:
    """Vertices: first the mesh's 468, then the rings.

    Attributes:
        vertices: (V, 3) in pixels of the crop, z away from the camera.
        texture: (V, 2) where each has its colour from, in pixels of the crop.
        follow: (V,) in [0, 1], how much each follows the head.
        pivot: (3,) what the head turns about.
        unit: distance between the eyes in pixels.
        sheet: (T, 3) triangles that the picture shows.
        solid: (T,) bool, those of face, hair and ears; the others reach beyond the person's end.
        back: (U, 3) triangles of the back of the head.
    """

    vertices: _Points
    texture: _Points
    follow: _Points
    pivot: _Points
    unit: float
    sheet: NDArray[np.int64]
    solid: NDArray[np.bool_]
    back: NDArray[np.int64]


def _strip(inner: NDArray[np.int64], outer: NDArray[np.int64]) -> NDArray[np.int64]:
    """Triangles between two rings of H vertices, (2 H, 3)."""
    inner_next, outer_next = np.roll(inner, -1), np.roll(outer, -1)
    return np.concatenate(
        [
            np.stack([inner, outer, inner_next], axis=1),
            np.stack([inner_next, outer, outer_next], axis=1),
        ]
    )


@lru_cache(maxsize=1)
def _triangles() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All triangles of sheet and back: the same for every face."""
    mesh = mean_mesh()
    count = len(mesh.outline)
    starts = POINTS + count * np.arange(len(_INNER) + len(_OUTER) + len(_BACK) + 1)
    rings = [mesh.outline, *(start + np.arange(count) for start in starts)]
    front, back = rings[: 1 + len(_INNER) + len(_OUTER)], rings[1 + len(_INNER) + len(_OUTER) :]
    strips = [_strip(a, b) for a, b in pairwise(front)]
    sheet = np.concatenate([mesh.triangles, *strips])
    behind = np.concatenate([_strip(a, b) for a, b in pairwise(back)])
    return sheet, behind


def _smooth(values: _Points) -> _Points:
    """Smooth numbers along the ring."""
    near = np.roll(values, 1) + np.roll(values, -1)
    far = np.roll(values, 2) + np.roll(values, -2)
    return np.asarray(0.3 * values + 0.22 * near + 0.13 * far)


def _either(values: _Points) -> _Points:
    """The larger of each ray's and the next one's, for both triangles between them, (2 H,)."""
    return np.tile(np.maximum(values, np.roll(values, -1)), 2)


def _ear_depth(edge: _Points) -> float:
    """Depth of the outline (H, 3) where the face is widest, which is before the ears."""
    mesh = mean_mesh()
    widest = np.argsort(-np.abs(mesh.points[mesh.outline, 0]))[:4]
    return float(edge[widest, 2].mean())


def _ends(
    share: NDArray[np.float32], outline: _Points, rays: _Points, unit: float
) -> tuple[_Points, _Points]:
    """How far from the outline the person ends on each ray, for the sheet and for the back of the head."""
    size = share.shape[0]
    steps = np.arange(-0.3 * unit, _REACH * unit, 1.0)  # the mesh may reach beyond the person
    at = outline[:, None] + rays[:, None] * steps[:, None]
    beyond = (at < 0).any(axis=-1) | (at[..., 0] > size - 1)
    gone = (look_up(share, at.astype(np.float32)) < 0.5) | beyond
    where = gone.argmax(axis=1)
    ends = np.where(gone.any(axis=1), steps[where], steps[-1])
    cut = beyond[np.arange(len(rays)), where] & gone.any(axis=1)
    # The frame cuts the hair: how far it goes on is a guess.
    usual = unit * (0.3 + 0.25 * np.clip(-rays[:, 1], 0, 1))
    ends = np.where(cut, np.maximum(ends + 0.12 * unit, usual), ends)
    down = smoothstep(rays[:, 1], 0.15, 0.7)
    sheet = np.maximum(ends * (1 - down) + down * 0.8 * unit, 0.1 * unit)
    return _smooth(sheet), np.minimum(_smooth(ends), ends)


def _front_rings(
    edge: _Points, rays: _Points, lengths: tuple[_Points, _Points], unit: float, mouth: float
) -> tuple[list[_Points], list[_Points]]:
    """Rings of the sheet: each (H, 3), and how much each follows."""
    length, end = lengths
    ear, chin = _ear_depth(edge), edge[:, 1].max()
    down = smoothstep(rays[:, 1], 0.15, 0.7)
    # No steeper than the outline can carry: beside the jaw the person's end is near.
    most = 1.6 * np.maximum(end, 0) + 0.15 * unit
    drop = np.clip(ear + 0.15 * unit - edge[:, 2], 0, most)
    to_neck = ear - 0.15 * unit - edge[:, 2]
    rings, follow = [], []
    for share in _INNER:
        flat = edge[:, :2] + rays * (length * share)[:, None]
        head = drop * (1 - np.sqrt(1 - min(share, 1.0) ** 2))
        neck = to_neck * smoothstep(np.array(share), 0, 0.35)
        rings.append(np.column_stack([flat, edge[:, 2] + (1 - down) * head + down * neck]))
        low = smoothstep(flat[:, 1], mouth - 0.3 * unit, chin + 0.5 * unit)
        follow.append(1 - low * smoothstep(length * share, 0.1 * unit, 0.9 * unit))
    last = rings[-1]
    for distance in _OUTER:
        flat = last[:, :2] + rays * (distance * unit)
        rings.append(np.column_stack([flat, last[:, 2]]))
        follow.append(follow[len(_INNER) - 1] * max(0.0, 1 - distance / 1.2))
    return rings, follow


def _back_rings(
    edge: _Points, middle: _Points, rays: _Points, end: _Points, rim_depth: _Points, unit: float
) -> tuple[list[_Points], list[_Points]]:
    """Rings of the back of the head: each (H, 3), and where each has its colour from, (H, 2)."""
    radius = np.linalg.norm(edge[:, :2] - middle, axis=1)
    # The first lies under the edge of the face, so that no gap opens between the two.
    under = edge[:, :2] + rays * np.minimum(0.3 * end, end - 0.15 * unit)[:, None]
    rings, texture = [np.column_stack([under, edge[:, 2] + 0.1 * unit])], [under]
    rim = edge[:, :2] + rays * (end - 0.06 * np.abs(end) - 0.04 * unit)[:, None]
    centre = middle - [0, 0.25 * unit]
    angle = np.arctan2(rays[:, 0], -rays[:, 1])  # 0 is up
    order = np.argsort(angle)
    for degrees in _BACK:
        across, behind = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        flat = centre + (rim - centre) * across
        rings.append(np.column_stack([flat, rim_depth + _REACH * unit * behind]))
        # Hair from further up: from the side, ears would be painted there twice.
        near = degrees / _BACK[-1]
        source = angle * (1 - 0.45 * near)
        inner, outer = (
            np.interp(source, angle[order], values[order], period=2 * np.pi)
            for values in (radius, end)
        )
        reach = inner + (0.85 - 0.45 * near) * outer
        texture.append(
            middle + np.stack([np.sin(source), -np.cos(source)], axis=1) * reach[:, None]
        )
    return rings, texture


def build_shell(points: _Points, share: NDArray[np.float32]) -> Shell:
    """Lay the shell around a face.

    Args:
        points: (468, 3) mesh in pixels of the crop.
        share: (S, S) float32, the person's share of each pixel.
    """
    mesh = mean_mesh()
    five = five_points(points)
    unit = float(np.linalg.norm(five[1] - five[0]))
    mouth = float(five[3:, 1].mean())
    edge = points[mesh.outline]
    middle = edge[:, :2].mean(axis=0)
    rays = edge[:, :2] - middle
    rays = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    lengths = _ends(share, edge[:, :2], rays, unit)
    front, follow = _front_rings(edge, rays, lengths, unit, mouth)
    back, painted = _back_rings(edge, middle, rays, lengths[1], front[_RIM][:, 2], unit)
    texture = np.concatenate([points[:, :2], *(ring[:, :2] for ring in front), *painted])
    sheet, behind = _triangles()
    # Triangles of nothing but background are left out: they would hide the back of the head.
    corners = texture[sheet]
    probes = np.concatenate(
        [corners, corners.mean(axis=1, keepdims=True), (corners + np.roll(corners, -1, 1)) / 2], 1
    )
    faces = len(mesh.triangles)
    kept = look_up(share, probes.astype(np.float32)).max(axis=1) > 0.04
    kept[:faces] = True
    solid = np.arange(len(sheet)) < faces + 2 * len(rays) * (_RIM + 1)
    nape = _either(rays[:, 1]) < _NECK_DOWN
    return Shell(
        vertices=np.concatenate([points, *front, *back]),
        texture=texture,
        follow=np.concatenate([np.ones(POINTS), *follow, *[follow[_RIM]] * len(back)]),
        pivot=np.array([middle[0], mouth, _ear_depth(edge) + 0.3 * unit]),
        unit=unit,
        sheet=sheet[kept],
        solid=solid[kept],
        back=behind[np.tile(nape, len(_BACK))],
    )
