"""Fields of a data set or view that hold scores: a document per sample, or in patches a detection per patch."""

from __future__ import annotations

from typing import Any

import fiftyone as fo

_KINDS = (fo.DynamicEmbeddedDocument, fo.Detection)


def score_fields(collection: Any) -> list[str]:
    """Names that can stand as ``field``, e.g. "faceqgen", or "faceqgen_faces" where each sample is the patch of a face."""
    return [
        name
        for name, field in collection.get_field_schema().items()
        if getattr(field, "document_type", None) in _KINDS
        and collection.get_field(f"{name}.status") is not None
        and collection.get_field(f"{name}.quality") is not None
    ]


def presets_of(collection: Any, field: str) -> list[str]:
    """The presets that the scores in a field come from, sorted; numbers of more than one cannot be compared."""
    path = f"{field}.preset"
    return [] if collection.get_field(path) is None else collection.distinct(path)
