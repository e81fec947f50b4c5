"""Demo images: portraits under graded degradations, small grey crops, an image without a face, a truncated file.

Every source ships with a package that is installed anyway and may be shown: scikit-image's ``astronaut`` (NASA, public
domain), ``lfw_subset`` and ``coffee``, matplotlib's portrait of Grace Hopper (US Navy, public domain). Nothing is
downloaded, and the same version of this module writes the same pixels every time. RGB uint8 throughout.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

from faceqgen_core.alignment import CropProtocol, cut_crop, paste_back, similarity_matrix
from faceqgen_core.covers import FAMILIES as COVERS
from faceqgen_core.covers import cover
from faceqgen_core.degradation import degrade
from faceqgen_core.image_io import load_image, save_png
from faceqgen_core.types import Image

DEGRADATIONS: dict[str, str] = {
    "blur": "gaussian_blur",
    "motion blur": "motion_blur",
    "low resolution": "low_resolution",
    "noise": "noise",
    "JPEG": "jpeg",
    "dark": "dark",
    "over-exposed": "bright",
    "low contrast": "low_contrast",
    "side light": "side_light",
    "occlusion": "occlusion",
    "sunglasses": "sunglasses",
    "face mask": "face_mask",
    "rotation": "rotation",
    "crop": "crop",
}
"""Name shown in the demo -> family in ``faceqgen_core.degradation`` or ``faceqgen_core.covers``."""

STRENGTHS = (0.2, 0.5, 0.9)
"""Mild, middling, severe; on the scale 0..1 of ``degrade``."""

LFW_FACES = 100
"""The first hundred of scikit-image's 200 patches show faces, the others do not."""

# Head and shoulders (left, top, side): degradations scale with the image's side and aim at its middle.
_ASTRONAUT = (122, 10, 200)
_GRACE_HOPPER = (78, 10, 380)
_COFFEE = (100, 0, 400)
# Eyes, nose and corners of the mouth in these squares: what is worn lies where they are.
_LANDMARKS = {
    "astronaut": ((81.6, 90.0), (124.6, 92.4), (102.3, 117.4), (79.5, 129.0), (122.8, 131.0)),
    "grace_hopper": (
        (144.2, 182.1),
        (229.2, 177.3),
        (192.0, 228.4),
        (155.3, 267.7),
        (224.5, 263.5),
    ),
}


@dataclass(frozen=True)
class DemoImage:
    """A demo image that is yet to be written, and what is known about it.

    Attributes:
        name: file name.
        kind: "portrait", "lfw" (a tight 25 x 25 crop) or "fault".
        subject: who or what is on it.
        degradation: "clean", a key of ``DEGRADATIONS``, or the kind of fault.
        strength: 0 for a clean portrait, else one of ``STRENGTHS``; None outside the portraits.
        write: writes the image to a path.
    """

    name: str
    kind: str
    subject: str
    degradation: str
    strength: float | None
    write: Callable[[Path], None]


def portraits() -> dict[str, Image]:
    """The two clean portraits, head and shoulders, square: "astronaut" (200 px), "grace_hopper" (380 px)."""
    import matplotlib.cbook
    import skimage.data

    hopper = load_image(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))
    return {
        "astronaut": _square(np.asarray(skimage.data.astronaut(), np.uint8), *_ASTRONAUT),
        "grace_hopper": _square(hopper, *_GRACE_HOPPER),
    }


def demo_images(
    *,
    degradations: Iterable[str] = DEGRADATIONS,
    strengths: Sequence[float] = STRENGTHS,
    lfw: int = LFW_FACES,
    faults: bool = True,
) -> Iterator[DemoImage]:
    """List the demo images: first the portraits, then the small crops, then the faults.

    Args:
        degradations: which degradations to make, keys of ``DEGRADATIONS``.
        strengths: how strong to make each, in (0, 1].
        lfw: how many faces of ``lfw_subset``, 0 to 100.
        faults: whether to add the image without a face and the truncated file.

    Raises:
        ValueError: a degradation is unknown, or there are not that many faces.
    """
    names = list(degradations)
    unknown = sorted(set(names) - set(DEGRADATIONS))
    if unknown:
        raise ValueError(f"unknown degradation(s) {unknown}; known: {', '.join(DEGRADATIONS)}")
    if not 0 <= lfw <= LFW_FACES:
        raise ValueError(f"lfw_subset holds {LFW_FACES} faces, asked for {lfw}")
    for subject, image in portraits().items():
        yield DemoImage(f"{subject}.png", "portrait", subject, "clean", 0.0, _png(image))
        for name in names:
            for strength in strengths:
                file = f"{subject}_{name.replace(' ', '-').lower()}_{round(100 * strength):03d}.png"
                yield DemoImage(
                    file,
                    "portrait",
                    subject,
                    name,
                    strength,
                    _degraded(image, subject, name, strength),
                )
    if lfw:
        yield from _lfw(lfw)
    if faults:
        yield DemoImage("coffee.png", "fault", "coffee", "no face", None, _coffee)
        yield DemoImage("truncated.jpg", "fault", "astronaut", "truncated file", None, _truncated)


def write_images(images: Iterable[DemoImage], folder: Path) -> Iterator[tuple[Path, DemoImage]]:
    """Write the images into a folder, which is made if missing; yields (path, image) as each is there."""
    folder.mkdir(parents=True, exist_ok=True)
    for image in images:
        path = folder / image.name
        image.write(path)
        yield path, image


def _square(image: Image, left: int, top: int, side: int) -> Image:
    return np.ascontiguousarray(image[top : top + side, left : left + side])


def _png(image: Image) -> Callable[[Path], None]:
    return lambda path: save_png(path, image)


def _degraded(image: Image, subject: str, name: str, strength: float) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        # One seed for all strengths of a degradation: the direction and the place stay, only the harm grows.
        rng = np.random.default_rng(zlib.crc32(f"{subject}/{name}".encode()))
        family = DEGRADATIONS[name]
        if family in COVERS:
            save_png(path, _covered(image, subject, family, strength, rng))
        else:
            save_png(path, degrade(image, family, strength, rng))

    return write


def _covered(
    image: Image, subject: str, family: str, strength: float, rng: np.random.Generator
) -> Image:
    """Put on what covers are drawn for, an aligned crop, and lay it back; twice as fine as the portrait."""
    protocol = CropProtocol(size=512)
    matrix = similarity_matrix(np.array(_LANDMARKS[subject], np.float32), protocol)
    crop, mask = cover(rng, cut_crop(image, matrix, protocol.size), family, strength)
    return paste_back(image, crop, matrix, mask=mask)


def _lfw(count: int) -> Iterator[DemoImage]:
    import skimage.data

    patches = np.asarray(np.rint(skimage.data.lfw_subset()[:count] * 255), np.uint8)
    for number, patch in enumerate(patches):
        image = np.repeat(patch[..., None], 3, axis=2)
        yield DemoImage(
            f"lfw_{number:03d}.png", "lfw", f"lfw_{number:03d}", "tiny crop", None, _png(image)
        )


def _coffee(path: Path) -> None:
    import skimage.data

    save_png(path, _square(np.asarray(skimage.data.coffee(), np.uint8), *_COFFEE))


def _truncated(path: Path) -> None:
    """The first third of a JPEG file, as a broken download leaves it."""
    data = io.BytesIO()
    PillowImage.fromarray(portraits()["astronaut"]).save(data, "JPEG", quality=92)
    content = data.getvalue()
    path.write_bytes(content[: len(content) // 3])
