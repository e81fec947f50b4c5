"""Removal of what ``score_faces`` wrote: fields with their indexes, records of runs, files of the runs.

Planned first and shown, then done: what may still be refused, the fields, before the files, which never come back; the
records last, since they say where the files are. A removal that was interrupted is finished by the next one. A file goes
if nothing but these fields refers to it; what stays is left to the operator ``clean``, once nothing refers to it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..dataset import ownership, run_records
from ..dataset.fields import DEFAULT_FIELD, FRAMES, FieldNames
from ..dataset.lease import Lease
from ..dataset.product_store import database_id
from ..dataset.score_fields import score_fields
from ..progress import DeletionProgress
from ..settings import Settings
from ..storage import run_folder
from ..storage.folders import run_folders
from ..storage.manifest import Entry
from ..storage.references import References


@dataclasses.dataclass(frozen=True, kw_only=True)
class RemovalSettings(Settings):
    """Parameters of ``delete_face_quality``.

    Attributes:
        field: field that ``score_faces`` wrote.
        fields: remove it, its faces and heatmap, their indexes, and the entry in the App's media fields.
        runs: remove the records of the runs that wrote it.
        files: remove the files of these runs.

    Raises:
        ValueError: there is nothing to remove by these choices, or the name cannot be a field.
    """

    field: str = DEFAULT_FIELD
    fields: bool = True
    runs: bool = True
    files: bool = True

    def __post_init__(self) -> None:
        FieldNames(self.field)
        if not (self.fields or self.runs or self.files):
            raise ValueError("nothing is chosen: turn on at least one of fields, runs and files")


@dataclasses.dataclass
class Plan(DeletionProgress):
    """What a removal would do, or has done.

    Attributes:
        field: name of the field.
        fields: paths of fields to delete.
        samples: samples that hold scores in them.
        indexes: indexes to drop.
        runs: keys of records to delete.
        folders: folders with files to delete.
        kept_folders: folder -> data sets that need files of it, which therefore stay.
        saved_views: saved views that use the field and will not load without it.
    """

    field: str
    fields: list[str] = dataclasses.field(default_factory=list)
    samples: int = 0
    indexes: list[str] = dataclasses.field(default_factory=list)
    runs: list[str] = dataclasses.field(default_factory=list)
    folders: list[run_folder.RunFolder] = dataclasses.field(default_factory=list)
    kept_folders: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    saved_views: list[str] = dataclasses.field(default_factory=list)

    @property
    def files(self) -> int:
        """Files to delete."""
        return sum(len(folder.ours) for folder in self.folders)

    @property
    def size(self) -> int:
        """Bytes of the files to delete."""
        return sum(folder.size for folder in self.folders)

    @property
    def kept(self) -> int:
        """Files that stay: something else refers to them, or they were made for another data set."""
        return sum(folder.kept for folder in self.folders)

    @property
    def temporary(self) -> int:
        """Temporary files of killed runs; they go, too."""
        return sum(folder.temporary for folder in self.folders)

    @property
    def refused(self) -> list[str]:
        """Entries of manifests that are no files of the run."""
        return [name for folder in self.folders for name in folder.refused]

    @property
    def others(self) -> int:
        """Files in the folders that no run wrote; they stay."""
        return sum(len(set(folder.others) - set(folder.refused)) for folder in self.folders)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "field": self.field,
            "fields": list(self.fields),
            "samples": self.samples,
            "indexes": len(self.indexes),
            "runs": list(self.runs),
            "folders": [str(folder.path) for folder in self.folders if folder.ours],
            "files": self.files,
            "bytes": self.size,
            "refused": self.refused,
            "others": self.others,
            "kept": self.kept,
            "temporary": self.temporary,
            "kept_folders": dict(self.kept_folders),
            "saved_views": list(self.saved_views),
            "deleted": self.deleted,
            "failed": self.failed,
            "problems": list(self.problems),
        }


class Removal:
    """A removal from one data set: planned when it is made, done when it is iterated.

    Args:
        dataset: the data set; always whole, whatever view is shown.
        settings: what to remove.

    Raises:
        ValueError: the field is somebody else's or read-only, a run is at work on it, a manifest is broken, or nothing of
            the field is there.
    """

    def __init__(self, dataset: Any, settings: RemovalSettings) -> None:
        self._dataset = dataset
        self._names = FieldNames(settings.field)
        self.plan = Plan(settings.field)
        dataset._doc.reload("runs")  # other processes register theirs
        self._lease = Lease(dataset, settings.field, "deletion")
        self._lease.require_free()
        for names in self._all_names():
            ownership.require_ours(dataset, names)
        records = run_records.records(dataset, settings.field)
        if settings.fields:
            self._plan_fields()
        if settings.runs:
            self.plan.runs = list(records)
        if settings.files:
            self._plan_files(records)
        if not (self.plan.fields or self.plan.runs or self.plan.folders):
            found = ", ".join(score_fields(dataset)) or "none"
            raise ValueError(
                f"nothing of {settings.field!r} is here to delete; fields with scores: {found}"
            )
        self.plan.total = self.plan.files

    def _all_names(self) -> list[FieldNames]:
        frames = [self._names.in_frames] if self._dataset._has_frame_fields() else []
        return [self._names, *frames]

    def _paths(self) -> list[str]:
        """The fields that are there."""
        return [
            path
            for names in self._all_names()
            for path in ownership.made_paths(self._dataset, names)
        ]

    def _plan_fields(self) -> None:
        self.plan.fields = self._paths()
        starts = tuple(f"{name}." for name in self.plan.fields)
        self.plan.indexes = [n for n in self._dataset.list_indexes() if n.startswith(starts)]
        status = self._names.path("status")
        if self._dataset.get_field(status) is not None:
            self.plan.samples = len(_all_slices(self._dataset).exists(status))
        self.plan.saved_views = [
            name for name in self._dataset.list_saved_views() if self._is_used_by(name)
        ]

    def _is_used_by(self, view_name: str) -> bool:
        try:
            text = json.dumps(self._dataset.load_saved_view(view_name)._serialize(), default=str)
        except Exception:  # a view that does not load any more cannot be broken
            return False
        return any(f"{name}." in text or f'"{name}"' in text for name in self.plan.fields)

    def _plan_files(self, records: Mapping[str, Any]) -> None:
        paths = self._paths()
        mine = str(self._dataset._doc.id)
        here = database_id()
        named = {str(getattr(config, "restored_dir", None)) for config in records.values()}
        for path in run_folders(self._dataset, self.plan.field, paths, records.values()):

            def may_go(name: str, entry: Entry, references: References, path: Any = path) -> bool:
                if entry.database not in (None, here):  # the data set was exported there
                    return False
                if entry.dataset is None:  # an earlier version's: a record says whose it is
                    return str(path) in named or name in references.own
                return entry.dataset == mine or name in references.own

            try:
                found = run_folder.look(
                    path, may_go, dataset_id=self._dataset._doc.id, own_fields=paths
                )
            except (OSError, ValueError) as error:
                raise ValueError(
                    f"nothing is deleted: {error}. Look at it, and put it right or away; or delete fields and records "
                    "alone, with files off"
                ) from error
            about_us = str(path) in named or mine in found.owners
            if not (about_us or found.ours or found.gone):
                continue  # a folder of the usual name, but of another data set
            if found.users:
                self.plan.kept_folders[str(path)] = found.users
            self.plan.folders.append(found)

    def __iter__(self) -> Iterator[DeletionProgress]:
        """Remove; yields the plan with its counts after each step.

        Raises:
            ValueError: a run has begun to write the field since this was planned.
            LeaseLost: this slept too long, and a run has taken the field over.
        """
        with self._lease:
            if self.plan.runs:
                run_records.close_abandoned(self._dataset, self.plan.field)
            self._delete_fields()
            yield self.plan
            for folder in self.plan.folders:
                self._lease.renew()
                own = self._dataset._doc.id
                for state in run_folder.delete(folder, self.plan, dataset_id=own):
                    self._lease.renew()
                    yield state
            yield self.plan
            for key in self.plan.runs:
                self._dataset.delete_run(key)
        yield self.plan

    def _delete_fields(self) -> None:
        if not self.plan.fields:
            return
        self._forget_media_field()
        for name in self.plan.indexes:
            self._dataset.drop_index(name)
        frames = [n.removeprefix(FRAMES) for n in self.plan.fields if n.startswith(FRAMES)]
        samples = [n for n in self.plan.fields if not n.startswith(FRAMES)]
        if frames:
            self._dataset.delete_frame_fields(frames)
        if samples:
            self._dataset.delete_sample_fields(samples)

    def _forget_media_field(self) -> None:
        config, path = self._dataset.app_config, self._names.media
        if path in config.media_fields:
            config.media_fields.remove(path)
        for name in ("grid_media_field", "modal_media_field"):
            if getattr(config, name) == path:
                setattr(config, name, "filepath")
        self._dataset.save()


def _all_slices(dataset: Any) -> Any:
    return dataset.select_group_slices(_allow_mixed=True) if dataset.group_field else dataset
