"""One image to another place: copied, linked, or the face cut out of it. Never over a file that is there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ...faces.rows import Face


def copy_image(face: Face, path: Path) -> None:
    """Copy the image file as it is, with its time.

    Raises:
        OSError: it cannot be read or written, or something is there.
    """
    _require_file(face.filepath)
    with open(face.filepath, "rb") as source, path.open("xb") as target:
        try:
            shutil.copyfileobj(source, target, 1 << 20)
        except BaseException:
            path.unlink(missing_ok=True)  # half a file is worse than none
            raise
    with suppress(OSError):  # some disks keep no times or rights; the image is there
        shutil.copystat(face.filepath, path)


def link_image(face: Face, path: Path) -> None:
    """Make a symbolic link to the image file.

    Raises:
        OSError: there is no such file, or something is in the link's place.
    """
    _require_file(face.filepath)
    path.symlink_to(os.path.abspath(face.filepath))


def _require_file(path: str) -> None:
    """Refuse what is no file before it is opened: a pipe would be waited for without end."""
    if not os.path.isfile(path):
        raise FileNotFoundError("no such file")


def cut_face(face: Face, path: Path) -> None:
    """Write the aligned crop as it was scored, as PNG.

    Raises:
        ValueError: the image cannot be read, or it is not known where the crop was.
        OSError: the file cannot be written.
    """
    from faceqgen_core.image_io import save_png

    if path.exists():
        raise FileExistsError("a file of that name is there")
    save_png(path, face_crop(face))


def face_crop(face: Face) -> Any:
    """The aligned crop as it was scored, (S, S, 3) uint8 RGB, cut out of the image anew; needs no network.

    Raises:
        ValueError: the image cannot be read, or it is not known where the crop was.
    """
    import numpy as np

    from faceqgen_core.alignment import cut_crop
    from faceqgen_core.image_io import load_image

    if not face.crop_matrix or not face.crop_size:
        raise ValueError("it is not known where its crop was cut out: score it anew")
    matrix = np.reshape(np.asarray(face.crop_matrix, np.float64), (2, 3))
    return cut_crop(load_image(face.filepath), matrix, face.crop_size)


WRITERS: dict[str, Callable[[Face, Path], None]] = {
    "copy": copy_image,
    "symlink": link_image,
    "crops": cut_face,
}
"""By the kind of an export."""


def in_words(error: Exception) -> str:
    """Why a file did not arrive, without the paths that an error of the system repeats."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__
