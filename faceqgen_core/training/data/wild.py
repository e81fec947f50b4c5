"""Degradations as cameras, light and networks make them: seeded, of known strength, harming more as it rises.

Images are RGB uint8 HWC in and out. ``family(rng, image, strength)`` as in the plain degradations.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.covers.held_back import HELD_BACK
from faceqgen_core.covers.planes import three, tinted
from faceqgen_core.degradation import degrade
from faceqgen_core.types import Image

Plane = NDArray[np.float32]
Family = Callable[[np.random.Generator, Image, float], Image]


def _uint8(image: NDArray[np.floating]) -> Image:
    # Rounds, and saturates at 255.
    return np.asarray(cv2.convertScaleAbs(np.maximum(image, 0)), np.uint8)


def _grid(image: Image) -> tuple[Plane, Plane]:
    """Place of every pixel, x and y, 0 to 1, as a row and a column."""
    height, width = image.shape[:2]
    return (
        np.linspace(0, 1, width, dtype=np.float32)[None],
        np.linspace(0, 1, height, dtype=np.float32)[:, None],
    )


def _clouds(rng: np.random.Generator, image: Image, cells: int) -> Plane:
    noise = rng.random((cells, cells), np.float32)
    size = (image.shape[1], image.shape[0])
    return np.asarray(cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC), np.float32)


def _edge(distance: Plane, soft: float) -> Plane:
    """0 in the shadow to 1 in the light over an edge so soft."""
    t = np.clip(distance / np.float32(soft) + np.float32(0.5), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _lit(image: Image, light: Plane, strength: float, tint: NDArray[np.floating]) -> Image:
    """Light in linear intensity: shadows go to (1 - .9 strength) as displayed, the light gains a little and may clip."""
    low = np.float32((1 - 0.9 * strength) ** 2)
    gain = low + (1 + np.float32(0.5 * strength) - low) * light
    # Roots before the product spare a root a channel: sqrt(x^2 gain) = x sqrt(gain).
    channels = [np.sqrt(gain * (1 + (float(t) - 1) * (1 - light))) for t in tint]
    return _uint8(image * cv2.merge(channels))


def _cool(rng: np.random.Generator) -> NDArray[np.float64]:
    """Shadows under a sky are a little blue."""
    return np.array([1 - 0.15 * rng.random(), 1.0, 1 + 0.2 * rng.random()])


def _hard_light(rng: np.random.Generator, image: Image, strength: float) -> Image:
    x, y = _grid(image)
    side = 1.0 if rng.random() < 0.5 else -1.0
    u = (x - 0.5) * side
    # The light's edge runs down the middle of the face and swells round brow, nose and cheek.
    nose = 0.10 * np.exp(-(((y - 0.57) / 0.07) ** 2)) - 0.05 * np.exp(-(((y - 0.44) / 0.05) ** 2))
    cheek = 0.08 * np.exp(-(((y - 0.68) / 0.06) ** 2)) * rng.uniform(-1, 1)
    place = rng.uniform(-0.08, 0.1)
    bend = 0.08 * (_clouds(rng, image, 6) - 0.5)
    light = _edge(u - place - rng.uniform(0.3, 1.2) * nose - cheek + bend, rng.uniform(0.02, 0.14))
    return _lit(image, light, strength, _cool(rng))


def _blinds(rng: np.random.Generator, image: Image, strength: float) -> Image:
    x, y = _grid(image)
    angle = rng.normal(0.0, 0.3) + (np.pi / 2 if rng.random() < 0.25 else 0)
    v = math.cos(angle) * (y - 0.5) + math.sin(angle) * (x - 0.5)
    # A face is no plane: the stripes bow over nose and cheeks.
    v = (
        v
        + rng.uniform(-0.25, 0.25) * np.square(x - 0.5) * 4 * 0.3
        + 0.04 * np.exp(-np.square((x - 0.5) / 0.07)) * rng.uniform(-1, 1)
    )
    pitch = rng.uniform(0.09, 0.3)
    turns = v / pitch + rng.random()
    wave = np.abs(turns - np.floor(turns) - 0.5) - rng.uniform(0.18, 0.32)
    return _lit(
        image,
        _edge(np.asarray(wave * pitch, np.float32), rng.uniform(0.01, 0.05)),
        strength,
        _cool(rng),
    )


def _dapple(rng: np.random.Generator, image: Image, strength: float) -> Image:
    patchy = _clouds(rng, image, int(rng.integers(5, 12))) * 0.7 + _clouds(rng, image, 20) * 0.3
    level = float(np.quantile(patchy, rng.uniform(0.4, 0.7)))
    return _lit(
        image,
        _edge(np.asarray(patchy - level, np.float32), rng.uniform(0.04, 0.25)),
        strength,
        np.array([0.9, 1.06, 0.92]),
    )


def _cast_shadow(rng: np.random.Generator, image: Image, strength: float) -> Image:
    """The shadow of something outside the picture: a wall's edge, a hand, a head."""
    x, y = _grid(image)
    angle = rng.uniform(0, 2 * np.pi)
    u = math.cos(angle) * (x - 0.5) + math.sin(angle) * (y - 0.55)
    if rng.random() < 0.5:
        distance = u + rng.uniform(-0.1, 0.1) + 0.1 * (_clouds(rng, image, 4) - 0.5)
    else:
        cx, cy = 0.5 + 0.25 * math.cos(angle), 0.58 + 0.25 * math.sin(angle)
        radius = rng.uniform(0.24, 0.34)
        distance = (
            np.hypot((x - cx) * rng.uniform(0.7, 1.3), y - cy)
            - radius
            + 0.08 * (_clouds(rng, image, 6) - 0.5)
        )
    return _lit(
        image,
        _edge(np.asarray(distance, np.float32), rng.uniform(0.02, 0.12)),
        strength,
        _cool(rng),
    )


