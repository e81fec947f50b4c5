"""One run at a time writes a field of a data set: a lease in the data set's own store, renewed with every chunk.

Whoever holds it writes the field, its files and their manifest; a second one is told who is at work. A holder whose process
is gone loses it at once where that can be seen (same machine), otherwise when it has not been renewed for ``SECONDS``. A
holder that slept longer than that finds it taken and stops before it writes anything more.

The parts of one run, which write other samples of the field, hold it together: each enters itself, whoever is no part of
that run waits until the last of them is gone.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import fiftyone.core.odm as foo
from fiftyone.operators.store import ExecutionStore

from .connection import patiently

STORE = "faceqgen_runs"
SECONDS = 600.0
CAN_BE_SHARED = hasattr(ExecutionStore, "compare_and_set")
"""Whether FiftyOne's store (from 1.22 on) can enter one part of a run without losing another that enters itself meanwhile."""
_DECLARING = "(declaring)"
"""No name of a field."""
_TRIES = 100
"""Of each, one is lost for every other part of a run that enters itself at the same moment."""

T = TypeVar("T")


class FieldBusy(ValueError):
    """Somebody else is at work on the field."""


class LeaseLost(RuntimeError):
    """The lease ran out and somebody else has taken the field over."""


class AtWork(NamedTuple):
    """Who is at work on a field.

    Attributes:
        what: what for: "scoring", "deletion".
        holders: ids of the leases: one, or one for each part of a run.
    """

    what: str
    holders: frozenset[str]


class Lease:
    """The right to write a field of a data set; taken with ``take`` or a ``with`` block.

    Args:
        dataset: the data set.
        field: name of the field.
        what: what it is taken for, in words: "scoring", "deleting".
        run: name of the run that it is taken for a part of; None: for nobody else.

    Attributes:
        id: what tells it from all others.

    Raises:
        ValueError: this version of FiftyOne cannot share it among the parts of a run.
    """

    def __init__(self, dataset: Any, field: str, what: str, *, run: str | None = None) -> None:
        if run is not None and not CAN_BE_SHARED:
            raise ValueError(
                "parts of one run can work at the same time from FiftyOne 1.22 on: install it, or score without 'part_of', one "
                "part after the other"
            )
        self._store = ExecutionStore.create(STORE, dataset_id=dataset._doc.id)
        self._dataset, self._dataset_id = dataset.name, dataset._doc.id
        self._field = field
        self._what = what
        self.id = uuid.uuid4().hex
        self.is_shared = run is not None
        self._owner = f"parts of {run}" if self.is_shared else self.id
        self._me: dict[str, Any] | None = None

    def require_free(self) -> None:
        """Check that nobody is at work on the field.

        Raises:
            FieldBusy: somebody is.
        """
        self._free_entry()

    def at_work(self) -> frozenset[str]:
        """Ids of the leases of those that have the field now, this one among them."""
        return frozenset(_living(self._store.get(self._field)))

    def _free_entry(self) -> dict[str, Any] | None:
        """What is stored of whoever had the field and has it no more, or shares it; None for nobody."""
        entry: dict[str, Any] | None = self._store.get(self._field)
        living = _living(entry)
        if entry and living and not (self.is_shared and entry.get("owner") == self._owner):
            holder = next(iter(living.values()))
            raise FieldBusy(
                f"{holder.get('what', 'a run')} of {self._field!r} in {self._dataset!r} is under way since "
                f"{holder.get('since')} (process {holder.get('pid')} on {holder.get('host')}): wait for its end, stop it, "
                "or choose another name with the parameter 'field'"
            )
        return entry

    def take(self) -> None:
        """Take the lease.

        Raises:
            FieldBusy: somebody is at work on the field.
        """
        me = {
            "what": self._what,
            "since": datetime.now().astimezone().isoformat(timespec="seconds"),
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "process": _process(os.getpid()),
        }
        for _ in range(_TRIES):
            # Asked once: whoever took it after that is not the one whose place is taken.
            entry = self._free_entry()
            if _put(self._store, self._field, entry, self._with(me, entry)):
                self._me = me
                return
        raise FieldBusy(f"{self._field!r} is taken by others again and again: try again later")

    def _with(self, me: dict[str, Any], entry: dict[str, Any] | None) -> dict[str, Any]:
        """What is stored with this one: it alone, or it and the other living parts of its run."""
        mine = {**me, "until": time.time() + SECONDS}
        if not self.is_shared:
            return {"owner": self._owner, **mine}
        parts = _living(entry) if entry and entry.get("owner") == self._owner else {}
        return {"owner": self._owner, "parts": {**parts, self.id: mine}}

    def renew(self) -> None:
        """Say that the work goes on.

        Raises:
            LeaseLost: somebody else has taken the field over, or the lease was taken away.
        """
        me = self._me
        if me is None:
            return

        def put() -> bool:
            for _ in range(_TRIES):
                # What is there may be older than what was put, or newer: a database that was killed forgets its last moment,
                # a request that was cut off may have been done, another part may have renewed its own.
                entry = self._stored_ours()
                if entry is None:
                    return False
                if _put(self._store, self._field, entry, self._with(me, entry)):
                    return True
            return False

        if not patiently(put):
            if not patiently(self._has_dataset):
                raise LeaseLost(
                    f"the data set {self._dataset!r} was deleted during the {self._what} of {self._field!r}: nothing more is written"
                )
            raise LeaseLost(
                f"the {self._what} of {self._field!r} slept too long and another run has taken the field over: what is "
                "written so far stays, nothing more is written"
            )

    def _has_dataset(self) -> bool:
        return bool(foo.get_db_conn().datasets.count_documents({"_id": self._dataset_id}, limit=1))

    def _stored_ours(self) -> dict[str, Any] | None:
        """What is stored, if it is this one, or its run, that has the field."""
        entry: dict[str, Any] | None = self._store.get(self._field)
        return entry if entry and entry.get("owner") == self._owner else None

    def release(self) -> None:
        """Give it back; nothing happens if somebody else has it, or if the database is away: it then runs out."""
        if self._me is None:
            return
        with suppress(Exception):
            for _ in range(_TRIES):
                entry = self._stored_ours()
                if entry is None:
                    break
                if not self.is_shared:
                    self._store.delete(self._field)
                    break
                # Not deleted: another part may enter itself at this moment. An entry without parts is nobody's.
                parts = {name: part for name, part in entry["parts"].items() if name != self.id}
                if _put(self._store, self._field, entry, {**entry, "parts": parts}):
                    break
        self._me = None

    def __enter__(self) -> Lease:
        self.take()
        return self

    def __exit__(self, *args: object) -> None:
        self.release()


