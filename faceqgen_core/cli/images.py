"""Which images a command line means: files as named, folders searched."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from faceqgen_core.media.formats import IMAGE_SUFFIXES

logger = logging.getLogger(__name__)


def find_images(paths: Iterable[Path], *, without: Sequence[Path] = ()) -> list[Path]:
    """List images: files as named, folders searched in sorted order; each path once, however often it is named.

    Args:
        paths: files and folders.
        without: folders whose content is left out of the search, for what this command writes itself.

    Raises:
        ValueError: a path does not exist, or a folder holds no image.
    """
    left_out = {os.path.realpath(folder) for folder in without}
    found: dict[str, Path] = {}
    for path in paths:
        if path.is_dir():
            inside = sorted(_walk(path, left_out), key=lambda p: p.parts)
            if not inside:
                raise ValueError(
                    f"no image in the folder {path}; looked for {', '.join(sorted(IMAGE_SUFFIXES))}"
                )
        elif path.exists():
            inside = [path]
        else:
            raise ValueError(f"no such file or folder: {path}")
        for image in inside:
            found.setdefault(os.path.abspath(image), image)
    return list(found.values())


def _walk(folder: Path, left_out: set[str]) -> Iterator[Path]:
    seen = set(left_out)

    def not_searched(error: OSError) -> None:
        logger.warning("not searched: %s", error)

    for here, folders, files in os.walk(folder, onerror=not_searched, followlinks=True):
        real = os.path.realpath(here)
        if real in seen:  # a link back up, or to what was searched already
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in IMAGE_SUFFIXES:
                yield Path(here, name)
