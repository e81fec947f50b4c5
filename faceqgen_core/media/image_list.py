"""Which images a caller means: files as named, folders searched, here and in remote places."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from faceqgen_core.media.formats import IMAGE_SUFFIXES
from faceqgen_core.media.remote import images_at, is_remote

logger = logging.getLogger(__name__)


def path_or_address(text: str) -> Path | str:
    """What an argument names: an address stays text, since a path would lose one of its slashes."""
    return text if is_remote(text) else Path(text)


def find_images(paths: Iterable[Path | str], *, without: Sequence[Path] = ()) -> list[Path | str]:
    """List images: files as named, folders searched in sorted order; each path once, however often it is named.

    Args:
        paths: files and folders; addresses (``s3://bucket/folder``) as text.
        without: folders whose content is left out of the search, for what this command writes itself.

    Raises:
        ValueError: a path does not exist, a folder holds no image, or a remote place cannot be listed.
    """
    left_out = {os.path.realpath(folder) for folder in without}
    found: dict[str, Path | str] = {}
    for path in paths:
        if is_remote(path):
            found.update((image, image) for image in images_at(str(path)))
            continue
        path = Path(path)
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