def _curved_motion(rng: np.random.Generator, image: Image, strength: float) -> Image:
    side = min(image.shape[:2])
    length = side * (0.02 + 0.17 * strength)
    steps = 64
    turn = rng.uniform(-1, 1) * np.pi * rng.random()
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(turn / steps, 0.12, steps))
    speed = np.exp(0.5 * np.cumsum(rng.normal(0, 0.15, steps)))
    path = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], axis=1) * speed[:, None], axis=0)
    path -= path.mean(axis=0)
    path *= length / max(float(np.ptp(path, axis=0).max()), 1e-6)
    half = int(np.ceil(np.abs(path).max())) + 1
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    spots = path + half
    base = np.floor(spots).astype(int)
    part = spots - base
    for dx in (0, 1):
        for dy in (0, 1):
            weight = np.abs(1 - dx - part[:, 0]) * np.abs(1 - dy - part[:, 1])
            np.add.at(kernel, (base[:, 1] + dy, base[:, 0] + dx), weight)
    kernel /= kernel.sum()
    return np.asarray(cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REPLICATE), np.uint8)


def _phone_noise(rng: np.random.Generator, image: Image, strength: float) -> Image:
    """A small sensor in little light: noise that grows with the signal, blotches of colour, and the denoiser's smear."""
    height, width = image.shape[:2]
    ycc = cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb).astype(np.float32)
    luma = ycc[..., 0]
    spread = np.sqrt(
        np.float32((2 + 16 * strength) ** 2) + luma * np.float32((0.3 + 3.2 * strength) ** 2)
    )
    fine = rng.standard_normal((height, width), np.float32)
    row = rng.standard_normal((height, 1), np.float32) * np.float32(0.15 * rng.random())
    luma += spread * (fine + row)
    cells = int(rng.integers(14, 30))
    small = rng.standard_normal((cells, cells, 2), np.float32)
    blotch = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    ycc[..., 1:] += blotch * np.float32(3 + 15 * strength)
    noisy = cv2.cvtColor(np.asarray(np.clip(ycc, 0, 255), np.uint8), cv2.COLOR_YCrCb2RGB)
    clean = rng.random()
    if clean < 0.65:
        # Denoisers leave flat patches between hard edges, and sharpen what is left.
        reach = 1 + round((1 + 3 * strength) * max(1.0, min(height, width) / 128))
        sigma = 20 + 90 * strength
        smooth = cv2.bilateralFilter(noisy, 2 * reach + 1, sigma, reach)
        if clean < 0.35:
            smooth = cv2.medianBlur(smooth, 5 if strength > 0.55 else 3)
        soft = cv2.GaussianBlur(smooth, (0, 0), 1.0)
        noisy = cv2.addWeighted(smooth, 1.6, soft, -0.6, 0)
    return np.asarray(noisy, np.uint8)


def _coded(image: Image, suffix: str, quality: int) -> Image:
    flags = [cv2.IMWRITE_WEBP_QUALITY if suffix == ".webp" else cv2.IMWRITE_JPEG_QUALITY, quality]
    _, data = cv2.imencode(suffix, image[..., ::-1], flags)
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))[..., ::-1])


