"""What may be deleted in a folder of runs: looked at first, then deleted by name, nothing outside the folder, no link.

Ours are plain files in the folder itself that its manifest names, under a name as ``RestoredFiles`` gives them to a sample.
Whatever a manifest says beyond that (another folder, an absolute path, a link) is refused and counted. Of ours, those go
that nothing refers to.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..dataset.product_store import forget_folder
from ..progress import DeletionProgress
from .manifest import MANIFEST, Entry, Manifest, merge
from .paths import product_home
from .references import References, find_references, names_of
from .temporary import sweep, temporary_files

STEP = 500
"""Files between two counts."""

_NAME = re.compile(r"[0-9a-f]{24}(_[0-9A-Za-z]+)*\.(png|jpg)")


@dataclass
class RunFolder:
    """What a folder of runs holds.

    Attributes:
        path: the folder.
        ours: names of the files to delete.
        size: bytes of all of them.
        gone: names of the manifest's that would be deleted, if they were still there.
        kept: files of the manifest that stay.
        users: names of the data sets that need them, or that they were made for.
        owners: ids of the data sets that the files of the manifest were made for.
        refused: entries that name something which cannot be ours, as the manifest has them.
        temporary: temporary files that a killed run has left.
        others: names of what else is in the folder.
    """

    path: Path
    ours: list[str] = field(default_factory=list)
    size: int = 0
    gone: list[str] = field(default_factory=list)
    kept: int = 0
    users: list[str] = field(default_factory=list)
    owners: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    temporary: int = 0
    others: list[str] = field(default_factory=list)


def look(
    folder: Path,
    may_go: Callable[[str, Entry, References], bool],
    *,
    dataset_id: Any = None,
    own_fields: Any = (),
) -> RunFolder:
    """Compare a manifest with what lies in its folder, and with what refers to it; changes nothing.

    Args:
        folder: absolute, with a manifest.
        may_go: of a file that nothing else refers to, given its name and entry: whether it is the caller's to delete.
        dataset_id: the data set of the next argument.
        own_fields: paths of the fields whose references do not count: they are being deleted.

    Raises:
        ValueError: the manifest is a link, no plain file or broken: nothing of the folder can be told.
        OSError: the folder cannot be read.
    """
    found = RunFolder(folder)
    entries = merge(Manifest(folder).read())
    with os.scandir(folder) as scanned:
        there = {entry.name: entry for entry in scanned}
    references = find_references(folder, dataset_id=dataset_id, own_fields=own_fields)
    users = set(references.images)
    keepers: set[str] = set()
    seen: set[str] = set()
    for entry in entries:
        if entry.dataset is not None:
            found.owners.add(entry.dataset)
        for name in entry.files:
            if name in seen:
                continue
            seen.add(name)
            file = there.get(name)
            if not _NAME.fullmatch(name) or (file and not file.is_file(follow_symlinks=False)):
                found.refused.append(name)
            elif (
                name in references.others
                or references.images
                or not may_go(name, entry, references)
            ):
                users |= references.others.get(name, set())
                if name not in references.others and entry.dataset is not None:
                    keepers.add(entry.dataset)
                found.kept += file is not None
            elif file is None:
                found.gone.append(name)
            else:
                found.ours.append(name)
                found.size += file.stat(follow_symlinks=False).st_size
    left = {entry.name for entry in temporary_files(folder, dataset_id)}
    found.temporary = len(left)
    keepers.discard(str(dataset_id))
    found.users = sorted(users | set(names_of(keepers).values()))
    known = {MANIFEST, *left, *(seen - set(found.refused))}
    found.others = sorted(name for name in there if name not in known)
    return found


def delete(
    found: RunFolder, progress: DeletionProgress, *, dataset_id: Any = None
) -> Iterator[DeletionProgress]:
    """Delete what was found and count it; yields the counts now and then. Then tidies the folder.

    The folder is opened once and files are deleted in it by name, so that no link put in its place leads elsewhere.
    """
    handle = os.open(found.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    deleted = set(found.gone)
    try:
        for name in found.ours:
            problem = _delete_one(name, handle)
            if problem is None:
                deleted.add(name)
            progress.count(f"{found.path}/{name}", problem)
            if progress.done % STEP == 0:
                yield progress
    finally:
        os.close(handle)
        _tidy(found, deleted, dataset_id)
    if not found.path.exists():
        forget_folder(str(found.path))


def _delete_one(name: str, handle: int) -> str | None:
    try:
        if not stat.S_ISREG(os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode):
            return "no plain file any more"
        os.unlink(name, dir_fd=handle)
    except FileNotFoundError:
        return None
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return None


def _tidy(found: RunFolder, deleted: set[str], dataset_id: Any) -> None:
    """Take what is gone out of the manifest; where it then names nothing, remove it, and the folder if it is empty."""
    with suppress(OSError):
        sweep(found.path, dataset_id)
    if Manifest(found.path).forget(deleted):
        return
    with suppress(OSError):  # rmdir refuses a folder that holds anything
        found.path.rmdir()
        if found.path.parent.parent == product_home() / "restored":
            found.path.parent.rmdir()
