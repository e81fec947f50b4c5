"""Images to measure with, composed from pictures that packages bring along and that may be shown.

scikit-image's ``astronaut`` (NASA, public domain), ``lfw_subset`` and backgrounds, matplotlib's portrait of Grace Hopper
(US Navy, public domain). The same seed writes the same pixels.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from faceqgen_core.types import Image

# Left, top, side of a square that holds the head.
_ASTRONAUT, _GRACE_HOPPER = (130, 14, 190), (90, 30, 350)
_LFW_FACES = 100
_SIZES = ((1152, 864), (1440, 1080), (1632, 1224), (1920, 1280), (1224, 1632), (2000, 1500))
# Sides of a pasted head as a share of the photograph's shorter side; a face is some half of its head square.
_SMALLEST, _LARGEST = 0.11, 0.42
_LFW_SIDE = 186


def write_crops(folder: Path, count: int, *, size: int = 128, seed: int = 0) -> list[Path]:
    """Write aligned-looking crops, (``size``, ``size``) PNG: portraits turned, lit and scaled, and small faces of LFW."""
    from faceqgen_core.image_io import save_png

    rng = np.random.default_rng(seed)
    paths = []
    for number in range(count):
        heads = _portraits() if number % 4 else _small_faces()
        head = _varied(heads[int(rng.integers(len(heads)))], rng)
        paths.append(folder / f"crop-{number:06d}.png")
        save_png(paths[-1], _resized(head, size))
    return paths


def write_photographs(folder: Path, count: int, *, seed: int = 1) -> list[Path]:
    """Write photographs of 1 to 3 megapixels, JPEG, with one to five faces each."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(count):
        path = folder / f"photograph-{number:05d}.jpg"
        PillowImage.fromarray(_photograph(1 + number % 5, rng)).save(path, quality=92)
        paths.append(path)
    return paths


def write_lfw_sized(folder: Path, count: int, *, seed: int = 2) -> list[Path]:
    """Write pictures of the size of LFW's, 186 x 186 JPEG: one head in the middle, every fourth a small face of LFW, enlarged."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(count):
        heads = _portraits() if number % 4 else _small_faces()
        head = _varied(heads[int(rng.integers(len(heads)))], rng)
        scene = _resized(_backgrounds()[int(rng.integers(3))], _LFW_SIDE)
        side = int(rng.uniform(0.6, 0.9) * _LFW_SIDE)
        x, y = (int(v) for v in rng.integers((_LFW_SIDE - side) // 4, _LFW_SIDE - side + 1, 2))
        scene[y : y + side, x : x + side] = _resized(head, side)
        paths.append(folder / f"picture-{number:05d}.jpg")
        PillowImage.fromarray(scene).save(paths[-1], quality=92)
    return paths


def _photograph(faces: int, rng: np.random.Generator) -> Image:
    width, height = _SIZES[int(rng.integers(len(_SIZES)))]
    background = _backgrounds()[int(rng.integers(3))]
    scene = np.array(cv2.resize(background, (width, height), interpolation=cv2.INTER_CUBIC))
    # Each face in a strip of its own: none covers another.
    strip = width // faces
    for number in range(faces):
        head = _varied(_portraits()[int(rng.integers(2))], rng)
        largest = min(strip, height) * 0.9
        side = int(min(largest, rng.uniform(_SMALLEST, _LARGEST) * min(width, height)))
        x = number * strip + int(rng.integers(strip - side + 1))
        y = int(rng.integers(height - side + 1))
        scene[y : y + side, x : x + side] = _resized(head, side)
    return np.asarray(scene, np.uint8)


def _resized(head: Image, side: int) -> Image:
    return np.asarray(cv2.resize(head, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _varied(head: Image, rng: np.random.Generator) -> Image:
    """Mirrored or not, turned by up to 8 degrees, a little larger or smaller, lighter or darker."""
    side = head.shape[0]
    turn = cv2.getRotationMatrix2D(
        (side / 2, side / 2), float(rng.uniform(-8, 8)), float(rng.uniform(0.95, 1.1))
    )
    turned = cv2.warpAffine(
        head, turn, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    levels = 255 * (np.arange(256) / 255) ** rng.uniform(0.7, 1.4)
    lit = cv2.LUT(turned, np.rint(levels).astype(np.uint8))
    return np.ascontiguousarray(lit[:, ::-1] if rng.random() < 0.5 else lit, np.uint8)


@lru_cache(maxsize=1)
def _portraits() -> tuple[Image, ...]:
    import matplotlib
    import skimage.data

    file = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    hopper = np.asarray(PillowImage.open(file, formats=["JPEG"]).convert("RGB"), np.uint8)
    pictures = (skimage.data.astronaut(), _ASTRONAUT), (hopper, _GRACE_HOPPER)
    return tuple(_cut(picture, *square) for picture, square in pictures)


@lru_cache(maxsize=1)
def _small_faces() -> tuple[Image, ...]:
    import skimage.data

    grey: NDArray[np.float64] = skimage.data.lfw_subset()[:_LFW_FACES]
    return tuple(
        cv2.cvtColor(
            cv2.resize(np.rint(face * 255).astype(np.uint8), (128, 128)), cv2.COLOR_GRAY2RGB
        )
        for face in grey
    )


@lru_cache(maxsize=1)
def _backgrounds() -> tuple[Image, ...]:
    import skimage.data

    return tuple(
        np.asarray(draw(), np.uint8)
        for draw in (skimage.data.coffee, skimage.data.rocket, skimage.data.chelsea)
    )


def _cut(picture: Image, left: int, top: int, side: int) -> Image:
    return np.ascontiguousarray(picture[top : top + side, left : left + side])
