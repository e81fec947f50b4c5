"""One image to another place: copied, linked, or the face cut out of it. Never over a file that is there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ...faces.crop_cutter import cut
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
    from faceqgen_core.image_io import load_image, save_png

    if path.exists():
        raise FileExistsError("a file of that name is there")
    crop = cut(load_image(face.filepath), face.crop_matrix, face.crop_protocol)
    save_png(path, crop)


WRITERS: dict[str, Callable[[Face, Path], None]] = {
    "copy": copy_image,
    "symlink": link_image,
    "crops": cut_face,
}
"""By the kind of an export."""
