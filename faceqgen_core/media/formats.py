"""The image formats that are read: one list for the search of folders, for reading and for messages.

Pillow has more readers than these; some of them start programs. A format is added here and nowhere else.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass

import PIL.Image

_HEIF_READERS = ("pi_heif", "pillow_heif")


@dataclass(frozen=True)
class ImageFormat:
    """One format.

    Attributes:
        name: what Pillow calls it.
        title: what people call it.
        suffixes: of its files, lower case, with the dot.
        brands: what stands behind ``ftyp`` at the start of its files; empty where a reader is always there.
        way_out: what to do where there is no reader.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    brands: tuple[bytes, ...] = ()
    way_out: str = ""


FORMATS = (
    ImageFormat("JPEG", "JPEG", (".jfif", ".jpe", ".jpeg", ".jpg")),
    ImageFormat("PNG", "PNG", (".png",)),
    ImageFormat("WEBP", "WebP", (".webp",)),
    ImageFormat("TIFF", "TIFF", (".tif", ".tiff")),
    ImageFormat("BMP", "BMP", (".bmp",)),
    ImageFormat("GIF", "GIF", (".gif",)),
    ImageFormat("PPM", "PPM", (".pgm", ".pnm", ".ppm")),
    ImageFormat("JPEG2000", "JPEG 2000", (".j2k", ".jp2")),
    ImageFormat(
        "AVIF",
        "AVIF",
        (".avif",),
        (b"avif", b"avis"),
        'it is read by Pillow from version 11.3 on: pip install "pillow>=11.3"',
    ),
    ImageFormat(
        "HEIF",
        "HEIC/HEIF",
        (".heic", ".heif", ".hif"),
        (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"),
        'it needs the extra "heif": pip install "faceqgen[heif]"',
    ),
)
"""In the order in which a file is tried."""

IMAGE_SUFFIXES = frozenset(suffix for format_ in FORMATS for suffix in format_.suffixes)
"""What is taken from a folder. A file named by itself is read whatever it is called."""

TITLES = ", ".join(format_.title for format_ in FORMATS)
"""The formats as a message names them."""


def make_ready(prefix: bytes) -> None:
    """Let Pillow know the reader that a file of this beginning needs, if it does not and there is one.

    Args:
        prefix: the first 16 bytes of a file.
    """
    PIL.Image.init()
    if "HEIF" in PIL.Image.OPEN or not _is(prefix, FORMATS[-1]):
        return
    for package in _HEIF_READERS:
        try:
            importlib.import_module(package).register_heif_opener()
            return
        except ImportError:
            continue


def no_reader(prefix: bytes) -> str:
    """Why a file of this beginning is not read: its format and what to do, or that it is none of the formats.

    Args:
        prefix: the first 16 bytes of a file for which all readers have been asked.
    """
    for format_ in FORMATS:
        if format_.way_out and not _has_reader(format_.name, prefix) and _is(prefix, format_):
            return f"{format_.title} is not read here; {format_.way_out}"
    return f"not an image, or damaged, or in a format that is not supported; supported are {TITLES}"


def _is(prefix: bytes, format_: ImageFormat) -> bool:
    return prefix[4:8] == b"ftyp" and prefix[8:12] in format_.brands


def _has_reader(name: str, prefix: bytes) -> bool:
    if name not in PIL.Image.OPEN:
        return False
    accept = PIL.Image.OPEN[name][1]
    # a reader that lacks its library answers with a text instead of True
    return accept is None or not isinstance(accept(prefix), str)
