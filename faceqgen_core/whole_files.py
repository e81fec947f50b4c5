"""Files that appear whole or not at all: written beside their place under a temporary name, then renamed.

Every file of the project that somebody else may read, or that replaces an earlier one, is written this way. A process
that is killed while it writes leaves its temporary file behind and the old file as it was; ``sweep`` removes what such
processes have left.
"""

from __future__ import annotations

import os
import re
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{32}\.tmp", re.DOTALL)
_ENDING = len(f".{uuid.UUID(int=0).hex}.tmp")
# File systems allow names of 255 bytes; what we add around one takes 38 of them.
_LONGEST_STEM = 200


@contextmanager
def written_whole(path: str | os.PathLike[str], *, durable: bool = False) -> Iterator[Path]:
    """Give a temporary path to write to; it takes the place of ``path`` when the block ends without an error.

    Works for a file and, if nothing is in its place, for a folder. Missing folders above it are made.

    Args:
        path: where the file shall be.
        durable: force the content to the disk before the rename, so that a power cut costs no old file either.

    Raises:
        OSError: the file cannot be written; what was there before stays.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_beside(path)
    try:
        yield temporary
        if durable:
            _to_disk(temporary)
        temporary.replace(path)
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)


def temporary_beside(path: Path) -> Path:
    """A name for a temporary file in the same folder, never given twice, which ``is_temporary`` knows."""
    stem = os.fsdecode(os.fsencode(path.name)[:_LONGEST_STEM])
    return path.with_name(f".{stem}.{uuid.uuid4().hex}.tmp")


def is_temporary(name: str) -> bool:
    """Whether a file name is one that ``written_whole`` gives while it writes."""
    return _TEMPORARY.fullmatch(name) is not None


def sweep(
    folder: str | os.PathLike[str],
    *,
    older_than: float = 3600.0,
    mine: Callable[[str], bool] | None = None,
) -> list[str]:
    """Remove temporary files that killed processes have left in a folder, not below it; returns their names.

    Args:
        folder: where to look; one that cannot be read holds nothing.
        older_than: seconds since a file was last written to; younger ones may belong to a process that lives.
        mine: says of the name of a file whether nobody but the caller writes it; then the age does not matter.
    """
    try:
        entries = [entry for entry in os.scandir(folder) if is_temporary(entry.name)]
    except OSError:
        return []
    swept = []
    for entry in entries:
        try:
            status = entry.stat(follow_symlinks=False)
            old = time.time() - status.st_mtime > older_than
            ours = mine is not None and mine(entry.name[1:-_ENDING])
            if entry.is_file(follow_symlinks=False) and (old or ours):
                os.unlink(entry.path)
                swept.append(entry.name)
        except OSError:  # somebody else was quicker, or it is not ours to remove
            continue
    return sorted(swept)


def _to_disk(path: Path) -> None:
    if path.is_file():
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
