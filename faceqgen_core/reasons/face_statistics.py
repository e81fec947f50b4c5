"""FaceStatistics: what a face's crop, its photograph and its landmarks say about why it may score low. No network, no label."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.reasons.detail import block_step, blur_effect, grid_strength, noise_sigma
from faceqgen_core.reasons.face_model import face_model
from faceqgen_core.reasons.frame import outside_photo, repeated_edge, visible_part
from faceqgen_core.reasons.light import Light, light_of
from faceqgen_core.reasons.oval import background, cheeks, eyes, face_oval
from faceqgen_core.reasons.percentiles import percentiles
from faceqgen_core.reasons.pose import head_pose
from faceqgen_core.types import FaceCrop, Image

# A face with more pixels than this across is shrunk into the crop until no codec's blocks are left.
_MOST_FOR_BLOCKS = 400
# Up to here the scale of "occlusion" is 0, and to look for less is in vain.
_NOT_HIDDEN = 0.01


@dataclass(frozen=True)
class FaceStatistics(Light):
    """Statistics of one face, those of its light among them; luminance in grey levels 0..255, shares 0..1.

    Attributes:
        eye_distance: pixels between the eyes in the photograph, of a frontal face of this size.
        blur: blur effect of the crop, 0 sharp to 1.
        grid: strength of a grid of pixels or of an enlargement.
        noise: standard deviation of the grain in grey levels, of the worst colour channel.
        block_step: how much larger steps at the borders of 8 x 8 blocks are, in grey levels.
        flat: share of neighbours in the face that differ by one grey level at most.
        hidden: share of the face that something seems to cover, by the face model; under 0.01 not the least there is.
        plain: share of the face where hardly anything changes, measured by where much does.
        dark_eyes: share of the eyes' surroundings that is less than half as bright as the cheeks.
        yaw, pitch: degrees off frontal, from landmarks; 0 without.
        outside: share of the face beyond the edge of the photograph.
        clutter: mean gradient of the background in grey levels per pixel.
    """

    eye_distance: float
    blur: float
    grid: float
    noise: float
    block_step: float
    flat: float
    hidden: float
    plain: float
    dark_eyes: float
    yaw: float
    pitch: float
    outside: float
    clutter: float


def measure_face_statistics(
    photo: Image, crop: FaceCrop, *, eye_distance: float = 0.27
) -> FaceStatistics:
    """Measure one face, in a few milliseconds.

    Args:
        photo: (H, W, 3) uint8 RGB, the image that the crop was cut from.
        crop: the face; landmarks of its box are used if it has any.
        eye_distance: distance between the eyes as a share of the crop's side, see ``CropProtocol``.
    """
    size = crop.image.shape[0]
    luminance = _luminance(crop.image)
    scale = float(np.sqrt(abs(np.linalg.det(crop.matrix[:, :2]))))
    outside = outside_photo(crop.matrix, size, crop.image_size) | repeated_edge(luminance)
    shown = np.ascontiguousarray(luminance[visible_part(outside)])
    native = _native(photo, crop, size)
    light = light_of(luminance)
    noise, steps, oval = noise_sigma(crop.image), _steps(luminance), face_oval(size)
    shown_oval, surroundings = oval & ~outside, background(size) & ~outside
    pose = None
    if crop.box is not None and crop.box.landmarks is not None:
        pose = head_pose(crop.box.landmarks)
    return FaceStatistics(
        eye_distance=eye_distance * size / max(scale, 1e-6),
        blur=blur_effect(shown),
        grid=grid_strength(native),
        noise=noise,
        block_step=block_step(native) if max(native.shape) <= _MOST_FOR_BLOCKS else 0.0,
        flat=_flat_share(steps, shown_oval),
        **vars(light),
        hidden=_hidden(crop.image, noise, aligned=pose is not None),
        plain=_plain_share(steps, shown_oval),
        dark_eyes=_dark_eyes(luminance),
        yaw=0.0 if pose is None else pose.yaw,
        pitch=0.0 if pose is None else pose.pitch,
        outside=float(outside[oval].mean()),
        clutter=_clutter(luminance, surroundings),
    )


def _luminance(image: Image) -> NDArray[np.float32]:
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)


def _native(photo: Image, crop: FaceCrop, size: int) -> NDArray[np.float32]:
    """Luminance of the part of the photograph that the crop covers, in the photograph's own pixels.

    A codec's blocks lie along these: alignment turns and scales them away.
    """
    inverse = cv2.invertAffineTransform(crop.matrix)
    square = np.array([[[0, 0], [size, 0], [size, size], [0, size]]], np.float64)
    corners = cv2.transform(square, inverse)[0]
    height, width = photo.shape[:2]
    x0, y0 = np.clip(np.floor(corners.min(axis=0)), 0, [width, height]).astype(int)
    x1, y1 = np.clip(np.ceil(corners.max(axis=0)), 0, [width, height]).astype(int)
    # More pixels than these tell nothing new and cost time: the middle will do.
    if (excess := (y1 - y0) - 2 * _MOST_FOR_BLOCKS) > 0:
        y0, y1 = y0 + excess // 2, y1 - excess // 2
    if (excess := (x1 - x0) - 2 * _MOST_FOR_BLOCKS) > 0:
        x0, x1 = x0 + excess // 2, x1 - excess // 2
    part = photo[y0:y1, x0:x1]
    return _luminance(np.ascontiguousarray(part)) if part.size else np.zeros((1, 1), np.float32)


def _steps(luminance: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far each pixel lies from its neighbour to the right or from the one below, whichever is further."""
    steps = np.zeros_like(luminance)
    steps[:, :-1] = cv2.absdiff(luminance[:, 1:], luminance[:, :-1])
    np.maximum(steps[:-1], cv2.absdiff(luminance[1:], luminance[:-1]), out=steps[:-1])
    return steps


