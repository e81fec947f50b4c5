"""Runs that are under way, seen from any process: how far they are, and the request to stop one.

How far a run is stands in its record, who is at work in the lease. A request to stop lies in the data set's execution store,
not in the record, which the run itself writes anew after each chunk; the run looks for it there at the same time.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import fiftyone.core.odm as foo
from fiftyone.operators.store import ExecutionStore

from .connection import patiently
from .lease import work_at
from .run_records import METHOD, RUNNING

STORE = "faceqgen_stops"
_SECONDS = 7 * 86400
"""A request to a run that died meanwhile is forgotten after that."""


@dataclass(frozen=True)
class RunUnderWay:
    """A run that somebody is at work on.

    Attributes:
        key: of its record.
        field: that it writes.
        what: what it does, in a word: "scoring", "importing".
        done: samples dealt with.
        total: samples to deal with.
        frames: frames of videos that were looked at.
        started: date and time, as in ISO 8601.
        stopping: whether it was asked to stop.
    """

    key: str
    field: str
    what: str
    done: int
    total: int
    frames: int
    started: str
    stopping: bool


def runs_under_way(dataset: Any) -> list[RunUnderWay]:
    """The runs of a data set that are at work in any process, oldest first; what has died is none."""
    work = work_at(dataset._doc.id)
    if not work:
        return []
    store = _store(dataset)
    # Straight from the database: the data set in memory holds the records as they were when it was loaded.
    rows = foo.get_db_conn().runs.find(
        {
            "_dataset_id": dataset._doc.id,
            "config.method": METHOD,
            "config.state": RUNNING,
            "config.parameters.field": {"$in": list(work)},
        }
    )
    found = []
    for row in rows.sort("timestamp"):
        config = row["config"]
        field = config["parameters"]["field"]
        # Of a run in parts one may have died while the others are at work; earlier versions name no holder.
        if config.get("holder") not in (None, *work[field].holders):
            continue
        found.append(
            RunUnderWay(
                row["key"],
                field,
                work[field].what,
                config.get("samples") or 0,
                config.get("total") or 0,
                config.get("frames") or 0,
                config.get("started") or "",
                store.has(row["key"]),
            )
        )
    return found


def request_stop(dataset: Any, key: str) -> bool:
    """Ask a run to stop after the chunk at work; says whether it is under way at all.

    Args:
        dataset: of the run.
        key: of the run's record.
    """
    if key not in {run.key for run in runs_under_way(dataset)}:
        return False
    _store(dataset).set(key, {"stop": True}, ttl=_SECONDS)
    return True


def stop_requested(dataset: Any, key: str) -> bool:
    """Whether a run was asked to stop."""
    return bool(patiently(lambda: _store(dataset).has(key)))


def forget_request(dataset: Any, key: str) -> None:
    """Take a request away, of a run that has ended; a database that is away forgets it later."""
    with suppress(Exception):
        _store(dataset).delete(key)


def _store(dataset: Any) -> ExecutionStore:
    return ExecutionStore.create(STORE, dataset_id=dataset._doc.id)
