"""The manifest of a folder: which files runs have made in it, of which sample, for which data set.

One line of JSON for each sample, ``{"sample": ..., "files": [...], "dataset": ...}``, written before the files are. Lines
are only added, each batch in one write that begins on a line of its own, so that a line that a crash has cut off costs
itself alone; a rewrite (one line for each sample, in a new file that takes the old one's name) happens under a lock on the
folder. A manifest that is a link, no plain file or full of something else is refused.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

MANIFEST = "manifest.jsonl"
LONGEST = 1 << 30
"""Bytes of a manifest that is read at all; a million samples take a fifth of it."""

_NO_LINK = os.O_NOFOLLOW | os.O_CLOEXEC


class BrokenManifest(ValueError):
    """A manifest that says nothing that could be trusted."""


@dataclass
class Entry:
    """The files of one sample.

    Attributes:
        key: id of the sample, or what else the files are named after.
        files: their names.
        dataset: id of the data set that they were made for; None in manifests of earlier versions.
        database: what tells the database of that data set from others.
    """

    key: str
    files: list[str] = field(default_factory=list)
    dataset: str | None = None
    database: str | None = None

    @property
    def line(self) -> str:
        """As it stands in the manifest."""
        owner = {"dataset": self.dataset, "database": self.database}
        known = {name: value for name, value in owner.items() if value is not None}
        return json.dumps({"sample": self.key, "files": self.files, **known}) + "\n"


class Place(NamedTuple):
    """How far a manifest was read: which file it was, and up to which byte."""

    file: int
    end: int


class Manifest:
    """The manifest of a folder.

    Args:
        folder: where it lies; the last part of the path must not be a link when anything is written or deleted.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / MANIFEST

    def exists(self) -> bool:
        """Whether there is something of that name."""
        return os.path.lexists(self.path)

    def create(self) -> None:
        """Make an empty one where there is none.

        Raises:
            BrokenManifest: something else is in its place.
            OSError: the folder cannot be written to.
        """
        self._require_folder()
        self._require_plain()
        os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NO_LINK, 0o666))

    def read(self) -> list[Entry]:
        """All entries, in order; lines that are damaged are left out.

        Raises:
            BrokenManifest: it is a link or no plain file, or holds not one line of a manifest.
            OSError: it cannot be read.
        """
        self._require_plain()
        with os.fdopen(os.open(self.path, os.O_RDONLY | _NO_LINK), "rb") as file:
            if os.fstat(file.fileno()).st_size > LONGEST:
                raise BrokenManifest(
                    f"the manifest {str(self.path)!r} is larger than any that was written by a run"
                )
            entries, damaged = [], 0
            for line in file:
                entry = _parsed(line)
                if entry is not None:
                    entries.append(entry)
                elif line.strip():
                    damaged += 1
        if damaged and not entries:
            raise BrokenManifest(
                f"the manifest {str(self.path)!r} is broken: it holds not one line that a run has written"
            )
        return entries

    def add(self, entries: Sequence[Entry]) -> None:
        """Add entries, on the disk when this returns.

        Raises:
            OSError: it cannot be written.
        """
        with self.locked():
            self.append(entries)

    def append(self, entries: Sequence[Entry]) -> None:
        """Add entries; for who has it ``locked``.

        Raises:
            OSError: it cannot be written.
        """
        text = "".join(entry.line for entry in entries if entry.files).encode()
        if not text:
            return
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | _NO_LINK
        handle = os.open(self.path, flags, 0o666)
        try:
            size = os.fstat(handle).st_size
            if size and os.pread(handle, 1, size - 1) != b"\n":
                text = b"\n" + text  # a crash cut the last line off
            _write_all(handle, text)
            os.fsync(handle)
        finally:
            os.close(handle)

    def read_on(self, place: Place | None) -> tuple[list[Entry], Place]:
        """What was added behind a place, or all of it where it was written anew since, and the new place.

        Raises:
            BrokenManifest: it is a link or no plain file.
            OSError: it cannot be read.
        """
        self._require_plain()
        if not self.exists():
            return [], Place(0, 0)
        with os.fdopen(os.open(self.path, os.O_RDONLY | _NO_LINK), "rb") as file:
            found = os.fstat(file.fileno())
            same = place is not None and place.file == found.st_ino and place.end <= found.st_size
            start = place.end if same and place is not None else 0
            file.seek(start)
            lines = file.read().splitlines(keepends=True)
        if lines and not lines[-1].endswith(b"\n"):
            lines.pop()
        entries = [entry for line in lines if (entry := _parsed(line)) is not None]
        return entries, Place(found.st_ino, start + sum(map(len, lines)))

    def compact(self) -> None:
        """Write it anew with one line for each sample, if it holds more than that.

        Raises:
            BrokenManifest: as ``read``.
            OSError: it cannot be written.
        """
        with self.locked():
            entries = self.read()
            merged = merge(entries)
            if len(merged) < len(entries) or self._is_ragged():
                self._replace(merged)

    def forget(self, names: Iterable[str]) -> bool:
        """Write it anew without these files; False, and it is gone, if it then names none.

        What others have added meanwhile stays in it.

        Raises:
            BrokenManifest: as ``read``.
            OSError: it cannot be written.
        """
        gone = set(names)
        with self.locked():
            left = [
                replace(entry, files=files)
                for entry in merge(self.read())
                if (files := [name for name in entry.files if name not in gone])
            ]
            if left:
                self._replace(left)
                return True
            self.path.unlink(missing_ok=True)
            return False

    def _is_ragged(self) -> bool:
        with open(self.path, "rb") as file:
            lines = file.read().splitlines(keepends=True)
        return any(_parsed(line) is None or not line.endswith(b"\n") for line in lines)

    def _replace(self, entries: Iterable[Entry]) -> None:
        from faceqgen_core.whole_files import written_whole

        lines = "".join(entry.line for entry in entries)
        with written_whole(self.path, durable=True) as temporary:
            temporary.write_text(lines, "utf-8")

    def _require_folder(self) -> None:
        if self.folder.is_symlink():
            raise BrokenManifest(
                f"the folder {str(self.folder)!r} is a link: links are not followed where files are written or deleted; "
                "name the folder that it leads to"
            )

    def _require_plain(self) -> None:
        self._require_folder()
        try:
            found = self.path.lstat()
        except FileNotFoundError:
            return
        if not stat.S_ISREG(found.st_mode):
            raise BrokenManifest(f"the manifest {str(self.path)!r} is a link or no plain file")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else writes the manifest meanwhile; where the disk knows no locks, only the lease keeps others away."""
        self._require_folder()
        handle = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | _NO_LINK)
        try:
            with contextlib.suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def merge(entries: Iterable[Entry]) -> list[Entry]:
    """One entry for each sample and data set, with all its files, in the order in which they came first."""
    found: dict[tuple[str, str | None], Entry] = {}
    for entry in entries:
        known = found.setdefault((entry.key, entry.dataset), replace(entry, files=[]))
        known.files = list(dict.fromkeys([*known.files, *entry.files]))
    return list(found.values())


def _parsed(line: bytes) -> Entry | None:
    try:
        values: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict) or not isinstance(values.get("files"), list):
        return None
    if not all(isinstance(name, str) for name in values["files"]):
        return None
    owner, database = (
        value if isinstance(value, str) else None
        for value in (values.get("dataset"), values.get("database"))
    )
    return Entry(str(values.get("sample", "")), values["files"], owner, database)


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]
