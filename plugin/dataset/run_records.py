"""The record of a run: what was scored with what, registered with the data set (``dataset.list_runs()``)."""

from __future__ import annotations

from datetime import datetime
from importlib import metadata
from typing import Any

METHOD = "faceqgen/score_faces"
PACKAGES = ("fiftyone", "tensorflow", "keras", "mtcnn", "numpy", "opencv-python-headless")


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


def register(dataset: Any, settings: Any, summary: Any, preset: Any) -> str:
    """Register a run with its preset, versions, parameters and counts; returns its key.

    Args:
        dataset: where to.
        settings: ``ScoreSettings`` of the run.
        summary: ``Summary`` of the run; it is complete if all its samples are done.
        preset: the core's ``Preset``.
    """
    now = datetime.now().astimezone()
    key = f"{settings.field}_{now:%Y%m%d_%H%M%S}"
    taken = set(dataset.list_runs())
    while key in taken:
        key += "_"
    config = dataset.init_run(
        method=METHOD,
        preset=preset.identifier,
        crop_protocol=preset.protocol.identifier,
        versions=versions(),
        parameters=settings.to_dict(),
        restored_dir=summary.restored_dir,
        counts=dict(summary.counts),
        samples=summary.done,
        faces=summary.faces,
        frames=summary.frames,
        complete=summary.done == summary.total,
        seconds=summary.seconds,
        finished=now.isoformat(timespec="seconds"),
    )
    dataset.register_run(key, config)
    return key


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
