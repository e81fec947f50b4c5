"""Test images made from pictures that come with scikit-image and matplotlib: nothing to download, nothing to store."""

from __future__ import annotations

import io
import shutil
import struct
import zlib
from pathlib import Path

import matplotlib.cbook
import numpy as np
import PIL.Image
import skimage.data
from PIL import ImageFilter

from faceqgen_core.image_io import DEFAULT_MAX_PIXELS, save_png
from faceqgen_core.types import FaceBox, Image, Status

ORIENTATION = 0x0112


def astronaut() -> Image:
    """One frontal face in colour, 512 x 512; eyes near (204, 100) and (245, 102)."""
    return np.asarray(skimage.data.astronaut(), np.uint8)


def astronaut_face() -> FaceBox:
    """The astronaut's face as MTCNN sees it, to a tenth of a pixel: spares tests the detector."""
    points = [[203.5, 100.1], [245.4, 102.2], [224.2, 126.4], [201.8, 138.6], [244.4, 140.4]]
    return FaceBox(181.6, 63.7, 83.0, 107.4, confidence=0.999, landmarks=np.array(points, "f4"))


def grace_hopper() -> Image:
    """One frontal face in colour, 512 wide and 600 high."""
    with matplotlib.cbook.get_sample_data("grace_hopper.jpg") as file:
        return np.asarray(PIL.Image.open(file).convert("RGB"), np.uint8)


def lfw_faces(count: int = 100) -> list[Image]:
    """Up to 100 small faces, 25 x 25, grey as RGB, not aligned."""
    grey = np.rint(skimage.data.lfw_subset()[:count] * 255).astype(np.uint8)
    return [np.repeat(face[..., None], 3, axis=2) for face in grey]


def no_face() -> Image:
    """A cup of coffee, 600 x 400."""
    return np.asarray(skimage.data.coffee(), np.uint8)


def large_photograph(megapixels: float, *, face: int) -> Image:
    """The cup of coffee, enlarged to so many megapixels, and on it the astronaut with a face so many pixels wide; 0 for none."""
    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    size = (round(1.5 * height), height)
    scene = PIL.Image.fromarray(no_face()).resize(size, PIL.Image.Resampling.BICUBIC)
    if face:
        width = round(512 * face / astronaut_face().width)
        person = PIL.Image.fromarray(astronaut()).resize((width, width))
        scene.paste(person, (round(0.62 * size[0]), round(0.41 * size[1])))
    return np.asarray(scene, np.uint8)


def plain(
    width: int = 200, height: int = 160, colour: tuple[int, int, int] = (90, 120, 150)
) -> Image:
    """One colour all over."""
    return np.full((height, width, 3), colour, np.uint8)


def two_faces() -> Image:
    """Grace Hopper on the left and, smaller, the astronaut on the right, 812 x 600: Hopper is the primary face."""
    page = np.full((600, 812, 3), 128, np.uint8)
    page[:, :512] = grace_hopper()
    page[150:450, 512:] = astronaut()[:300, 80:380]
    return page


def turned_for(orientation: int, upright: PIL.Image.Image) -> PIL.Image.Image:
    """The picture as a camera stores it that writes this EXIF orientation (1 to 8)."""
    turn = PIL.Image.Transpose
    stored = {
        2: turn.FLIP_LEFT_RIGHT,
        3: turn.ROTATE_180,
        4: turn.FLIP_TOP_BOTTOM,
        5: turn.TRANSPOSE,
        6: turn.ROTATE_90,
        7: turn.TRANSVERSE,
        8: turn.ROTATE_270,
    }
    return upright if orientation == 1 else upright.transpose(stored[orientation])


def exif(orientation: int) -> PIL.Image.Exif:
    """Metadata that holds nothing but an orientation."""
    data = PIL.Image.Exif()
    data[ORIENTATION] = orientation
    return data


def huge_png(side: int, *, damaged: bool = False) -> bytes:
    """A black ``side`` x ``side`` PNG of one bit a pixel: many pixels, few bytes. Damaged: the header and no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    rows = b"" if damaged else bytes(side * (1 + (side + 7) // 8))
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    pixels = zlib.compress(rows, 1)
    start = b"\x89PNG\r\n\x1a\n"
    return start + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def jpeg_bytes(image: Image, *, quality: int = 92) -> bytes:
    """The image as a JPEG file."""
    data = io.BytesIO()
    PIL.Image.fromarray(image).save(data, "JPEG", quality=quality)
    return data.getvalue()


def faulty_images(folder: Path) -> dict[str, tuple[Path, Status]]:
    """Write the ten images on which products of this kind stumble; name -> (path, status it must get).

    ``duplicate`` is a copy of ``grey``, byte for byte; ``exif_rotated`` is the astronaut lying on her side with the
    orientation 6 that says so; ``two_faces`` is the picture of that name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    picture = PIL.Image.fromarray(astronaut())

    def path(name: str, kind: str) -> Path:
        return folder / f"{name}.{kind}"

    save_png(path("no_face", "png"), no_face())
    save_png(path("two_faces", "png"), two_faces())
    picture.filter(ImageFilter.GaussianBlur(4)).save(path("blurred", "png"))
    picture.convert("L").save(path("grey", "png"))
    shutil.copy(path("grey", "png"), path("duplicate", "png"))
    rgba = picture.convert("RGBA")
    corner = PIL.Image.new("L", picture.size, 255)
    corner.paste(0, (400, 0, 512, 512))
    rgba.putalpha(corner)
    rgba.save(path("rgba", "png"))
    turned_for(6, picture).save(path("exif_rotated", "jpg"), quality=95, exif=exif(6))
    content = jpeg_bytes(astronaut())
    path("truncated", "jpg").write_bytes(content[: len(content) // 3])
    PIL.Image.new("RGB", (1, 1), (200, 150, 120)).save(path("one_pixel", "png"))
    path("huge", "png").write_bytes(huge_png(int(DEFAULT_MAX_PIXELS**0.5) + 1000))
    return {
        "no_face": (path("no_face", "png"), Status.NO_FACE),
        "two_faces": (path("two_faces", "png"), Status.SCORED),
        "blurred": (path("blurred", "png"), Status.SCORED),
        "grey": (path("grey", "png"), Status.SCORED),
        "rgba": (path("rgba", "png"), Status.SCORED),
        "exif_rotated": (path("exif_rotated", "jpg"), Status.SCORED),
        "truncated": (path("truncated", "jpg"), Status.UNREADABLE),
        "one_pixel": (path("one_pixel", "png"), Status.TOO_SMALL),
        "huge": (path("huge", "png"), Status.TOO_LARGE),
        "duplicate": (path("duplicate", "png"), Status.SCORED),
    }
