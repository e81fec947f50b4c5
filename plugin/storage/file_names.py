"""Which names the files of a run get in its folder: never that of a file that is somebody else's, or that something shows.

Data sets may share a folder that their users have chosen, copies of one have the same ids of samples, and two of them may be
scored at the same time. So names are chosen while the manifest is locked, and what others have added to it meanwhile is read.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

from .manifest import Entry, Manifest, Place
from .references import find_references


class FileNames:
    """Names in a folder.

    Args:
        manifest: of the folder.
        dataset_id: of the data set that the files are made for; None: of none in particular.
        database: what tells its database from others.
        own_fields: paths of the fields that refer to the files; what else refers to a file keeps it.
    """

    def __init__(
        self,
        manifest: Manifest,
        dataset_id: Any,
        database: str | None,
        own_fields: Collection[str],
    ) -> None:
        self._manifest = manifest
        self._dataset_id, self._database = dataset_id, database
        self._dataset = None if dataset_id is None else str(dataset_id)
        self._own_fields = own_fields
        self._place: Place | None = None
        self._mine: set[str] = set()
        self._theirs: set[str] = set()
        self._shown: Collection[str] | None = None

    def read_on(self) -> None:
        """Take in what the manifest says by now.

        Raises:
            OSError: it cannot be read.
        """
        entries, self._place = self._manifest.read_on(self._place)
        for entry in entries:
            (self._mine if self._is_mine(entry) else self._theirs).update(entry.files)

    def _is_mine(self, entry: Entry) -> bool:
        """Whether files are this data set's; those of earlier versions say nothing of whose they are."""
        return entry.dataset in (None, self._dataset) and entry.database in (None, self._database)

    def choose(self, name: str) -> str | None:
        """The name that a file gets: its own, or one with a number where that is taken; None if it is in the way."""
        stem, dot, suffix = name.rpartition(".")
        number = 1
        while True:
            if name not in self._theirs:
                if not os.path.lexists(self._manifest.folder / name):
                    return name
                if name not in self._mine:
                    return None
                if not self._is_shown(name):
                    return name
            number += 1
            name = f"{stem}_v{number}{dot}{suffix}"

    def _is_shown(self, name: str) -> bool:
        """Whether something beside the fields of the run refers to a file."""
        if self._shown is None:
            found = find_references(
                self._manifest.folder, dataset_id=self._dataset_id, own_fields=self._own_fields
            )
            self._shown = set(found.others)
        return name in self._shown
