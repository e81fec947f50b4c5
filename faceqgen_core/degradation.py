"""Graded degradations of face images: every family takes a strength in [0, 1] and harms more as it rises.

Images are RGB uint8 HWC in and out, of any size; kernels and patches scale with the image's shorter side, so that a
strength means the same at every size. The families follow the blind restoration literature (Zhang et al. 2021, BSRGAN;
Wang et al. 2021, Real-ESRGAN and GFPGAN), widened by what harms faces: light, occlusion, pose in the plane, cropping.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.types import Image

Family = Callable[[np.random.Generator, Image, float], Image]


def _uint8(image: NDArray[np.floating]) -> Image:
    return np.asarray(np.clip(np.rint(image), 0, 255), np.uint8)


def _side(image: Image) -> int:
    return int(min(image.shape[:2]))


def _gaussian_blur(rng: np.random.Generator, image: Image, strength: float) -> Image:
    sigma = _side(image) * (0.003 + 0.037 * strength)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def _kernel_blur(image: Image, kernel: NDArray[np.float32]) -> Image:
    total = float(kernel.sum())
    return np.asarray(
        cv2.filter2D(image, -1, kernel / total, borderType=cv2.BORDER_REPLICATE), np.uint8
    )


def _motion_blur(rng: np.random.Generator, image: Image, strength: float) -> Image:
    length = _side(image) * (0.015 + 0.145 * strength)
    size = int(np.ceil(length)) | 1
    kernel = np.zeros((size, size), np.float32)
    angle = rng.uniform(0, np.pi)
    step = np.array([np.cos(angle), np.sin(angle)]) * (length - 1) / 2
    middle = (size - 1) / 2
    start, end = middle - step, middle + step
    # Eight fractional bits keep short streaks from jumping between whole pixels.
    cv2.line(
        kernel,
        (round(start[0] * 256), round(start[1] * 256)),
        (round(end[0] * 256), round(end[1] * 256)),
        1.0,
        1,
        cv2.LINE_AA,
        8,
    )
    if kernel.sum() <= 0:
        kernel[size // 2, size // 2] = 1.0
    return _kernel_blur(image, kernel)


def _defocus(rng: np.random.Generator, image: Image, strength: float) -> Image:
    radius = _side(image) * (0.006 + 0.056 * strength)
    half = int(np.ceil(radius))
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    disc = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    return _kernel_blur(image, disc)


_DOWN = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)
_UP = (cv2.INTER_LINEAR, cv2.INTER_CUBIC)


def _resample(image: Image, factor: float, down: int, up: int) -> Image:
    height, width = image.shape[:2]
    small = (max(4, round(width / factor)), max(4, round(height / factor)))
    shrunk = cv2.resize(image, small, interpolation=down)
    return np.asarray(cv2.resize(shrunk, (width, height), interpolation=up), np.uint8)


def _low_resolution(rng: np.random.Generator, image: Image, strength: float) -> Image:
    factor = _side(image) / 128 * 1.3 * 8.0**strength
    return _resample(image, max(1.0, factor), int(rng.choice(_DOWN)), int(rng.choice(_UP)))


def _pixelate(rng: np.random.Generator, image: Image, strength: float) -> Image:
    factor = _side(image) / 128 * 1.5 * 6.0**strength
    return _resample(image, max(1.0, factor), cv2.INTER_AREA, cv2.INTER_NEAREST)


def _noise(rng: np.random.Generator, image: Image, strength: float) -> Image:
    sigma = 4 + 66 * strength
    channels = 1 if rng.random() < 0.3 else 3
    grain: NDArray[Any] = rng.normal(0, sigma, (*image.shape[:2], channels))
    if rng.random() < 0.5:  # sensors and codecs leave grain that is coarser than a pixel
        coarse = np.asarray(cv2.GaussianBlur(grain, (0, 0), 0.6))
        grain = coarse.reshape(*image.shape[:2], channels) * 1.6
    return _uint8(image.astype(np.float32) + grain)


def _shot_noise(rng: np.random.Generator, image: Image, strength: float) -> Image:
    photons = 255.0 / (1.0 + 30.0 * strength)
    return _uint8(rng.poisson(image / 255.0 * photons) / photons * 255.0)


def _jpeg(rng: np.random.Generator, image: Image, strength: float) -> Image:
    quality = round(60 * (1 - strength) ** 1.5 + 3)
    suffix = ".webp" if rng.random() < 0.25 else ".jpg"
    flag = cv2.IMWRITE_WEBP_QUALITY if suffix == ".webp" else cv2.IMWRITE_JPEG_QUALITY
    _, data = cv2.imencode(suffix, image[..., ::-1], [flag, max(1, quality)])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))[..., ::-1])


def _dark(rng: np.random.Generator, image: Image, strength: float) -> Image:
    light = (image / 255.0) ** (1 + 1.2 * strength) * (1 - 0.8 * strength)
    # A dark picture is a noisy one: fewer photons reach the sensor.
    return _uint8(light * 255.0 + rng.normal(0, 1 + 5 * strength, image.shape))


def _bright(rng: np.random.Generator, image: Image, strength: float) -> Image:
    return _uint8(image.astype(np.float32) * (1.1 + 1.9 * strength) + 40 * strength)


def _low_contrast(rng: np.random.Generator, image: Image, strength: float) -> Image:
    level = rng.uniform(90, 170)
    return _uint8(level + (image.astype(np.float32) - level) * (1 - 0.88 * strength))


def _side_light(rng: np.random.Generator, image: Image, strength: float) -> Image:
    height, width = image.shape[:2]
    angle = rng.uniform(-0.5, 0.5) + (np.pi if rng.random() < 0.5 else 0)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    ramp = 1 / (1 + np.exp(-4 * (x * np.cos(angle) + y * np.sin(angle))))
    gain = 1 - strength * 0.95 * (1 - ramp) + 0.35 * strength * ramp
    return _uint8(image * gain[..., None])


def _cover(rng: np.random.Generator, image: Image, mask: NDArray[np.floating]) -> Image:
    colour = rng.uniform(0, 255, 3)
    grain = colour + rng.normal(0, rng.uniform(2, 30), image.shape)
    cloth = cv2.GaussianBlur(grain, (0, 0), max(0.5, _side(image) / 100))
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), max(0.4, _side(image) / 200))[
        ..., None
    ]
    return _uint8(image * (1 - soft) + cloth * soft)


def _occlusion(rng: np.random.Generator, image: Image, strength: float) -> Image:
    height, width = image.shape[:2]
    area = (0.02 + 0.38 * strength) * height * width
    aspect = np.exp(rng.uniform(-0.7, 0.7))
    w, h = np.sqrt(area * aspect), np.sqrt(area / aspect)
    cx, cy = rng.normal(0.5, 0.12) * width, rng.normal(0.55, 0.12) * height
    mask = np.zeros((height, width), np.float32)
    if rng.random() < 0.5:
        cv2.ellipse(
            mask,
            (int(cx), int(cy)),
            (int(w * 0.56) + 1, int(h * 0.56) + 1),
            rng.uniform(0, 180),
            0,
            360,
            1.0,
            -1,
        )
    else:
        box = cv2.boxPoints(((float(cx), float(cy)), (float(w), float(h)), rng.uniform(0, 90)))
        cv2.fillPoly(mask, [np.asarray(box, np.int32)], 1.0)
    return _cover(rng, image, mask)


def _scarf(rng: np.random.Generator, image: Image, strength: float) -> Image:
    height, width = image.shape[:2]
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    edge = 0.9 - 0.38 * strength + rng.uniform(-0.01, 0.01)
    return _cover(rng, image, (y > edge + 0.1 * (x - 0.5) ** 2).astype(np.float32))


def _glasses(rng: np.random.Generator, image: Image, strength: float) -> Image:
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.float32)
    axes = (int(width * (0.05 + 0.085 * strength)), int(height * (0.03 + 0.06 * strength)))
    for cx in (0.365, 0.635):
        cv2.ellipse(mask, (int(cx * width), int(0.43 * height)), axes, 0, 0, 360, 1.0, -1)
    cv2.line(
        mask,
        (int(0.4 * width), int(0.42 * height)),
        (int(0.6 * width), int(0.42 * height)),
        1.0,
        max(1, width // 50),
    )
    dark = rng.uniform(0, 60, 3) + np.zeros_like(image, np.float32)
    opacity = (0.45 + 0.55 * strength) * mask[..., None]
    return _uint8(image * (1 - opacity) + dark * opacity)


def _affine(image: Image, angle: float, zoom: float, dx: float, dy: float) -> Image:
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, zoom)
    matrix[:, 2] += (dx * width, dy * height)
    return np.asarray(
        cv2.warpAffine(
            image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        ),
        np.uint8,
    )


def _rotation(rng: np.random.Generator, image: Image, strength: float) -> Image:
    sign = 1 if rng.random() < 0.5 else -1
    return _affine(image, sign * (4 + 56 * strength), 1.0, 0, 0)


def _crop(rng: np.random.Generator, image: Image, strength: float) -> Image:
    height, width = image.shape[:2]
    cut = 0.05 + 0.45 * strength
    result = image.copy()
    side = int(rng.integers(4))
    if side == 0:
        result[: int(cut * height)] = result[int(cut * height)]
    elif side == 1:
        result[height - int(cut * height) :] = result[height - int(cut * height) - 1]
    elif side == 2:
        result[:, : int(cut * width)] = result[:, int(cut * width)][:, None]
    else:
        result[:, width - int(cut * width) :] = result[:, width - int(cut * width) - 1][:, None]
    return result


def _colour_cast(rng: np.random.Generator, image: Image, strength: float) -> Image:
    tint = rng.normal(0, 1, 3)
    tint /= max(float(np.linalg.norm(tint)), 1e-6)
    return _uint8(image * (1 + 0.7 * strength * tint))


FAMILIES: dict[str, Family] = {
    "gaussian_blur": _gaussian_blur,
    "motion_blur": _motion_blur,
    "defocus": _defocus,
    "low_resolution": _low_resolution,
    "pixelate": _pixelate,
    "noise": _noise,
    "shot_noise": _shot_noise,
    "jpeg": _jpeg,
    "dark": _dark,
    "bright": _bright,
    "low_contrast": _low_contrast,
    "side_light": _side_light,
    "occlusion": _occlusion,
    "scarf": _scarf,
    "glasses": _glasses,
    "rotation": _rotation,
    "crop": _crop,
    "colour_cast": _colour_cast,
}
"""Every family by name: ``family(rng, image, strength) -> image``."""

LIGHT = ("dark", "bright", "low_contrast", "side_light", "colour_cast")
"""Families that change the light alone; recognition bears them well, and training keeps them in the target."""

STRUCTURE = (
    "gaussian_blur",
    "motion_blur",
    "defocus",
    "low_resolution",
    "pixelate",
    "noise",
    "shot_noise",
    "jpeg",
)
"""Families that destroy structure everywhere; the generator learns to undo them."""

COVER = ("occlusion", "scarf", "glasses")
"""Families that hide a part of the face; the generator learns to draw what might be there."""


def degrade(
    image: Image,
    family: str,
    strength: float,
    rng: np.random.Generator,
    *,
    families: Mapping[str, Family] = FAMILIES,
) -> Image:
    """Degrade a copy of an image.

    Args:
        image: (H, W, 3) uint8 RGB.
        family: a key of ``families``.
        strength: 0 (barely visible) to 1 (hardly recognisable).
        rng: source of chance (direction, position, grain); the same state gives the same image.
        families: name -> ``family(rng, image, strength)``.

    Returns:
        (H, W, 3) uint8 RGB, a new array.

    Raises:
        ValueError: the family is unknown or the strength outside [0, 1].
    """
    if family not in families:
        raise ValueError(f"unknown degradation family {family!r}; known: {', '.join(families)}")
    if not 0.0 <= strength <= 1.0:
        raise ValueError(f"strength must lie in [0, 1], got {strength}")
    return families[family](rng, image, strength)
