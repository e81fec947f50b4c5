"""What the product keeps in a database beside its data sets: which database it is, and the folders that runs wrote to.

A folder under ``~/.faceqgen`` may serve several databases; a file that no data set of this one refers to may be another
database's, unless its manifest names this one.
"""

from __future__ import annotations

import uuid

from fiftyone.operators.store import ExecutionStore

_STORE = "faceqgen"
_DATABASE = "database"
_FOLDER = "folder "


def database_id() -> str:
    """What tells this database from all others."""
    store = ExecutionStore.create(_STORE)
    found = store.get(_DATABASE)
    if found is None:
        mine = uuid.uuid4().hex[:16]
        if not hasattr(store, "set_if_absent"):
            store.set(_DATABASE, mine)
        else:
            store.set_if_absent(_DATABASE, mine)
        found = store.get(_DATABASE)
    return str(found)


def remember_folder(folder: str) -> None:
    """Remember that a run writes to a folder: its data set, and with it the record, may be gone when somebody asks."""
    store = ExecutionStore.create(_STORE)
    if not store.has(_FOLDER + folder):
        store.set(_FOLDER + folder, True)


def forget_folder(folder: str) -> None:
    """Forget a folder that is gone."""
    ExecutionStore.create(_STORE).delete(_FOLDER + folder)


def known_folders() -> list[str]:
    """The folders that runs have written to and that were not cleared away since."""
    keys = ExecutionStore.create(_STORE).list_keys()
    return sorted(key.removeprefix(_FOLDER) for key in keys if key.startswith(_FOLDER))
