"""A sheet over a face crop on which a cover is drawn: shapes in face units, light, cast shadow, and the exact mask.

Face units: the origin lies midway between the eyes, x to the right, y down, and the eyes are 1 apart. An upright crop
of the standard protocol then has its nose tip at (0, 0.57), its mouth at (0, 1.16), its chin near y = 1.85.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from faceqgen_core.covers.planes import Plane, three, tinted
from faceqgen_core.types import Image

EYE_DISTANCE = 0.27
"""Distance between the eyes as a share of the crop's side."""
EYES_Y = 0.4207
"""Height of the eyes as a share of the crop's side."""
_SHIFT = 4


def curve(points: ArrayLike, count: int = 24) -> NDArray[np.float64]:
    """Smooth lines (..., count, 2) through the points (..., K, 2) (Catmull-Rom)."""
    knots = np.asarray(points, np.float64)
    last = knots.shape[-2] - 1
    before = 2 * knots[..., :1, :] - knots[..., 1:2, :]
    after = 2 * knots[..., -1:, :] - knots[..., -2:-1, :]
    padded = np.concatenate([before, knots, after], axis=-2)
    t = np.arange(count) * (last / (count - 1))
    i = np.minimum(t.astype(int), last - 1)
    f = (t - i)[:, None]
    a, b, c, d = (padded[..., i + k, :] for k in range(4))
    return np.asarray(
        b
        + f * ((c - a) / 2 + f * (a - 2.5 * b + 2 * c - d / 2 + f * (1.5 * (b - c) + (d - a) / 2)))
    )


_TURN = np.linspace(0, np.pi, 7)[1:-1, None]


def outline(
    line: NDArray[np.float64], width: ArrayLike, *, rounded: bool = True
) -> NDArray[np.float64]:
    """Outlines (..., M, 2) of ribbons along lines (..., N, 2); the width is one number, or one a point."""
    step = np.empty_like(line)
    step[..., 1:-1, :] = line[..., 2:, :] - line[..., :-2, :]
    step[..., 0, :] = line[..., 1, :] - line[..., 0, :]
    step[..., -1, :] = line[..., -1, :] - line[..., -2, :]
    step /= np.maximum(np.sqrt((step * step).sum(axis=-1)), 1e-9)[..., None]
    normal = step[..., ::-1] * (-1.0, 1.0)
    half = np.asarray(width, np.float64)[..., None] * 0.5 * np.ones((line.shape[-2], 1))
    left, right = line + normal * half, (line - normal * half)[..., ::-1, :]
    if not rounded:
        return np.concatenate([left, right], axis=-2)
    cos, sin = np.cos(_TURN), np.sin(_TURN)
    end = line[-1] + half[-1] * (cos * normal[-1] + sin * step[-1])
    start = line[0] - half[0] * (cos * normal[0] + sin * step[0])
    return np.concatenate([left, end, right, start])


def oval(
    centre: Sequence[float],
    half: Sequence[float],
    *,
    power: float = 2.0,
    angle: float = 0.0,
    count: int = 40,
) -> NDArray[np.float64]:
    """The outline of a superellipse: power 2 is an ellipse, a larger one nears a rectangle."""
    t = np.linspace(0, 2 * np.pi, count, endpoint=False)
    c, s = np.cos(t), np.sin(t)
    x = half[0] * np.sign(c) * np.abs(c) ** (2 / power)
    y = half[1] * np.sign(s) * np.abs(s) ** (2 / power)
    ca, sa = np.cos(angle), np.sin(angle)
    return np.stack([centre[0] + ca * x - sa * y, centre[1] + sa * x + ca * y], axis=1)


def _box(alpha: Plane, margin: int = 0) -> tuple[slice, slice]:
    """The part of a plane in which a shape lies, and a margin round it; empty where nothing lies."""
    x, y, width, height = cv2.boundingRect(np.asarray(alpha > 0, np.uint8))
    if width == 0:
        return slice(0, 0), slice(0, 0)
    return (
        slice(max(0, y - margin), y + height + margin),
        slice(max(0, x - margin), x + width + margin),
    )


