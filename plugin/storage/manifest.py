"""The files of a field's runs, found again: those that a manifest names, in the folders that the records name.

Only plain files that lie in such a folder itself, under a name as ``RestoredFiles`` gives them to a sample, are ours.
Whatever a manifest says beyond that (another folder, an absolute path, a link) is refused and counted.
"""

from __future__ import annotations

import json
import os
import re
import stat
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .restored_files import MANIFEST, default_folder

_NAME = re.compile(r"[0-9a-f]{24}(_[0-9A-Za-z]+)*\.(png|jpg)")


@dataclass
class RunFolder:
    """What a folder of a run holds.

    Attributes:
        path: the folder.
        ours: names of the files that the manifest names and that are there.
        size: bytes of all of them.
        gone: entries of the manifest of which no file is there any more.
        refused: entries that name something which cannot be ours, as the manifest has them.
        others: names of what else is in the folder.
    """

    path: Path
    ours: list[str] = field(default_factory=list)
    size: int = 0
    gone: int = 0
    refused: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def run_folders(dataset: Any, name: str, records: Iterable[Any]) -> list[Path]:
    """Folders that may hold files of a field: those of its records and the usual one; each once, only where one is."""
    folders = [
        Path(config.restored_dir) for config in records if getattr(config, "restored_dir", None)
    ]
    folders.append(default_folder(dataset.name) / name)
    # Not resolved: a folder behind a link is the user's way to choose a disk, and the record names it so.
    unique = {os.path.abspath(folder.expanduser()): folder for folder in folders}
    return [Path(path) for path in unique if os.path.isfile(os.path.join(path, MANIFEST))]


def users(folder: Path, dataset: Any) -> list[str]:
    """Names of the data sets that need the files of a folder beside the scores of this one.

    These are others with a record that names the folder, as a clone has, and any whose samples are files of it.
    """
    import fiftyone.core.odm as foo

    database = foo.get_db_conn()
    claims = set(database.runs.distinct("_dataset_id", {"config.restored_dir": str(folder)}))
    inside = {"filepath": {"$regex": "^" + re.escape(f"{folder}/")}}
    found = []
    for other in database.datasets.find({}, ["name", "sample_collection_name"]):
        is_other = other["_id"] != dataset._doc.id
        # the path is indexed, and the pattern begins with it: one look, however many samples there are
        if (is_other and other["_id"] in claims) or database[
            other["sample_collection_name"]
        ].find_one(inside, ["_id"]):
            found.append(other["name"])
    return sorted(found)


def look(folder: Path) -> RunFolder:
    """Compare a manifest with what lies in its folder; changes nothing."""
    found = RunFolder(folder)
    there = {entry.name: entry for entry in os.scandir(folder)}
    for name in dict.fromkeys(_named(folder / MANIFEST)):
        entry = there.get(name)
        if not _NAME.fullmatch(name):
            found.refused.append(name)
        elif entry is None:
            found.gone += 1
        elif not entry.is_file(follow_symlinks=False):
            found.refused.append(name)
        else:
            found.ours.append(name)
            found.size += entry.stat(follow_symlinks=False).st_size
    known = {MANIFEST, *found.ours}
    found.others = sorted(name for name in there if name not in known)
    return found


def delete(found: RunFolder) -> Iterator[tuple[str, str | None]]:
    """Delete our files of a folder; yields each name, and why it could not be deleted. Then tidies the folder.

    The folder is opened once and files are deleted in it by name, so that no link put in its place leads elsewhere.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY
    handle = os.open(found.path, flags)
    stay: set[str] = set()
    try:
        for name in found.ours:
            problem = _delete_one(name, handle)
            if problem:
                stay.add(name)
            yield name, problem
    finally:
        os.close(handle)
    _tidy(found, stay)


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


def _tidy(found: RunFolder, stay: set[str]) -> None:
    """Keep in the manifest what is still there or was refused; with neither, remove it, and the folder if it is empty."""
    manifest = found.path / MANIFEST
    keep = stay | set(found.refused)
    if keep:
        lines = []
        for entry in _entries(manifest):
            names = [name for name in entry.get("files", []) if name in keep]
            if names:
                lines.append(json.dumps({**entry, "files": names}) + "\n")
        temporary = manifest.with_name(f".{MANIFEST}.{uuid.uuid4().hex}.tmp")
        temporary.write_text("".join(lines), "utf-8")
        temporary.replace(manifest)
        return
    manifest.unlink(missing_ok=True)
    with suppress(OSError):  # rmdir refuses a folder that holds anything
        found.path.rmdir()
        if found.path.parent.parent == default_folder("any").parent:
            found.path.parent.rmdir()


def _named(manifest: Path) -> Iterator[str]:
    for entry in _entries(manifest):
        files = entry.get("files")
        yield from (str(name) for name in files) if isinstance(files, list) else ()


def _entries(manifest: Path) -> Iterator[dict[str, Any]]:
    """Lines of a manifest; one that was cut off by a crash names no file that was written."""
    with manifest.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict):
                yield entry
