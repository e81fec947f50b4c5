"""Images in: path, bytes or array -> (H, W, 3) uint8 RGB, upright. Images out: PNG, written atomically.

What is decided here, and nowhere else:

* Orientation: EXIF orientation is applied; arrays carry none and are taken as they are.
* Colour: arrays are RGB (turning BGR round is the caller's duty); grey is repeated three times; palette, CMYK and
  YCbCr are converted by Pillow; embedded colour profiles are ignored.
* Alpha: composited over white, the page that cut-out portraits are made for.
* Depth: 16 bit is scaled full range to full range, greys in files by what they hold (``media.levels``); float must lie
  in [0, 1]; other integers in 0..255.
* Size: at most ``max_pixels``, checked in the header before anything is decoded; each side at least ``MIN_SIDE``.
* Memory: a picture is decoded when there is room for it in the process's budget, and never held three times; one of WebP,
  JPEG 2000, AVIF, HEIF or progressive JPEG, which take more than others, is not decoded if the whole budget is too small.
* Formats: those of ``media.formats``; of an animation, the first frame.
"""

from __future__ import annotations

import io
import logging
import os
import stat
import struct
from collections.abc import Callable, Iterator
from typing import IO, Any, ClassVar, TypeVar

import numpy as np
import PIL.Image
import PIL.PngImagePlugin
import PIL.TiffImagePlugin
from numpy.typing import NDArray

from faceqgen_core import vocabulary
from faceqgen_core.media.decoding_memory import (
    USUAL_BYTES,
    decoding_memory,
    too_much_memory,
)
from faceqgen_core.media.formats import FORMATS, make_ready, no_reader
from faceqgen_core.media.levels import (
    FULL,
    is_deep,
    is_negative,
    stated_white,
    to_8_bits,
    white_value,
)
from faceqgen_core.media.memory_budget import PICTURES, Reserve
from faceqgen_core.media.png_bytes import png_bytes
from faceqgen_core.media.png_chunks import png_chunks
from faceqgen_core.media.remote import RemoteError, fetch, is_remote, short_name, was_remote
from faceqgen_core.types import Image, Status
from faceqgen_core.whole_files import written_whole

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")

ImageSource = str | os.PathLike[str] | bytes | NDArray[Any]
"""What ``load_image`` reads: a path or a remote address (``media.remote``), the bytes of a file, or an array."""

DEFAULT_MAX_PIXELS = vocabulary.DEFAULT_MAX_PIXELS

MIN_SIDE = 8
"""Shortest side of an image in pixels; under it no detector and no restoration has anything to work on."""

_ORIENTATION = 0x0112
_LYING = (5, 6, 7, 8)
# From the upright picture to what the file holds. Views: pixels are decoded straight into their upright places, where
# Pillow's exif_transpose would hold the picture twice.
_AS_STORED: dict[int, Callable[[Image], Image]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, -1),
}
# Pixels that are converted at a time.
_BAND = 1 << 20


class ImageError(ValueError):
    """An image that cannot be used: ``status`` says what kind of failure it is, ``reason`` why, in words."""

    status: ClassVar[Status] = Status.UNREADABLE

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnreadableImage(ImageError):
    """No file, no image, a damaged image, or an array that is no image."""


class ImageTooLarge(ImageError):
    """More pixels than the limit."""

    status = Status.TOO_LARGE


class ImageTooSmall(ImageError):
    """A side shorter than ``MIN_SIDE``."""

    status = Status.TOO_SMALL