def _flat_share(steps: NDArray[np.float32], where: NDArray[np.bool_]) -> float:
    inside = steps[:-1, :-1][where[:-1, :-1]]
    return float((inside <= 1).mean()) if inside.size else 0.0


def _plain_share(steps: NDArray[np.float32], where: NDArray[np.bool_]) -> float:
    change = np.asarray(cv2.blur(steps, (9, 9)), np.float32)
    inside = change[where]
    if not inside.size:
        return 0.0
    # By the face's own features, unless all of them are covered; hair changes more than any face.
    (of_face,), (of_all,) = percentiles(inside, 90), percentiles(change.ravel(), 90)
    usual = np.maximum(of_face, 0.5 * of_all)
    return float((inside < 0.2 * usual).mean())


def _hidden(image: Image, noise: float, *, aligned: bool) -> float:
    """Share of the face that the face model does not explain; without landmarks at the zoom that explains most."""
    hidden = face_model().hidden_fraction(image, noise=noise)
    if aligned or hidden <= _NOT_HIDDEN:
        return hidden
    middle = (image.shape[1] / 2, image.shape[0] * 0.55)
    others = [
        cv2.warpAffine(
            image,
            cv2.getRotationMatrix2D(middle, 0, zoom),
            image.shape[1::-1],
            flags=cv2.INTER_AREA,
            borderMode=cv2.BORDER_REPLICATE,
        )
        for zoom in (0.8, 1.25)
    ]
    return min(hidden, face_model().hidden_fraction(*np.asarray(others, np.uint8), noise=noise))


def _dark_eyes(luminance: NDArray[np.float32]) -> float:
    size = luminance.shape[0]
    skin = float(percentiles(luminance[cheeks(size)], 50)[0])
    return float((luminance[eyes(size)] < 0.5 * skin).mean())


def _clutter(luminance: NDArray[np.float32], where: NDArray[np.bool_]) -> float:
    if where.sum() < 0.02 * where.size:
        return 0.0
    across = cv2.Sobel(luminance, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(luminance, cv2.CV_32F, 0, 1)
    return float(cv2.magnitude(across, down)[where].mean()) / 8
