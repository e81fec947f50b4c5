"""Whose a field is: a run writes, and a removal deletes, only what a run has made.

The class of a field proves nothing: ground truth are Detections, too. What proves it is one of our own descriptions, on
the field or on a value in it, or the record of a run that names the field.
"""

from __future__ import annotations

from typing import Any

from . import run_records
from .fields import DESCRIPTIONS, FRAMES, KINDS, FieldNames, kinds_of_values


def require_ours(dataset: Any, names: FieldNames) -> None:
    """Check that the names are free, or that a run of ours has made what is there and it can be written.

    Args:
        dataset: the whole data set, not a view.
        names: of samples, or of the frames of videos.

    Raises:
        ValueError: a field of that name is of another kind, is somebody else's, has a value of another type, or is
            read-only.
    """
    recorded: set[str] | None = None
    for part in KINDS:
        path = getattr(names, part)
        field = dataset.get_field(path)
        if field is None:
            continue
        _require_kind(path, field, KINDS[part])
        if not _described(dataset, path, part):
            if recorded is None:
                recorded = run_records.paths(dataset)
            if path not in recorded:
                raise ValueError(
                    f"the data set has a field {path!r} that no run of face quality has made: it stays as it is; choose "
                    "another name for the scores with the parameter 'field'"
                )
        _require_values(dataset, path, part)
        _require_writable(dataset, path)


def _described(dataset: Any, path: str, part: str) -> bool:
    """Whether a field has one of our descriptions, or a value in it has."""
    if dataset.get_field(path).description == DESCRIPTIONS[part]:
        return True
    for value, (_, _, text) in kinds_of_values(part).items():
        field = dataset.get_field(f"{path}.{value}")
        if field is not None and field.description == text:
            return True
    return False


def _require_kind(path: str, field: Any, kind: type) -> None:
    if getattr(field, "document_type", None) is not kind:
        raise ValueError(
            f"the data set has a field {path!r} of another kind ({type(field).__name__}): choose another name for "
            "the scores with the parameter 'field'"
        )


def _require_values(dataset: Any, path: str, part: str) -> None:
    for value, (kind, of, _) in kinds_of_values(part).items():
        field = dataset.get_field(f"{path}.{value}")
        if field is None:
            continue
        fits = isinstance(field, kind)
        if fits and of is not None and field.field is not None:
            fits = isinstance(field.field, of)
        if not fits:
            raise ValueError(
                f"the field {path}.{value} is a {type(field).__name__} here, and scores need a {kind.__name__}: choose "
                "another name for the scores with the parameter 'field'"
            )


def _require_writable(dataset: Any, path: str) -> None:
    root, prefix = path.removeprefix(FRAMES), FRAMES if path.startswith(FRAMES) else ""
    schema = (
        dataset.get_frame_field_schema(flat=True) if prefix else dataset.get_field_schema(flat=True)
    )
    for name, field in schema.items():
        if (name == root or name.startswith(f"{root}.")) and field.read_only:
            raise ValueError(
                f"the field {prefix + name!r} is read-only: nothing of it is written or deleted. Make it writable "
                "(field.read_only = False; field.save()), or choose another name with the parameter 'field'"
            )


def made_paths(dataset: Any, names: FieldNames) -> list[str]:
    """Paths of the fields of a run that exist."""
    found = (getattr(names, part) for part in KINDS)
    return [path for path in found if dataset.get_field(path) is not None]
