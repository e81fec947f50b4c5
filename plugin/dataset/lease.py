"""One run at a time writes a field of a data set: a lease in the data set's own store, renewed with every chunk.

Whoever holds it writes the field, its files and their manifest; a second one is told who is at work. A holder whose process
is gone loses it at once where that can be seen (same machine), otherwise when it has not been renewed for ``SECONDS``. A
holder that slept longer than that finds it taken and stops before it writes anything more.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from fiftyone.operators.store import ExecutionStore

from .connection import patiently

STORE = "faceqgen_runs"
SECONDS = 600.0
_DECLARING = "(declaring)"
"""No name of a field."""

T = TypeVar("T")


class FieldBusy(ValueError):
    """Somebody else is at work on the field."""


class LeaseLost(RuntimeError):
    """The lease ran out and somebody else has taken the field over."""


class Lease:
    """The right to write a field of a data set; taken with ``take`` or a ``with`` block.

    Args:
        dataset: the data set.
        field: name of the field.
        what: what it is taken for, in words: "scoring", "deleting".
    """

    def __init__(self, dataset: Any, field: str, what: str) -> None:
        self._store = ExecutionStore.create(STORE, dataset_id=dataset._doc.id)
        self._dataset = dataset.name
        self._field = field
        self._what = what
        self._held: dict[str, Any] | None = None

    def require_free(self) -> None:
        """Check that nobody is at work on the field.

        Raises:
            FieldBusy: somebody is.
        """
        self._free_holder()

    def _free_holder(self) -> dict[str, Any] | None:
        """What is stored of whoever had the field and has it no more; None for nobody."""
        holder: dict[str, Any] | None = self._store.get(self._field)
        if holder is not None and _alive(holder):
            raise FieldBusy(
                f"{holder.get('what', 'a run')} of {self._field!r} in {self._dataset!r} is under way since "
                f"{holder.get('since')} (process {holder.get('pid')} on {holder.get('host')}): wait for its end, stop it, "
                "or choose another name with the parameter 'field'"
            )
        return holder

    def take(self) -> None:
        """Take the lease.

        Raises:
            FieldBusy: somebody is at work on the field.
        """
        mine = {
            "owner": uuid.uuid4().hex,
            "what": self._what,
            "since": datetime.now().astimezone().isoformat(timespec="seconds"),
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "process": _process(os.getpid()),
            "until": time.time() + SECONDS,
        }
        for _ in range(8):
            # Asked once: whoever took it after that is not the one whose place is taken.
            holder = self._free_holder()
            if _put(self._store, self._field, holder, mine):
                self._held = mine
                return
        raise FieldBusy(f"{self._field!r} is taken by others again and again: try again later")

    def renew(self) -> None:
        """Say that the work goes on.

        Raises:
            LeaseLost: somebody else has taken the field over, or the lease was taken away.
        """
        if self._held is None:
            return
        renewed = {**self._held, "until": time.time() + SECONDS}

        def put() -> bool:
            # What is there may be older than what is held, or newer: a database that was killed forgets its last moment,
            # a request that was cut off may have been done.
            there = self._stored_mine()
            return there is not None and _put(self._store, self._field, there, renewed)

        if not patiently(put):
            raise LeaseLost(
                f"the {self._what} of {self._field!r} slept too long and another run has taken the field over: what is "
                "written so far stays, nothing more is written"
            )
        self._held = renewed

    def _stored_mine(self) -> dict[str, Any] | None:
        """What is stored, if it is this one that has the field."""
        there: dict[str, Any] | None = self._store.get(self._field)
        mine = there and self._held and there.get("owner") == self._held["owner"]
        return there if mine else None

    def release(self) -> None:
        """Give it back; nothing happens if somebody else has it, or if the database is away: it then runs out."""
        if self._held is None:
            return
        with suppress(Exception):
            if self._stored_mine() is not None:
                self._store.delete(self._field)
        self._held = None

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


def work_at(dataset_id: Any) -> dict[str, str]:
    """The fields of a data set that somebody is at work on, and what for: "scoring", "deletion"."""
    store = ExecutionStore.create(STORE, dataset_id=dataset_id)
    found = ((key, store.get(key)) for key in store.list_keys() if key != _DECLARING)
    return {key: holder.get("what", "") for key, holder in found if holder and _alive(holder)}


def _put(store: Any, key: str, expected: dict[str, Any] | None, value: dict[str, Any]) -> bool:
    """Write a value if what is there is what was expected; atomic where FiftyOne's store can be (from 1.20 on)."""
    if expected is None:
        if hasattr(store, "set_if_absent"):
            return bool(store.set_if_absent(key, value))
    elif hasattr(store, "compare_and_set"):
        return bool(store.compare_and_set(key, expected, value))
    if store.get(key) != expected:
        return False
    store.set(key, value)
    return True


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
