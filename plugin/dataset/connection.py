"""A database that goes away for a moment: what its going has cut off, or taken with it, is done once more.

The driver waits by itself for a database that is away, half a minute if it is not told otherwise, but a request that was
under way when the connection broke fails at once. And a database that is killed forgets what it has acknowledged in the last
moment and not written to its journal yet. All that a run sends may be sent twice, so it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from bson import ObjectId
from pymongo import WriteConcern
from pymongo.errors import AutoReconnect, ServerSelectionTimeoutError

TRIES = 3

T = TypeVar("T")


def patiently(request: Callable[[], T]) -> T:
    """Do what may be done twice; again if the connection broke on the way.

    Raises:
        ConnectionFailure: the database has stayed away for as long as the driver waits, or broke off each time.
    """
    for left in reversed(range(TRIES)):
        try:
            return request()
        except ServerSelectionTimeoutError:  # the driver has waited already
            raise
        except AutoReconnect:
            if not left:
                raise
    raise AssertionError("not reached")


def lastingly(dataset: Any, request: Callable[[], Any]) -> None:
    """Write what may be written twice, patiently, and again if the database was killed before it had it in its journal.

    Raises:
        ConnectionFailure: as with ``patiently``.
    """
    collection = dataset._sample_collection
    for _ in range(TRIES):
        before = patiently(lambda: _server(collection))
        patiently(request)
        patiently(lambda: _to_journal(collection))
        if patiently(lambda: _server(collection)) == before:
            return


def set_by_id(collection: Any, values: Mapping[str, Mapping[str, Any]]) -> None:
    """``set_values`` of several fields of a data set or a view, in their order, lastingly.

    The fields are declared with all that is in them: to look in each value for something new takes twice as long as to write it.

    Args:
        collection: data set or view.
        values: path of a field -> values by the ids of the samples.
    """

    def write() -> None:
        for path, by_id in values.items():
            collection.set_values(path, by_id, key_field="id")

    lastingly(collection._root_dataset, write)


def _server(collection: Any) -> Any:
    """What tells a process of the database from the one before it; None where it does not say."""
    said = collection.database.client.admin.command("hello")
    return said.get("topologyVersion", {}).get("processId")


def _to_journal(collection: Any) -> None:
    """Wait until the journal has all that was written so far: it is one row, so it does when it has this, which is nothing."""
    journaled = collection.with_options(write_concern=WriteConcern(j=True))
    journaled.update_one({"_id": ObjectId()}, {"$set": {"none": None}})