def _shrunk(image: Image, factor: float) -> Image:
    height, width = image.shape[:2]
    size = (max(8, round(width / factor)), max(8, round(height / factor)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _grown(image: Image, like: Image, how: int = cv2.INTER_CUBIC) -> Image:
    return np.asarray(
        cv2.resize(image, (like.shape[1], like.shape[0]), interpolation=how), np.uint8
    )


def _webp(rng: np.random.Generator, image: Image, strength: float) -> Image:
    """Small WebP, as thumbnails on the web are: coded at a lower size, then enlarged."""
    small = _shrunk(image, 1 + (0.3 + 1.2 * strength) * rng.uniform(0.8, 1.0))
    return _grown(_coded(small, ".webp", max(1, round(45 * (1 - strength) ** 1.3))), image)


def _double_jpeg(rng: np.random.Generator, image: Image, strength: float) -> Image:
    """Coded, moved off its grid of blocks and resized, coded again."""
    first = _coded(image, ".jpg", round(4 + 66 * (1 - strength) ** 1.4))
    dx, dy = (int(v) for v in rng.integers(1, 8, 2))
    shifted = np.roll(first, (-dy, -dx), axis=(0, 1))
    small = _shrunk(shifted, 1 + 0.9 * strength)
    second = _grown(_coded(small, ".jpg", round(5 + 60 * (1 - strength) ** 1.4)), image)
    return np.ascontiguousarray(np.roll(second, (dy, dx), axis=(0, 1)))


def _interlacing(rng: np.random.Generator, image: Image, strength: float) -> Image:
    """Two fields of a video that saw the face at two moments: every second line stands aside."""
    side = min(image.shape[:2])
    shift = side * (0.012 + 0.11 * strength) * (1 if rng.random() < 0.5 else -1)
    matrix = np.array([[1, rng.normal(0, 0.01), shift], [0, 1, 0.0]])
    moved = cv2.warpAffine(image, matrix, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    lines = 1 if side < 192 else max(1, round(side / 128))
    odd = (np.arange(image.shape[0]) // lines) % 2 == 1
    result = image.copy()
    result[odd] = moved[odd]
    ghost = np.float32(0.15 * strength)
    return _uint8(result * (1 - ghost) + np.float32(ghost) * moved)


def _screen(rng: np.random.Generator, image: Image, strength: float) -> Image:
    """A photograph of a screen: its grid beats with the camera's, bands roll, a lamp glares, black is grey."""
    x, y = _grid(image)
    angle = rng.uniform(-0.3, 0.3)
    u = math.cos(angle) * x + math.sin(angle) * y + 0.012 * _clouds(rng, image, 4)
    v = math.cos(angle) * y - math.sin(angle) * x
    frequency = rng.uniform(130, 420)
    # The three colours of a screen's pixels stand side by side; far from it they fall together.
    apart = math.pi / 3 * int(rng.integers(3))
    rows = np.sin(v * np.float32(frequency * rng.uniform(0.9, 1.15)))
    beat = np.sin(u * np.float32(rng.uniform(15, 60)) + 3 * _clouds(rng, image, 3))
    band = np.sin(y * np.float32(rng.uniform(6, 30)) + np.float32(rng.uniform(0, 6.3)))
    common = 1 + np.float32(strength) * (0.14 * rows + 0.16 * beat + 0.2 * band)
    blurred = cv2.GaussianBlur(image, (0, 0), (0.3 + 1.1 * strength) * min(image.shape[:2]) / 128)
    dim = 1 - 0.3 * strength
    blue = (dim * (1 - 0.2 * strength * rng.random()), dim, dim * (1 + 0.15 * strength))
    gain = cv2.merge(
        [
            tone * (common + 0.28 * strength * np.sin(u * frequency + k * apart))
            for k, tone in enumerate(blue)
        ]
    )
    shown = blurred * gain + np.float32(45 * strength)
    cx, cy = rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.9)
    if rng.random() < 0.6:
        lean = rng.uniform(-1, 1)
        glare = np.exp(
            -np.square((x - cx + lean * (y - cy)) / rng.uniform(0.06, 0.25))
            - np.square((y - cy) / rng.uniform(0.1, 0.5))
        )
        shown += three(np.asarray(170 * strength * glare, np.float32))
    return _uint8(shown)


def _infrared(rng: np.random.Generator, image: Image, strength: float) -> Image:
    """Like a camera with an infrared lamp: grey, skin pale and flat, eyes dark, a bright middle and a dark rim."""
    planes = image.astype(np.float32)
    red = planes @ np.array([0.75, 0.25, 0.0], np.float32)
    sigma = min(image.shape[:2]) * 0.02
    glow = cv2.GaussianBlur(red, (0, 0), sigma)
    flat = (
        red * np.float32(1 - 0.55 * strength)
        + glow * np.float32(0.3 * strength)
        + np.float32(70 * strength)
    )
    x, y = _grid(image)
    cx, cy = 0.5 + rng.normal(0, 0.08), 0.5 + rng.normal(0, 0.08)
    lamp = 1 + np.float32(0.5 * strength) * (
        1 - np.float32(5.0) * (np.square(x - cx) + np.square(y - cy))
    )
    noise = rng.standard_normal(red.shape, np.float32) * np.float32(2 + 14 * strength)
    share = np.float32(min(1.0, 0.4 + 1.5 * strength))
    grey = np.clip(flat * lamp + noise, 0, 255) * share
    return _uint8(planes * (1 - share) + three(grey))


def _tilt(rng: np.random.Generator, image: Image, strength: float) -> Image:
    """The head laid on a shoulder, beyond what alignment leaves over."""
    height, width = image.shape[:2]
    angle = (6 + 49 * strength) * (1 if rng.random() < 0.5 else -1)
    matrix = cv2.getRotationMatrix2D((0.5 * width, 0.57 * height), angle, 1.0)
    size = (width, height)
    turned = cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REFLECT_101)
    inside = cv2.warpAffine(np.full(image.shape[:2], 255, np.uint8), matrix, size)
    # What was outside the crop is not known: the surroundings go on there without detail.
    around = cv2.resize(
        cv2.resize(turned, (8, 8), interpolation=cv2.INTER_AREA),
        size,
        interpolation=cv2.INTER_CUBIC,
    )
    near = three(cv2.blur(inside, (5, 5)) * np.float32(1 / 255))
    return _uint8(turned * near + around * (1 - near))


def _bloom(rng: np.random.Generator, image: Image, strength: float) -> Image:
    """Over-exposed: the bright parts clip and flow over into their surroundings."""
    x, y = _grid(image)
    angle = rng.uniform(0, 2 * np.pi)
    ramp = 1 + 0.5 * (math.cos(angle) * (x - 0.5) + math.sin(angle) * (y - 0.5))
    linear = np.square(image * np.float32(1 / 255)) * three((1 + 5 * strength**1.3) * ramp)
    over = np.clip(linear - np.float32(0.75), 0, 2.5)
    side = min(image.shape[:2])
    small = _quarter(over)
    near = cv2.GaussianBlur(small, (0, 0), side / 4 * 0.03)
    far = cv2.GaussianBlur(small, (0, 0), side / 4 * 0.12)
    halo = cv2.resize(near + far, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_LINEAR)
    return _uint8(np.sqrt(np.clip(linear + np.float32(0.35 * strength) * halo, 0, 1)) * 255)


def _quarter(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = plane.shape[:2]
    return np.asarray(
        cv2.resize(plane, (max(4, width // 4), max(4, height // 4)), interpolation=cv2.INTER_AREA),
        np.float32,
    )


def _fog(rng: np.random.Generator, image: Image, strength: float) -> Image:
    """Fog, steam or a misted lens: contrast goes into an uneven pale veil, and detail with it."""
    veil = rng.uniform(170, 225) + rng.normal(0, 5, 3)
    patchy = 0.75 * _clouds(rng, image, 4) + 0.25 * _clouds(rng, image, 9)
    density = np.float32(0.15 + 0.72 * strength) * (0.8 + 0.4 * patchy)
    thick = np.asarray(np.clip(density, 0, 0.97), np.float32)
    blurred = cv2.GaussianBlur(image, (0, 0), (0.4 + 2.2 * strength) * min(image.shape[:2]) / 128)
    return _uint8(blurred * three(np.asarray(1 - thick, np.float32)) + tinted(thick, veil))


FAMILIES: dict[str, Family] = {
    "hard_light": _hard_light,
    "cast_shadow": _cast_shadow,
    "blinds": _blinds,
    "dapple": _dapple,
    "curved_motion": _curved_motion,
    "phone_noise": _phone_noise,
    "webp": _webp,
    "double_jpeg": _double_jpeg,
    "interlacing": _interlacing,
    "screen": _screen,
    "infrared": _infrared,
    "tilt": _tilt,
    "bloom": _bloom,
    "fog": _fog,
}
"""Every family by name: ``family(rng, image, strength) -> image``."""

VALIDATION = tuple(name for name in FAMILIES if name in HELD_BACK)
"""Families that no training draws."""

TRAINING = tuple(name for name in FAMILIES if name not in HELD_BACK)
"""Families that training draws."""


def degrade_wild(image: Image, family: str, strength: float, rng: np.random.Generator) -> Image:
    """Degrade a copy of an image by one of ``FAMILIES``; arguments in the order of ``degrade``.

    Raises:
        ValueError: the family is unknown or the strength outside [0, 1].
    """
    return degrade(image, family, strength, rng, families=FAMILIES)
