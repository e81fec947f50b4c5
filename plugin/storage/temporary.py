"""Temporary files that a killed run has left: swept by the next run into the folder, and by whoever deletes its files."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from .manifest import MANIFEST, Manifest

_TEMPORARY = re.compile(
    r"\.(?P<name>(?P<key>[0-9a-f]{24})[0-9A-Za-z_]*\.(png|jpg))\.[0-9a-f]{32}\.tmp"
)
_REWRITE = re.compile(rf"\.{re.escape(MANIFEST)}\.[0-9a-f]{{32}}\.tmp")
OLD = 3600.0
"""Seconds after which a temporary file belongs to nobody, whoever made it."""


def temporary_files(folder: Path, dataset_id: Any = None) -> Iterator[os.DirEntry[str]]:
    """The temporary files in a folder that nobody is writing any more.

    Args:
        folder: with a manifest.
        dataset_id: the caller holds the lease on this data set's field: what it announced is nobody's at work on.
    """
    with os.scandir(folder) as entries:
        found = [e for e in entries if e.name.endswith(".tmp") and e.is_file(follow_symlinks=False)]
    if not found:
        return
    mine: set[str] = set()
    if dataset_id is not None:
        owner = str(dataset_id)
        mine = {n for e in Manifest(folder).read() if e.dataset in (owner, None) for n in e.files}
    for entry in found:
        match = _TEMPORARY.fullmatch(entry.name)
        if not (match or _REWRITE.fullmatch(entry.name)):
            continue
        with suppress(FileNotFoundError):
            age = time.time() - entry.stat(follow_symlinks=False).st_mtime
            if age > OLD or (match and match["name"] in mine):
                yield entry


def sweep(folder: Path, dataset_id: Any = None) -> int:
    """Delete them; returns how many. The arguments are those of ``temporary_files``.

    Raises:
        OSError: one cannot be deleted.
    """
    count = 0
    for entry in list(temporary_files(folder, dataset_id)):
        with suppress(FileNotFoundError):
            if stat.S_ISREG(os.lstat(entry.path).st_mode):
                os.unlink(entry.path)
                count += 1
    return count
