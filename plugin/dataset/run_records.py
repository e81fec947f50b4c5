"""The records of runs: what was scored with what, registered with the data set (``dataset.list_runs()``).

A record is there from before the first field and the first file on, says after each chunk how far the run is, and how it
ended. One whose process died stays "running" until the next run or removal of the field, which closes it.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection
from datetime import datetime
from importlib import metadata
from typing import Any

from .connection import lastingly, patiently
from .fields import FieldNames

logger = logging.getLogger(__name__)
logger.addHandler(logging.NullHandler())

METHOD = "faceqgen/score_faces"
PACKAGES = ("fiftyone", "tensorflow", "keras", "mtcnn", "numpy", "opencv-python-headless")
RUNNING, FINISHED, STOPPED, FAILED, INTERRUPTED = (
    "running",
    "finished",
    "stopped",
    "failed",
    "interrupted",
)
"""States of a run: at work; done; stopped by its user; ended by an error; its process died."""


def versions() -> dict[str, str | None]:
    """Versions of this project and of what its numbers depend on; None for what is not installed."""
    import faceqgen_core

    found: dict[str, str | None] = {"faceqgen": faceqgen_core.__version__}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    return found


class RunRecord:
    """The record of one run.

    Args:
        dataset: where to.
        settings: ``ScoreSettings`` of the run.
        summary: ``Summary`` of the run.
        preset: the core's ``Preset``.
        fields: paths of the fields that the run writes: from here on they are known as its own.
        holder: id of the lease under which they are written.
    """

    def __init__(
        self,
        dataset: Any,
        settings: Any,
        summary: Any,
        preset: Any,
        fields: Collection[str],
        *,
        holder: str | None = None,
    ) -> None:
        self._dataset = dataset
        self._summary = summary
        started = datetime.now().astimezone()
        # Two runs in one second, and runs in two processes, have names of their own.
        self.key = f"{settings.field}_{started:%Y%m%d_%H%M%S}_{uuid.uuid4().hex[:8]}"
        self._config = dataset.init_run(
            method=METHOD,
            preset=preset.identifier,
            crop_protocol=preset.protocol.identifier,
            versions=versions(),
            parameters=settings.to_dict(),
            fields=sorted(fields),
            restored_dir=summary.restored_dir,
            holder=holder,
            started=started.isoformat(timespec="seconds"),
            **self._progress(RUNNING, complete=False),
        )
        dataset.register_run(self.key, self._config)

    def _progress(self, state: str, *, complete: bool) -> dict[str, Any]:
        summary = self._summary
        return {
            "counts": dict(summary.counts),
            "samples": summary.done,
            "total": summary.total,
            "faces": summary.faces,
            "frames": summary.frames,
            "missing_files": summary.missing_files,
            "seconds": summary.seconds,
            "complete": complete,
            "state": state,
            "finished": _now(),
        }

    def update(self) -> None:
        """Say how far the run is; what was written of it counts, nothing else.

        If the database is killed before its journal has this, the record is one chunk behind until the next one.
        """
        patiently(lambda: self._write(RUNNING, complete=False))

    def end(self, state: str) -> None:
        """Say how the run ended; a database that is away leaves the record as it was, and is not what went wrong."""
        try:
            complete = state == FINISHED and self._summary.done == self._summary.total
            lastingly(self._dataset, lambda: self._write(state, complete=complete))
        except Exception as error:
            logger.warning("the end of run %s could not be recorded: %s", self.key, error)

    def remove(self) -> None:
        """Take the record away: of a run that found nothing to do."""
        self._dataset.delete_run(self.key)

    def _write(self, state: str, *, complete: bool) -> None:
        for name, value in self._progress(state, complete=complete).items():
            setattr(self._config, name, value)
        self._dataset.update_run_config(self.key, self._config)


def abandoned(dataset: Any, field: str, at_work: Collection[str] = ()) -> list[str]:
    """Keys of the runs of a field that still count as running; for who knows that nobody else is at work on it.

    Args:
        dataset: the data set.
        field: its name.
        at_work: ids of the leases of those that are: the other parts of a run.
    """
    return [
        key
        for key, config in records(dataset, field).items()
        if getattr(config, "state", None) == RUNNING
        and getattr(config, "holder", None) not in at_work
    ]


def close_abandoned(dataset: Any, field: str, at_work: Collection[str] = ()) -> list[str]:
    """Say of runs of a field that still count as running that they were interrupted; returns their keys.

    Only for who holds the field's lease: nobody else is at work on it then, but for the parts that share it, ``at_work``.
    """
    closed = abandoned(dataset, field, at_work)
    for key in closed:
        config = dataset.get_run_info(key).config
        config.state = INTERRUPTED
        dataset.update_run_config(key, config)
    return closed


def latest(dataset: Any, field: str) -> dict[str, Any] | None:
    """The newest run that wrote a field: preset, when it finished, parameters and counts; None if none is recorded."""
    found = list(records(dataset, field).values())
    if not found:
        return None
    newest = found[-1].serialize()
    return {name: newest.get(name) for name in ("preset", "finished", "parameters", "counts")}


def records(dataset: Any, field: str | None = None) -> dict[str, Any]:
    """The records of the runs that wrote a field, or any: key -> configuration, oldest first."""
    runs = [(key, dataset.get_run_info(key)) for key in dataset.list_runs()]
    return {
        key: run.config
        for key, run in sorted(runs, key=lambda entry: entry[1].timestamp)
        if getattr(run.config, "method", None) == METHOD
        and field in (None, written_field(run.config))
    }


def written_field(config: Any) -> str | None:
    """The field that a recorded run wrote."""
    return (getattr(config, "parameters", None) or {}).get("field")


def written_paths(config: Any) -> list[str]:
    """Paths of the fields that a recorded run wrote; of runs of earlier versions, those that their parameters tell."""
    paths = getattr(config, "fields", None)
    if paths is not None:
        return list(paths)
    field = written_field(config)
    if not field:
        return []
    chosen = getattr(config, "parameters", None) or {}
    found = []
    for names in (FieldNames(field), FieldNames(field).in_frames):
        found += [names.document, names.faces, *([names.heatmap] if chosen.get("heatmap") else [])]
    return found


def paths(dataset: Any) -> set[str]:
    """Paths of all fields that the recorded runs of a data set wrote."""
    return {path for config in records(dataset).values() for path in written_paths(config)}


def recorded_fields(dataset: Any) -> list[str]:
    """The fields that recorded runs wrote, each once."""
    names = dict.fromkeys(map(written_field, records(dataset).values()))
    return [name for name in names if name]


def copy_records(source: Any, target: Any, field: str, *, files: bool = True) -> None:
    """Copy the records of the runs that wrote a field to a data set that was made from another.

    They say where its scores come from, and, unless ``files`` is off, that it still shows the runs' files.
    """
    for key, config in records(source, field).items():
        values = {k: v for k, v in config.serialize().items() if k not in ("cls", "type")}
        if not files:
            values["restored_dir"] = None
        target.register_run(key, target.init_run(**values))


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