def load_image(
    source: ImageSource, *, max_pixels: int = DEFAULT_MAX_PIXELS, reserve: Reserve | None = None
) -> Image:
    """Load an image as (H, W, 3) uint8 RGB, upright and contiguous.

    Args:
        source: path or address (``s3://``, ``https://``, ...) of a file, bytes of a file, or an array: (H, W), (H, W, 1), (H, W, 2) grey and alpha, (H, W, 3)
            RGB or (H, W, 4) RGBA; uint8, uint16, other integers in 0..255, bool, or float in [0, 1].
            A contiguous uint8 RGB array is returned itself, not a copy.
        max_pixels: the most pixels (width times height) that are decoded. Whatever it is, Pillow refuses TIFF and
            WebP over 178 million.
        reserve: takes the memory that decoding needs out of a budget, once the size is known (see ``memory_budget``);
            by default out of the process's own, and only until the picture is returned.

    Raises:
        UnreadableImage: the file is missing, empty, no image or damaged, or the array is no image.
        ImageTooLarge: more than ``max_pixels`` pixels, or more memory than there is for a picture.
        ImageTooSmall: a side shorter than ``MIN_SIDE``.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source, max_pixels)
    if reserve is None:
        with PICTURES.share() as taken:
            return load_image(source, max_pixels=max_pixels, reserve=taken)

    def pixels(image: PIL.Image.Image, name: str) -> Image:
        reserve(decoding_memory(image))
        return _pixels(image, name)

    if isinstance(source, (bytes, bytearray, memoryview)):
        return _from_file(io.BytesIO(source), "bytes", max_pixels, pixels)
    if not isinstance(source, (str, os.PathLike)):
        raise UnreadableImage(
            f"cannot read an image from {type(source).__name__}: give a path, bytes or a NumPy array"
        )
    return _from_path(source, max_pixels, pixels)


def image_size(
    path: str | os.PathLike[str], *, max_pixels: int = DEFAULT_MAX_PIXELS
) -> tuple[int, int]:
    """Width and height in pixels that ``load_image`` would give an image file, from its header.

    No pixels are decoded, but those of a PNG whose metadata stand behind them.

    Raises:
        ImageError: as ``load_image``, as far as the header tells.
    """
    return _from_path(path, max_pixels, _upright_size)


def save_png(path: str | os.PathLike[str], array: NDArray[np.uint8]) -> None:
    """Write (H, W, 3) RGB or (H, W) grey uint8 as PNG; no reader ever sees half a file. Makes missing folders.

    Raises:
        ValueError: another shape or type.
        OSError: the file cannot be written.
    """
    array = np.asarray(array)
    if array.dtype != np.uint8 or (array.ndim != 2 and array.shape[2:] != (3,)):
        raise ValueError(
            f"a PNG is written from (H, W, 3) RGB or (H, W) grey uint8, got {array.shape} {array.dtype}"
        )
    with written_whole(path) as temporary, temporary.open("xb") as file:
        file.write(png_bytes(array))


def _check_size(width: int, height: int, name: str, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise ImageTooLarge(
            f"{name}: {width} x {height} pixels, over the limit of {max_pixels / 1e6:.4g} megapixels; "
            "shrink the image or raise max_pixels"
        )
    if min(width, height) < MIN_SIDE:
        raise ImageTooSmall(
            f"{name}: {width} x {height} pixels; each side must have at least {MIN_SIDE}"
        )


def _check_memory(image: PIL.Image.Image, name: str, max_pixels: int) -> None:
    """Refuse a picture whose format needs more than the whole budget, and than ``max_pixels`` of other formats do."""
    if too_much_memory(image, max(PICTURES.total, max_pixels * USUAL_BYTES)):
        width, height = image.size
        raise ImageTooLarge(
            f"{name}: {width} x {height} pixels of {image.format} take {decoding_memory(image) / 1e9:.2g} GB to decode, more "
            "than there is for a picture; shrink it, save it as JPEG or PNG, or raise max_pixels"
        )


def _open(file: IO[bytes], name: str) -> PIL.Image.Image:
    """Read the header only.

    ``PIL.Image.open`` would warn, process-wide, about a large image before its size could be asked for; so the
    registered readers are asked one by one, as it does.
    """
    prefix = file.read(16)
    if not prefix:
        raise UnreadableImage(f"{name}: the file is empty")
    make_ready(prefix)
    for format_ in FORMATS:
        if format_.name not in PIL.Image.OPEN:
            continue
        factory, accept = PIL.Image.OPEN[format_.name]
        # a reader that lacks its library answers with a text instead of True
        if accept is not None and accept(prefix) is not True:
            continue
        file.seek(0)
        try:
            return factory(file, name)
        except (SyntaxError, IndexError, TypeError, struct.error) as error:
            _LOG.debug("%s: not %s: %s", name, format_.name, error)
    raise UnreadableImage(f"{name}: {no_reader(prefix)}")


def _from_path(
    source: str | os.PathLike[str], max_pixels: int, read: Callable[[PIL.Image.Image, str], _T]
) -> _T:
    path = os.fspath(source)
    if is_remote(path):
        name = short_name(path)
        try:
            return _from_file(fetch(path), name, max_pixels, read)
        except RemoteError as error:
            raise UnreadableImage(f"{name}: {error}") from error
    name = os.path.basename(os.path.normpath(path)) or path
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise UnreadableImage(f"{name}: a directory or device, not a file")
        with open(path, "rb") as file:
            return _from_file(file, name, max_pixels, read)
    except ImageError:
        raise
    except FileNotFoundError:
        hint = "; a remote address is given as text, not as a Path" if was_remote(path) else ""
        raise UnreadableImage(f"{name}: no such file{hint}") from None
    except PermissionError:
        raise UnreadableImage(f"{name}: no permission to read the file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the path
        raise UnreadableImage(f"{name}: cannot be opened: {error}") from error


def _from_file(
    file: IO[bytes], name: str, max_pixels: int, read: Callable[[PIL.Image.Image, str], _T]
) -> _T:
    """Open an image, check its size and read from it."""
    try:
        with _open(file, name) as image:
            _check_size(*image.size, name, max_pixels)
            _check_memory(image, name, max_pixels)
            return read(image, name)
    except (ImageError, MemoryError):
        raise
    except PIL.Image.DecompressionBombError:
        raise ImageTooLarge(f"{name}: more pixels than the image library reads") from None
    except Exception as error:  # decoders of foreign bytes raise nearly anything
        raise UnreadableImage(f"{name}: damaged or truncated: {error}") from error


def _pixels(image: PIL.Image.Image, name: str) -> Image:
    """Decode, and convert band by band: a picture is there once as Pillow has it and once as we want it."""
    deep = is_deep(image)
    stated = stated_white(image) if deep else None
    negative = deep and is_negative(image)
    png = image.format == "PNG"
    image.load()
    width, height = image.size
    orientation = _orientation(image, name)
    result = np.empty((width, height, 3) if orientation in _LYING else (height, width, 3), np.uint8)
    stored = _AS_STORED[orientation](result) if orientation in _AS_STORED else result
    transparent = image.has_transparency_data
    white = white_value((np.asarray(b) for _, b in _bands(image)), stated, png=png) if deep else 0
    for rows, band in _bands(image):
        if white:
            grey = _from_16_bit(np.asarray(band), name, white)
            stored[rows] = _grey_to_rgb(255 - grey if negative else grey)
        else:
            stored[rows] = _to_rgb(band, name, transparent=transparent)
    return result


def _bands(image: PIL.Image.Image) -> Iterator[tuple[slice, PIL.Image.Image]]:
    width, height = image.size
    rows = max(1, _BAND // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        band = image if rows >= height else image.crop((0, top, width, bottom))
        yield slice(top, bottom), band


def _upright_size(image: PIL.Image.Image, name: str) -> tuple[int, int]:
    width, height = image.size
    if isinstance(image, PIL.TiffImagePlugin.TiffImageFile):
        # Pillow's size may be turned already, depending on its version; the tags never are.
        width, height = image.tag_v2[256], image.tag_v2[257]
    lying = _orientation(image, name, decode=_metadata_behind_pixels(image)) in _LYING
    return (height, width) if lying else (width, height)


def _metadata_behind_pixels(image: PIL.Image.Image) -> bool:
    """Whether a PNG has metadata behind its pixels; Pillow decodes these to get there, whether there are any or not."""
    if not isinstance(image, PIL.PngImagePlugin.PngImageFile) or image.fp is None:
        return False
    kinds = [kind for kind, _ in png_chunks(image.fp)]
    behind = kinds[kinds.index(b"IDAT") :] if b"IDAT" in kinds else []
    return not {b"eXIf", b"tEXt", b"zTXt", b"iTXt"}.isdisjoint(behind)


def _orientation(image: PIL.Image.Image, name: str, *, decode: bool = True) -> int:
    try:
        if not decode:  # past PngImageFile.getexif, which decodes
            return int(PIL.Image.Image.getexif(image).get(_ORIENTATION, 1))
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception as error:  # damaged metadata costs the orientation, not the picture
        _LOG.debug("%s: EXIF not readable: %s", name, error)
        return 1


def _to_rgb(image: PIL.Image.Image, name: str, *, transparent: bool) -> Image:
    if image.mode == "F":
        return _grey_to_rgb(_from_float(np.asarray(image), name))
    if transparent:
        return _over_white(image.convert("RGBA"))
    return np.asarray(image.convert("RGB"), np.uint8)


def _over_white(rgba: PIL.Image.Image) -> Image:
    page = PIL.Image.new("RGBA", rgba.size, (255, 255, 255, 255))
    return np.asarray(PIL.Image.alpha_composite(page, rgba).convert("RGB"), np.uint8)


def _grey_to_rgb(grey: Image) -> Image:
    return np.repeat(grey[..., None], 3, axis=2)


def _from_16_bit(values: NDArray[Any], name: str, white: int = FULL) -> Image:
    if values.size and (values.min() < 0 or values.max() > 65535):
        raise UnreadableImage(f"{name}: 32-bit pixels beyond 0..65535; save it with 8 or 16 bits")
    return to_8_bits(values, white)


def _from_float(values: NDArray[Any], name: str) -> Image:
    if not np.isfinite(values).all():
        raise UnreadableImage(f"{name}: holds NaN or infinite pixels")
    low, high = float(values.min()), float(values.max())
    if (
        low < -1e-3 or high > 1 + 1e-3
    ):  # the overshoot of a resampling filter is rounding, not a range
        raise UnreadableImage(
            f"{name}: float pixels must lie in [0, 1], found {low:.4g} to {high:.4g}; divide by the white value, "
            "or give uint8"
        )
    return np.asarray(np.rint(np.clip(values, 0, 1) * 255.0), np.uint8)


def _from_array(array: NDArray[Any], max_pixels: int) -> Image:
    name = "array"
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[2] not in (1, 2, 3, 4):
        raise UnreadableImage(
            f"array of shape {array.shape}: expected (H, W), or (H, W, C) with 1 to 4 channels last"
        )
    height, width, channels = array.shape
    _check_size(width, height, name, max_pixels)
    if array.dtype == np.uint8:
        pixels = array
    elif array.dtype == np.uint16:
        pixels = _from_16_bit(array, name)
    elif np.issubdtype(array.dtype, np.floating):
        pixels = _from_float(array, name)
    elif array.dtype == np.bool_:
        pixels = array.astype(np.uint8) * np.uint8(255)
    elif np.issubdtype(array.dtype, np.integer):
        if array.min() < 0 or array.max() > 255:
            raise UnreadableImage(
                f"array of {array.dtype} from {array.min()} to {array.max()}: integers must lie in 0..255, "
                "or be uint16 with the full range"
            )
        pixels = array.astype(np.uint8)
    else:
        raise UnreadableImage(f"array of {array.dtype}: expected integers or floats")
    if channels in (2, 4):
        rgba = pixels if channels == 4 else pixels[..., (0, 0, 0, 1)]
        return _over_white(PIL.Image.fromarray(np.ascontiguousarray(rgba)))
    return _grey_to_rgb(pixels[..., 0]) if channels == 1 else np.ascontiguousarray(pixels)
