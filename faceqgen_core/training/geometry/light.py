"""A head lit anew by one hard light: shading by the mesh's normals, and the shadows that nose and brow cast."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.training.geometry.backdrop import smoothstep
from faceqgen_core.training.geometry.raster import (
    FAR,
    gradients,
    interpolate,
    look_up,
    nearest,
    pixel_grid,
)


@dataclass(frozen=True)
class Light:
    """A hard light from far away.

    Attributes:
        azimuth: degrees, positive from the right of the picture, 0 from the camera, in (-180, 180].
        elevation: degrees, positive from above, in [-90, 90].
        strength: 0 leaves the picture's own light, 1 leaves none of its evenness.
        ambient: share of the light that reaches the shadows too, in [0, 1].
        cast: whether nose and brow cast shadows.

    Raises:
        ValueError: a number is out of its range.
    """

    azimuth: float = 60.0
    elevation: float = 20.0
    strength: float = 1.0
    ambient: float = 0.12
    cast: bool = True

    def __post_init__(self) -> None:
        if not (0 <= self.strength <= 1 and 0 <= self.ambient <= 1):
            raise ValueError(
                f"strength and ambient lie in [0, 1], got {self.strength} and {self.ambient}"
            )
        if not (-180 < self.azimuth <= 180 and -90 <= self.elevation <= 90):
            raise ValueError(
                f"azimuth lies in (-180, 180] and elevation in [-90, 90] degrees, got {self.azimuth} and {self.elevation}"
            )

    @property
    def towards(self) -> NDArray[np.float64]:
        """(3,) unit vector to the light; x to the right, y down, z away from the camera."""
        azimuth, elevation = np.radians([self.azimuth, self.elevation])
        return np.array(
            [
                np.sin(azimuth) * np.cos(elevation),
                -np.sin(elevation),
                -np.cos(azimuth) * np.cos(elevation),
            ]
        )

    def factor(self, lit: NDArray[np.float32]) -> NDArray[np.float32]:
        """How many times the light of the picture falls on a surface that faces the light by ``lit`` in [0, 1]."""
        # A surface that faces the light is lit more than the picture was: the lamp is a strong one.
        now = self.ambient + (1 - self.ambient) * 1.25 * lit
        return np.asarray(1 - self.strength * (1 - now), np.float32)


def _normals(
    vertices: NDArray[np.float64], triangles: NDArray[np.int64], nose: int
) -> NDArray[np.float64]:
    """Unit normals (V, 3) out of the head; 0 for vertices without a triangle."""
    corners = vertices[triangles]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    at = triangles.ravel()
    normals = np.stack(
        [np.bincount(at, np.repeat(across[:, axis], 3), len(vertices)) for axis in range(3)], axis=1
    )
    normals = normals / (np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9)
    # Triangles are all one way round; which way, the nose tells, which points to the front of the face.
    return np.asarray(normals * np.sign(normals[nose] @ (vertices[nose] - vertices[:468].mean(0))))


def shading(
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int64],
    casting: NDArray[np.int64],
    index: NDArray[np.int32],
    light: Light,
    *,
    size: int,
    unit: float,
    nose: int,
) -> NDArray[np.float32]:
    """How much of its light each pixel of a picture keeps.

    Args:
        vertices: (V, 3) in pixels of the picture, z away from the camera.
        triangles: (T, 3) what is seen.
        casting: (U, 3) what casts shadows.
        index: (S * S,) int32, the triangle seen at each pixel, -1 for none.
        light: the light.
        size: side of the picture.
        unit: distance between the eyes in pixels.
        nose: a vertex on the tip of the nose.

    Returns:
        (S, S) float32 factor of linear light, at least 0.
    """
    towards = light.towards
    facing = np.clip(_normals(vertices, triangles, nose) @ towards, 0, 1)
    values = np.column_stack([facing, vertices[:, 2]])
    seen = interpolate(gradients(vertices[:, :2], triangles, values), index, size)
    lit = np.clip(seen[:, 0], 0, 1)
    if light.cast:
        # A shadow map: what the light does not see lies in shadow.
        right = np.cross([0.0, 1.0, 0.0], towards)
        if np.linalg.norm(right) < 1e-6:  # straight from above or below
            right = np.array([1.0, 0.0, 0.0])
        right = right / np.linalg.norm(right)
        basis = np.stack([right, np.cross(towards, right), -towards])
        middle = vertices[:468].mean(axis=0)
        turned = (vertices - middle) @ basis.T
        _, first = nearest(turned[:, :2] + size / 2, turned[:, 2], casting, size)
        first = np.where(first == FAR, np.float32(10 * size), first).reshape(size, size)
        here = (np.column_stack([pixel_grid(size), seen[:, 1]]) - middle) @ basis.T
        at = (here[:, :2] + size / 2).astype(np.float32).reshape(size, size, 2)
        reached = look_up(first, at, smooth=False, beyond=10.0 * size)
        behind = here[:, 2] - reached.ravel()
        free = 1 - smoothstep(behind, 0.08 * unit, 0.16 * unit)
        soft = cv2.GaussianBlur(free.astype(np.float32).reshape(size, size), (0, 0), 0.012 * size)
        lit = lit * np.asarray(soft).ravel()
    shade = light.factor(lit.astype(np.float32)).reshape(size, size)
    return np.maximum(np.asarray(cv2.GaussianBlur(shade, (0, 0), 0.008 * size)), 0)


def apply_shading(colours: NDArray[np.float32], shade: NDArray[np.float32]) -> NDArray[np.float32]:
    """Colours (S, S, 3) float32 0..255 under ``shade`` (S, S) of linear light."""
    # Stored values are about the root of linear light.
    return np.minimum(colours * np.sqrt(shade)[..., None], 255).astype(np.float32)
