"""Alignment: image and face -> crop by a 5-point similarity transform, and the way back into the image.

RGB uint8 HWC in and out. A crop protocol is versioned, since every score depends on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.preset_checks import require_name, require_number, require_whole, shown
from faceqgen_core.types import FaceBox, FaceCrop, Image, Landmarks

# Scaled below so that hair and chin stay in the crop.
FIVE_POINTS: NDArray[np.float64] = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ]
)
"""(5, 2) mean five points of the widely used 112 x 112 recognition crop, ArcFace's, in its pixels; read-only."""
FIVE_POINTS.flags.writeable = False


@dataclass(frozen=True)
class CropProtocol:
    """How a face becomes a crop.

    Attributes:
        name: name of the protocol.
        version: raised whenever a crop would come out differently.
        size: side of the square crop in pixels.
        eye_distance: distance between the eyes as a share of the side; smaller means more margin.
        center_y: height of the middle of the five points as a share of the side.

    Raises:
        ValueError: a value of another type or out of its range.
    """

    name: str = "align5"
    version: int = 1
    size: int = 128
    eye_distance: float = 0.27
    center_y: float = 0.575

    def __post_init__(self) -> None:
        require_name(self.name, "the crop protocol's name")
        require_whole(self.version, "the crop protocol's version", 1, 1_000_000)
        require_whole(self.size, "the crop protocol's size", 8, 1024)
        require_number(self.eye_distance, "the crop protocol's eye_distance", 0.05, 0.9)
        require_number(self.center_y, "the crop protocol's center_y", 0.0, 1.0)

    @property
    def identifier(self) -> str:
        """Name, version and size in one string, stored with every score."""
        return f"{self.name}-v{self.version}-{self.size}"

    @property
    def template(self) -> NDArray[np.float64]:
        """(5, 2) target points in crop pixels."""
        middle = np.array([56.0, 71.7366])
        scale = self.eye_distance * self.size / (73.5318 - 38.2946)
        target = np.array([0.5 * self.size, self.center_y * self.size])
        return np.asarray((FIVE_POINTS - middle) * scale + target, dtype=np.float64)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> CropProtocol:
        """Read a protocol from a preset's configuration.

        Raises:
            ValueError: a key is unknown.
        """
        unknown = set(config) - set(cls.__dataclass_fields__)
        if unknown:
            raise ValueError(
                f"unknown key(s) {shown(sorted(unknown))} in the crop protocol; known: {sorted(cls.__dataclass_fields__)}"
            )
        return cls(**config)


def fit_similarity(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least-squares similarity transform (Umeyama 1991, without reflection) between points (N, 2) -> (2, 3).

    In the plane it has a closed form: as complex numbers, target = a * source + b.
    """
    z = source[:, 0] + 1j * source[:, 1]
    w = target[:, 0] + 1j * target[:, 1]
    spread = z - z.mean()
    a = np.vdot(spread, w - w.mean()) / np.vdot(spread, spread).real
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]], dtype=np.float64)


def similarity_matrix(landmarks: Landmarks, protocol: CropProtocol) -> NDArray[np.float64]:
    """Least-squares similarity transform (Umeyama 1991) from landmarks to the protocol's template, (2, 3).

    Raises:
        ValueError: the landmarks are not (5, 2) finite numbers, or coincide.
    """
    points = np.asarray(landmarks, dtype=np.float64)
    if points.shape != (5, 2) or not np.isfinite(points).all():
        raise ValueError(f"landmarks must be five finite (x, y) points, got shape {points.shape}")
    if np.ptp(points, axis=0).max() < 1e-3:
        raise ValueError("the five landmarks coincide: no scale can be read from them")
    matrix = fit_similarity(points, protocol.template)
    if not np.isfinite(matrix).all():
        raise ValueError("no similarity transform fits the landmarks")
    return matrix


def _window(
    image: Image, matrix: NDArray[np.float64], size: int
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Part of the image that a crop covers, with a margin: (x0, y0), (x1, y1), the end not included."""
    height, width = image.shape[:2]
    inverse = cv2.invertAffineTransform(matrix)
    square = np.array([[[0, 0], [size, 0], [size, size], [0, size]]], np.float64)
    corners = cv2.transform(square, inverse)[0]
    margin = 4 + round(0.05 * float(np.ptp(corners)))
    low = np.maximum(np.floor(corners.min(axis=0)).astype(int) - margin, 0)
    high = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + margin, [width, height])
    return (int(low[0]), int(low[1])), (int(high[0]), int(high[1]))