def _blurred(plane: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Gaussian blur, sigma in pixels; a wide one runs on a smaller picture, where it costs a tenth."""
    height, width = plane.shape[:2]
    step = int(sigma / 1.5)
    if step < 2 or min(height, width) < 4 * step:
        return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.float32)
    size = (-(-width // step), -(-height // step))
    small = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / step)
    return np.asarray(
        cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32
    )


_SHEET = 512


@lru_cache(maxsize=1)
def _grain_sheet() -> Plane:
    return np.random.default_rng(0).standard_normal((2 * _SHEET, 2 * _SHEET), np.float32)


def _colour_of(
    image: Image, rows: tuple[float, float], columns: tuple[float, float]
) -> NDArray[np.float64]:
    """Median colour (3,) of a box left of the middle and of the one opposite, given as shares of the sides."""
    height, width = image.shape[:2]
    top, low = (int(share * height) for share in rows)
    left, right = (int(share * width) for share in columns)
    # Every second row will do; columns are all taken, so that a mirrored face has the same colour.
    part = image[top : max(low, top + 1) : 2]
    both = np.concatenate([part[:, left:right], part[:, width - right : width - left]], axis=1)
    return np.asarray(np.median(both.reshape(-1, 3), axis=0), np.float64)


class Canvas:
    """What is drawn over one face.

    Attributes:
        rng: source of chance.
        shape: (H, W) of the crop.
        unit: pixels of one face unit.
        x: (H, W) float32, face units.
        y: (H, W) float32, face units.
        light: (2,) direction towards the light in the image plane.
        skin: (3,) colour of the cheeks, RGB in [0, 255].
        crown: (3,) colour above the forehead, most often hair.
        gain: how bright the scene is; colours of a cover are given under full light.
    """

    def __init__(self, rng: np.random.Generator, image: Image, *, jitter: float = 1.0) -> None:
        self.rng = rng
        height, width = image.shape[:2]
        self.shape = (height, width)
        side = min(height, width)
        self.unit = (
            EYE_DISTANCE * side * float(np.exp(np.clip(rng.normal(0, 0.05), -0.12, 0.12) * jitter))
        )
        angle = float(np.clip(rng.normal(0, 0.05), -0.12, 0.12)) * jitter
        move = np.clip(rng.normal(0, 0.04, 2), -0.1, 0.1) * jitter * self.unit
        self._turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        self._origin = np.array([0.5 * (width - 1), EYES_Y * height]) + move
        px = (np.arange(width, dtype=np.float32) - self._origin[0]) / self.unit
        py = (np.arange(height, dtype=np.float32)[:, None] - self._origin[1]) / self.unit
        self.x: Plane = np.asarray(np.cos(angle) * px + np.sin(angle) * py, np.float32)
        self.y: Plane = np.asarray(np.cos(angle) * py - np.sin(angle) * px, np.float32)
        bearing = rng.uniform(-2.7, -0.45)
        # Single precision: a product of a plane with a double would be done, slowly, in double.
        self.light = np.array([np.cos(bearing), np.sin(bearing)], np.float32)
        self.skin = _colour_of(image, (0.52, 0.64), (0.26, 0.38))
        self.crown = _colour_of(image, (0.04, 0.12), (0.35, 0.5))
        bright = float(np.mean(cv2.mean(image)[:3]))
        self.gain = float(np.clip((bright / 115) ** 0.8, 0.12, 1.35) * rng.uniform(0.8, 1.15))
        self._grey = float(np.ptp(image.reshape(-1, 3)[::37].astype(np.int16), axis=1).mean()) < 2.0
        self.colour: Plane = np.zeros((height, width, 3), np.float32)
        self.alpha: Plane = np.zeros((height, width), np.float32)
        self.shade: Plane = np.ones((height, width), np.float32)

    def pixels(self, points: ArrayLike) -> NDArray[np.float64]:
        """Points (N, 2) in face units -> pixels."""
        turned = np.asarray(points, np.float64) @ self._turn.T
        return np.asarray(turned * self.unit + self._origin)

    def fill(self, *shapes: ArrayLike) -> Plane:
        """Opacity of filled outlines, each (N, 2) in face units -> (H, W) in [0, 1]."""
        mask = np.zeros(self.shape, np.uint8)
        for shape in shapes:
            points = np.rint(self.pixels(shape) * (1 << _SHIFT)).astype(np.int32)
            # One call a shape: in a single call, where two overlap a hole would be left.
            cv2.fillPoly(mask, [points], 255, cv2.LINE_AA, _SHIFT)
        return np.asarray(mask * np.float32(1 / 255), np.float32)

    def blur(self, plane: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
        """Gaussian blur of a plane of the crop's size, sigma in face units."""
        return _blurred(plane, max(0.25, sigma * self.unit))

    def relief(self, alpha: Plane, radius: float, amount: float) -> Plane:
        """Light and shade of a rounded body: factors (H, W) around 1, larger where it faces the light."""
        sigma = max(0.25, radius * self.unit)
        factors = np.ones(self.shape, np.float32)
        box = _box(alpha, margin=2 + int(2 * sigma))
        if alpha[box].size == 0:
            return factors
        height = _blurred(alpha[box], sigma)
        steep = -0.125 * amount * 2.2 * sigma
        slope = cv2.addWeighted(
            cv2.Sobel(height, cv2.CV_32F, 1, 0),
            steep * float(self.light[0]),
            cv2.Sobel(height, cv2.CV_32F, 0, 1),
            steep * float(self.light[1]),
            1.0,
        )
        factors[box] = np.clip(slope, 0.2, 1.9)
        return factors

    def clouds(self, cells: float) -> Plane:
        """Smooth noise (H, W) in [0, 1], with so many cells a side."""
        n = max(2, int(cells))
        small = self.rng.random((n, n), np.float32)
        noise = cv2.resize(small, self.shape[::-1], interpolation=cv2.INTER_CUBIC)
        return np.asarray(np.clip(noise, 0, 1, out=noise), np.float32)

    def grain(self) -> Plane:
        """Normal noise (H, W) of deviation 1, pixel by pixel: a piece of a stored sheet, which costs a fortieth."""
        height, width = self.shape
        top, left = (int(self.rng.integers(_SHEET)) for _ in range(2))
        if height > _SHEET or width > _SHEET:
            return self.rng.standard_normal(self.shape, np.float32)
        return _grain_sheet()[top : top + height, left : left + width]

    def streaks(self, cells_across: int, cells_along: int, across: Plane, along: Plane) -> Plane:
        """Noise drawn out along one coordinate, in [0, 1], of the coordinates' shape: hair, folds, ribs."""
        table = self.rng.random((max(2, cells_along), max(4, cells_across)), np.float32)
        maps = []
        for plane, count in ((across, table.shape[1]), (along, table.shape[0])):
            low, high, _, _ = cv2.minMaxLoc(plane)
            scale = (count - 1) / max(high - low, 1e-6)
            maps.append(np.asarray((plane - low) * scale, np.float32))
        noise = cv2.remap(table, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        return np.asarray(noise, np.float32)

    def cast(self, alpha: Plane, depth: float, height: float, soft: float = 0.08) -> None:
        """Darken what lies below by the shadow of a shape that stands so many face units before it."""
        move = -self.light * height * self.unit
        sigma = max(0.25, soft * self.unit)
        box = _box(alpha, margin=2 + int(3 * sigma + height * self.unit))
        part = alpha[box]
        if part.size == 0:
            return
        matrix = np.array([[1, 0, move[0]], [0, 1, move[1]]])
        fallen = cv2.warpAffine(part, matrix, part.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
        shadow = 1 - np.float32(depth) * _blurred(np.asarray(fallen, np.float32), sigma)
        self.shade[box] *= shadow
        self.colour[box] *= three(shadow)

    def lay(
        self,
        alpha: Plane,
        colour: ArrayLike,
        shading: Plane | float = 1.0,
        *,
        shadow: float = 0.0,
        height: float = 0.08,
        soft: float = 0.08,
    ) -> None:
        """Lay a shape on the sheet.

        Args:
            alpha: (H, W) opacity in [0, 1].
            colour: (3,) or (H, W, 3) RGB in [0, 255] under full light.
            shading: factor a pixel.
            shadow: how dark the shadow is that it casts on what lies below, 0 to 1.
            height: how far before the face it stands, in face units.
            soft: blur of the shadow's edge in face units.
        """
        box = _box(alpha)
        part = alpha[box]
        if part.size == 0:  # it lies outside the picture
            return
        if shadow > 0:
            self.cast(alpha, shadow, height, soft)
        paint = np.asarray(colour, np.float32)
        if isinstance(shading, np.ndarray):
            light = np.asarray(shading[box] * self.gain, np.float32)
        else:
            light = np.full(part.shape, shading * self.gain, np.float32)
        lit = paint[box] * three(light) if paint.ndim == 3 else tinted(light, paint)
        np.clip(lit, 0, 255, out=lit)
        below = self.colour[box]
        lit -= below
        lit *= three(part)
        below += lit
        self.alpha[box] += part * (1 - self.alpha[box])

    def finish(self, image: Image) -> tuple[Image, Plane]:
        """The covered picture and the mask: the share of each pixel that the cover hides, (H, W) in [0, 1].

        ``picture = (1 - mask) * shade * image + what was drawn``: outside the mask only the cover's shadow changes
        the image.
        """
        sigma = float(self.rng.uniform(0.3, 0.75)) * min(self.shape) / 128
        colour = np.asarray(cv2.GaussianBlur(self.colour, (0, 0), sigma), np.float32)
        alpha = np.clip(cv2.GaussianBlur(self.alpha, (0, 0), sigma), 0, 1)
        grain = self.grain() * (alpha * np.float32(self.rng.uniform(0.5, 4)))
        if self._grey:
            colour = three(np.asarray(colour.mean(axis=2), np.float32))
        colour += three(grain)
        colour += image * three(np.asarray((1 - alpha) * self.shade, np.float32))
        picture = cv2.convertScaleAbs(np.clip(colour, 0, 255))
        return np.asarray(picture, np.uint8), np.asarray(alpha, np.float32)