def declared_alone(dataset: Any, declare: Callable[[], T], *, patience: float = 60.0) -> T:
    """Declare fields while no other run declares any: FiftyOne writes the list of a data set's fields as a whole.

    Args:
        dataset: the data set.
        declare: declares them.
        patience: seconds to wait for others.
    """
    lease = Lease(dataset, _DECLARING, "declaring fields")
    deadline = time.monotonic() + patience
    while True:
        try:
            lease.take()
            break
        except FieldBusy:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    try:
        return declare()
    finally:
        lease.release()


def work_at(dataset_id: Any) -> dict[str, AtWork]:
    """The fields of a data set that somebody is at work on."""
    store = ExecutionStore.create(STORE, dataset_id=dataset_id)
    found = {key: _living(store.get(key)) for key in store.list_keys() if key != _DECLARING}
    return {
        key: AtWork(next(iter(living.values())).get("what", ""), frozenset(living))
        for key, living in found.items()
        if living
    }


def _put(store: Any, key: str, expected: dict[str, Any] | None, value: dict[str, Any]) -> bool:
    """Write a value if what is there is what was expected; atomic where FiftyOne's store can be (from 1.22 on)."""
    if expected is None:
        if hasattr(store, "set_if_absent"):
            return bool(store.set_if_absent(key, value))
    elif hasattr(store, "compare_and_set"):
        return bool(store.compare_and_set(key, expected, value))
    if store.get(key) != expected:
        return False
    store.set(key, value)
    return True


def _living(entry: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    """Who of those that an entry names is at work: id -> who it is."""
    if entry is None:
        return {}
    parts = entry["parts"] if "parts" in entry else {str(entry.get("owner")): entry}
    return {name: part for name, part in parts.items() if _alive(part)}


def _alive(holder: dict[str, Any]) -> bool:
    if holder.get("until", 0.0) < time.time():
        return False
    process, here = holder.get("process"), _process(os.getpid())
    if not process or not here or process.rsplit("/", 2)[0] != here.rsplit("/", 2)[0]:
        return True  # on another machine, or in another container: nobody here can tell
    return bool(_process(int(holder["pid"])) == process)


def _process(pid: int) -> str | None:
    """What tells a process from all others: the boot of its machine, its room of numbers, its number, its birth."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            state, *rest = file.read().rpartition(")")[2].split()
        room = os.readlink("/proc/self/ns/pid")
    except OSError:
        return None
    return None if state == "Z" else f"{boot}/{room}/{pid}/{rest[18]}"
