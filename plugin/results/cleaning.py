"""Cleaning: the files of runs that no data set refers to any more, in all folders that runs of this database wrote to.

A data set that is deleted, a field that is dropped, samples that are removed, a run that was killed: FiftyOne never deletes
the files. Looked at first and shown, then done. Another database may have written to the same folder: a file goes only if
its manifest, or a record, says that it was made for this one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.core.odm as foo

from ..dataset import run_records
from ..dataset.lease import FieldBusy, Lease
from ..dataset.product_store import database_id, known_folders
from ..progress import DeletionProgress
from ..storage import run_folder
from ..storage.folders import product_folders
from ..storage.manifest import Entry, Manifest
from ..storage.references import References, names_of


@dataclass
class CleanPlan(DeletionProgress):
    """What a cleaning would do, or has done.

    Attributes:
        folders: what the folders hold.
        left: folder -> why it is left alone: a run is at work in it, or its manifest is broken.
        records: data set -> keys of records that say "running", but whose process is gone.
    """

    folders: list[run_folder.RunFolder] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    records: dict[str, list[str]] = field(default_factory=dict)

    @property
    def files(self) -> int:
        """Files to delete."""
        return sum(len(folder.ours) for folder in self.folders)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        found = [folder for folder in self.folders if folder.ours or folder.temporary]
        return {
            "files": self.files,
            "bytes": sum(folder.size for folder in self.folders),
            "temporary": sum(folder.temporary for folder in self.folders),
            "kept": sum(folder.kept for folder in self.folders),
            "folders": [str(folder.path) for folder in found],
            "looked_at": len(self.folders),
            "left": dict(self.left),
            "records": {name: list(keys) for name, keys in self.records.items()},
            "deleted": self.deleted,
            "failed": self.failed,
            "problems": list(self.problems),
        }


class Cleaning:
    """A cleaning of everything that runs of this database have made: planned when it is made, done when it is iterated."""

    def __init__(self) -> None:
        self.plan = CleanPlan()
        self._database = database_id()
        self._recorded = set(foo.get_db_conn().runs.distinct("config.restored_dir")) - {None}
        for path in self._folders():
            self._plan_folder(path)
        self._plan_records()
        self.plan.total = self.plan.files

    def _folders(self) -> list[Path]:
        paths = [str(path) for path in product_folders()] + known_folders()
        paths += [path for path in self._recorded if isinstance(path, str)]
        unique = dict.fromkeys(os.path.abspath(os.path.expanduser(path)) for path in paths)
        return [Path(path) for path in unique if Manifest(Path(path)).exists()]

    def _plan_folder(self, path: Path) -> None:
        try:
            found = self._look(path)
            for name in names_of(found.owners).values():
                Lease(fo.load_dataset(name), path.name, "cleaning").require_free()
            self.plan.folders.append(found)
        except (OSError, ValueError) as error:
            self.plan.left[str(path)] = str(error)

    def _look(self, path: Path) -> run_folder.RunFolder:
        """What a folder holds now.

        Raises:
            ValueError: its manifest is broken.
            OSError: it cannot be read.
        """
        known = names_of({e.dataset for e in Manifest(path).read() if e.dataset is not None})

        def may_go(name: str, entry: Entry, references: References) -> bool:
            if entry.dataset is None:  # an earlier version's: a record says whose it is
                return str(path) in self._recorded
            return entry.database == self._database or entry.dataset in known

        return run_folder.look(path, may_go)

    def _plan_records(self) -> None:
        for row in foo.get_db_conn().runs.aggregate(
            [
                {
                    "$match": {
                        "config.method": run_records.METHOD,
                        "config.state": run_records.RUNNING,
                    }
                },
                {
                    "$group": {
                        "_id": "$_dataset_id",
                        "fields": {"$addToSet": "$config.parameters.field"},
                    }
                },
            ]
        ):
            for name in names_of([str(row["_id"])]).values():
                dataset = fo.load_dataset(name)
                for written in row["fields"]:
                    try:
                        Lease(dataset, written, "cleaning").require_free()
                    except FieldBusy:
                        continue
                    keys = run_records.abandoned(dataset, written)
                    if keys:
                        self.plan.records.setdefault(name, []).extend(keys)

    def _still(self, planned: run_folder.RunFolder) -> run_folder.RunFolder:
        """A folder as it is now that nobody else writes to it, with what was planned and may still go.

        A run that has ended since may show some of it.
        """
        found = self._look(planned.path)
        names = {*planned.ours, *planned.gone}
        found.ours = [name for name in found.ours if name in names]
        found.gone = [name for name in found.gone if name in names]
        return found

    def __iter__(self) -> Iterator[DeletionProgress]:
        """Clean; yields the plan with its counts after each step."""
        for folder in self.plan.folders:
            if not (folder.ours or folder.gone or folder.temporary):
                continue
            with ExitStack() as stack:
                leases = [
                    Lease(fo.load_dataset(name), folder.path.name, "cleaning")
                    for name in names_of(folder.owners).values()
                ]
                try:
                    for lease in leases:
                        stack.enter_context(lease)
                    still = self._still(folder)
                except (OSError, ValueError) as error:
                    self.plan.left[str(folder.path)] = str(error)
                    continue
                for state in run_folder.delete(still, self.plan):
                    for lease in leases:
                        lease.renew()
                    yield state
            yield self.plan
        for name, keys in self.plan.records.items():
            for written in {key.rsplit("_", 3)[0] for key in keys}:
                # A run that has begun since closes them itself; a data set that is gone has taken them along.
                with suppress(ValueError):
                    dataset = fo.load_dataset(name)
                    with Lease(dataset, written, "cleaning"):
                        run_records.close_abandoned(dataset, written)
        yield self.plan
