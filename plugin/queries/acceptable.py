"""From which quality on a face is acceptable: as the preset says that made the scores, so far as it is known."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..dataset.fields import FieldNames
from .index_queries import NUMBER

DEFAULT_ACCEPTABLE = 50.0
"""Quality that counts as acceptable where the preset does not say."""


@dataclass(frozen=True)
class Acceptable:
    """The quality from which a face is acceptable.

    Attributes:
        quality: 0 to 100.
        note: why it is not a preset's own number, in a sentence; "" if it is.
        recognisable: the quality from which nearly all training faces are nearer to their own subject than to anyone
            else; None where the preset does not say.
    """

    quality: float = DEFAULT_ACCEPTABLE
    note: str = ""
    recognisable: float | None = None


def acceptable_of(collection: Any, field: str, places: Iterable[str] = ()) -> Acceptable:
    """What the preset says that is stored with the scores of a data set or view.

    Args:
        collection: data set or view.
        field: field of the scores.
        places: names or folders of presets, beside the shipped ones, in which it may be found.
    """
    presets = _presets(collection, field)
    if not presets:
        return Acceptable()
    assumed = f"{DEFAULT_ACCEPTABLE:g} is taken as acceptable"
    if len(presets) > 1:
        names = ", ".join(f"`{name}`" if name else "one that is not named" for name in presets)
        return Acceptable(
            note=f"These scores come from several presets ({names}): their numbers cannot be compared, and {assumed}."
        )
    (preset,) = presets
    if not preset:
        return Acceptable(note=f"Nothing says which preset made these scores: {assumed}.")
    for place in (preset.partition("@")[0], *places):
        config = _config(place)
        if config is not None and _identifier(config) == preset:
            said = _said(config, "acceptable")
            quality = DEFAULT_ACCEPTABLE if said is None else said
            return Acceptable(quality, recognisable=_said(config, "recognisable"))
    return Acceptable(note=f"The preset `{preset}` is not at hand: {assumed}.")


def _presets(collection: Any, field: str) -> list[str]:
    """The presets of the scored samples, sorted; "" stands for those that name none."""
    names = FieldNames(field)
    if collection.get_field(names.path("quality")) is None:
        return []
    rows = collection._aggregate(
        pipeline=[
            {"$match": {names.path("quality"): NUMBER}},
            {"$group": {"_id": {"$ifNull": [f"${names.path('preset')}", ""]}}},
        ]
    )
    return sorted(row["_id"] for row in rows)


def _config(place: str) -> dict[str, Any] | None:
    from faceqgen_core.presets import models_folder

    shipped = models_folder() / place / "config.json"
    path = shipped if shipped.is_file() else Path(place) / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # the preset is gone or not ours to read
        return None
    return config if isinstance(config, dict) else None


def _identifier(config: dict[str, Any]) -> str | None:
    from faceqgen_core.presets import identify

    try:
        return identify(config)
    except KeyError:
        return None


def _said(config: dict[str, Any], key: str) -> float | None:
    for part in (config.get("training"), config.get("calibration")):
        for name in (key, f"{key}_quality"):
            value = part.get(name) if isinstance(part, dict) else None
            if isinstance(value, (int, float)) and 0 <= value <= 100:
                return float(value)
    return None
