"""The journal of a scoring run: the rows of each image as soon as they are known, found again after any end.

One line of JSON for each image, appended whole: the image's path, size and time of change, and its rows. A process that
dies while it writes leaves at most one torn line, which the next run cuts off. A later run with the same settings takes
the rows of all images that have not changed from here. One with others writes its rows behind them: a wrong option costs no
row of the run that it was meant to go on with.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from faceqgen_core.media.remote import is_remote
from faceqgen_core.media.remote import state as remote_state

try:
    import fcntl
except ImportError:  # Windows: nothing keeps a second run out
    fcntl = None  # type: ignore[assignment]

_LOG = logging.getLogger(__name__)

FORMAT = 2
Rows = Sequence[Mapping[str, str]]
State = tuple[int, int]
"""Size in bytes and time of the last change in nanoseconds; of a remote file a digest of its version in place of the time."""


def file_state(path: str | os.PathLike[str]) -> State | None:
    """What tells that a file is still the same; None if it is not there, or if nothing tells it of a remote one."""
    if is_remote(path):
        return remote_state(str(path))
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns


class ScoreJournal:
    """The journal of one output file; use it in a ``with`` block.

    Args:
        path: of the journal.
        settings: plain values that the scores depend on; rows of a run with others are not taken.
        begin_anew: forget what is there, of whatever settings.

    Attributes:
        problem: why the journal cannot be written to any more, "" as long as it can; the rows are kept in memory then.

    Raises:
        ValueError: another run is writing to it, or something else than a file stands in its place.
        OSError: it cannot be written.
    """

    def __init__(
        self, path: Path, settings: Mapping[str, Any], *, begin_anew: bool = False
    ) -> None:
        self.path = path
        self.problem = ""
        self._places: dict[str, tuple[State | None, int, int]] = {}
        self._in_memory: dict[str, Rows] = {}
        if os.path.lexists(path) and (path.is_symlink() or not path.is_file()):
            raise ValueError(f"{path} is no plain file: remove it, or choose another output")
        self._file = open(path, "a+b")  # noqa: SIM115 - it lives as long as the run
        try:
            self._lock()
            self._end, same = (0, False) if begin_anew else self._read(dict(settings))
            self._file.truncate(self._end)  # a torn last line, or all of it
            if not same:
                _LOG.info("%s: nothing of a run with these settings, begun anew", path)
                self._append({"scores": FORMAT, "settings": dict(settings)})
        except BaseException:
            self._file.close()
            raise

    def _lock(self) -> None:
        if fcntl is None:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"another run is writing to {self.path}: wait for its end, or choose another output"
            ) from None
        except OSError as error:  # some network disks know no locks
            _LOG.warning("%s cannot be locked: %s", self.path, error)

    def _read(self, settings: dict[str, Any]) -> tuple[int, bool]:
        """Find the rows of earlier runs with the same settings.

        Returns:
            Where the last whole line ends, and whether what is written behind it belongs to these settings.
        """
        self._file.seek(0)
        place = end = 0
        same = False
        for line in self._file:
            place += len(line)
            entry = _entry(line)
            if entry is None:  # damaged: what follows it is whole all the same
                continue
            if "scores" in entry:
                same = entry["scores"] == FORMAT and entry.get("settings") == settings
            elif same:
                self._places[entry["path"]] = _state(entry["state"]), place - len(line), len(line)
            end = place
        return end, same

    def __enter__(self) -> ScoreJournal:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def rows(self, path: str) -> Rows:
        """The rows of an image, in their order; none if it has none."""
        if path in self._in_memory:
            return self._in_memory[path]
        if path not in self._places:
            return ()
        _, start, length = self._places[path]
        self._file.seek(start)
        entry = _entry(self._file.read(length))
        return [] if entry is None else entry["rows"]

    def unchanged(self, path: str) -> bool:
        """Whether there are rows of an image that is still the same file."""
        if path not in self._places:
            return False
        known = self._places[path][0]
        return known is not None and known == file_state(path)

    def add(self, path: str, state: State | None, rows: Rows) -> None:
        """Keep the rows of an image; ``state`` is what ``file_state`` said before it was read. Never fails."""
        start = self._end
        if not self.problem:
            try:
                length = self._append(
                    {"path": path, "state": state, "rows": [dict(row) for row in rows]}
                )
                self._places[path] = state, start, length
                self._in_memory.pop(path, None)
                return
            except OSError as error:
                self.problem = f"{self.path}: {error.strerror or error}"
                _LOG.warning("the journal cannot be written any more: %s", self.problem)
        self._in_memory[path] = [dict(row) for row in rows]

    def _append(self, entry: Mapping[str, Any]) -> int:
        line = json.dumps(entry).encode("ascii") + b"\n"
        self._file.seek(0, os.SEEK_END)
        self._file.write(line)
        self._file.flush()
        self._end += len(line)
        return len(line)


def _state(value: Any) -> State | None:
    return None if value is None else (int(value[0]), int(value[1]))


def _entry(line: bytes) -> dict[str, Any] | None:
    """A whole line of the journal, or None."""
    if not line.endswith(b"\n"):
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict) or not (
        "scores" in entry or {"path", "state", "rows"} <= set(entry)
    ):
        return None
    return entry