def _from_window(matrix: NDArray[np.float64], x0: int, y0: int) -> NDArray[np.float64]:
    """The matrix for an image of which only the part from (x0, y0) on is at hand."""
    return matrix @ np.array([[1, 0, x0], [0, 1, y0], [0, 0, 1]], np.float64)


def _warp(image: Image, matrix: NDArray[np.float64], size: int) -> Image:
    if image.shape[:2] == (size, size) and np.array_equal(matrix, np.eye(2, 3)):
        return image.copy()  # as the warp would give it, but for its time
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    (x0, y0), (x1, y1) = _window(image, matrix, size)
    # OpenCV warps no side over 32,767 pixels, and a face needs its surroundings alone.
    if x1 > x0 and y1 > y0:
        image = image[y0:y1, x0:x1]
        matrix = _from_window(matrix, x0, y0)
    if scale < 0.5:
        # Warping samples four to sixteen neighbours: shrink large faces by area first, or they alias.
        factor = 2.0 * scale
        height, width = image.shape[:2]
        small = (max(1, round(width * factor)), max(1, round(height * factor)))
        sx, sy = small[0] / width, small[1] / height
        image = np.asarray(cv2.resize(image, small, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        # pixel centres: x' + 0.5 = sx (x + 0.5)
        back = np.array([[1 / sx, 0, 0.5 / sx - 0.5], [0, 1 / sy, 0.5 / sy - 0.5], [0, 0, 1]])
        matrix = matrix @ back
    warped = cv2.warpAffine(
        image, matrix, (size, size), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, dtype=np.uint8)


def box_matrix(box: FaceBox, protocol: CropProtocol) -> NDArray[np.float64]:
    """(2, 3) from image to crop pixels for a face without landmarks: an upright square around its box."""
    # A detector's box is about 2.3 eye distances wide and its centre lies near the nose.
    side = max(box.width, box.height) / 2.6 / protocol.eye_distance
    scale = protocol.size / max(side, 1.0)
    cx, cy = box.center
    return np.array(
        [
            [scale, 0, 0.5 * protocol.size - scale * cx],
            [0, scale, protocol.center_y * protocol.size - scale * cy],
        ]
    )


def align(image: Image, box: FaceBox, protocol: CropProtocol) -> FaceCrop:
    """Cut one face out of an image, upright and at a standard size.

    With landmarks: 5-point similarity alignment. Without: an upright square around the box with the margin that the
    protocol gives an average frontal face.

    Raises:
        ValueError: the landmarks admit no transform.
    """
    if box.landmarks is not None:
        matrix = similarity_matrix(box.landmarks, protocol)
    else:
        matrix = box_matrix(box, protocol)
    height, width = image.shape[:2]
    return FaceCrop(_warp(image, matrix, protocol.size), matrix, (width, height), box)


def unusable(box: FaceBox, width: int, height: int) -> str:
    """Why no crop can be cut from this box; "" if one can."""
    if not all(math.isfinite(v) for v in (box.x, box.y, box.width, box.height)):
        return "the face box holds NaN or infinite numbers"
    if box.x >= width or box.y >= height or box.x + box.width <= 0 or box.y + box.height <= 0:
        return "the face box lies outside the image"
    return ""


def crop_whole(image: Image, protocol: CropProtocol) -> FaceCrop:
    """Take the whole image as the crop: centred in a square (the border is repeated, never stretched), resized."""
    height, width = image.shape[:2]
    scale = protocol.size / max(height, width)
    middle = (protocol.size - 1) / 2
    matrix = np.array(
        [
            [scale, 0, middle - scale * (width - 1) / 2],
            [0, scale, middle - scale * (height - 1) / 2],
        ],
        dtype=np.float64,
    )
    return FaceCrop(_warp(image, matrix, protocol.size), matrix, (width, height), None)


def cut_crop(image: Image, matrix: NDArray[np.float64], size: int) -> Image:
    """Cut a face out again by the matrix of an earlier crop: the same (size, size, 3) pixels, no landmarks needed.

    Raises:
        ValueError: the matrix is not (2, 3) finite numbers, or squeezes the image to nothing.
    """
    matrix = np.asarray(matrix, np.float64)
    if matrix.shape != (2, 3) or not np.isfinite(matrix).all():
        raise ValueError(f"a crop's matrix is (2, 3) finite numbers, got shape {matrix.shape}")
    if abs(np.linalg.det(matrix[:, :2])) < 1e-9:
        raise ValueError("the crop's matrix squeezes the image to nothing")
    return _warp(image, matrix, size)


def _feather(size: int) -> NDArray[np.float32]:
    """Soft square mask, 1 inside, 0 at the border: no seam where a crop is pasted."""
    ramp = np.clip(np.minimum(np.arange(size), np.arange(size)[::-1]) / (0.12 * size), 0, 1)
    smooth = ramp * ramp * (3 - 2 * ramp)
    return np.outer(smooth, smooth).astype(np.float32)


def paste_back(
    image: Image,
    crop: Image,
    matrix: NDArray[np.float64],
    *,
    feather: bool = True,
    mask: NDArray[np.float32] | None = None,
) -> Image:
    """Blend a crop back into the image it was cut from, by the inverse of its matrix; returns a new image.

    Args:
        image: (H, W, 3) uint8 RGB.
        crop: (S, S, 3) uint8 RGB.
        matrix: of the crop.
        feather: False replaces the crop's area entirely, for images that are crops themselves.
        mask: (S, S) in [0, 1], how much of the crop is seen, in place of a soft square; without use if nothing is feathered.
    """
    size = crop.shape[0]
    if not feather and crop.shape == image.shape and np.array_equal(matrix, np.eye(2, 3)):
        return crop.copy()  # as below, a millisecond sooner
    if not feather:
        mask = np.ones((size, size), np.float32)
    elif mask is None:
        mask = _feather(size)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    # Work only where the crop lies: a face in a large photograph must not cost a float copy of the photograph.
    (x0, y0), (x1, y1) = _window(image, matrix, size)
    result = image.copy()
    if x1 <= x0 or y1 <= y0:
        return result
    local = _from_window(matrix, x0, y0)
    area = (x1 - x0, y1 - y0)
    face = cv2.warpAffine(crop, local, area, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    weight = cv2.warpAffine(
        mask,
        local,
        area,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT if feather else cv2.BORDER_REPLICATE,
    )[..., None]
    blended = weight * face + (1 - weight) * result[y0:y1, x0:x1]
    result[y0:y1, x0:x1] = np.clip(np.rint(blended), 0, 255).astype(np.uint8)
    return result


def map_to_image(
    values: NDArray[np.float32],
    matrix: NDArray[np.float64],
    image_size: tuple[int, int],
    *,
    fill: float = 0.0,
) -> NDArray[np.float32]:
    """Carry a map of a crop, (S, S) float32, to the geometry of the image, (H, W) float32; ``fill`` elsewhere."""
    warped = cv2.warpAffine(
        np.asarray(values, np.float32),
        matrix,
        image_size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=fill,
    )
    return np.asarray(warped, dtype=np.float32)
