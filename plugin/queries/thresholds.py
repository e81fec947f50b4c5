"""Thresholds and what they keep: counted in the database, with the measure's direction.

A sample is kept if it is as good as the threshold or better: that is the "high" side of ``selection.Selection`` by
threshold.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..dataset.fields import SCORES, FieldNames
from .index_queries import NUMBER, at_rank, count

DEFAULT_ACCEPTABLE = 50.0
"""Quality that counts as acceptable where the preset does not say."""


@dataclass(frozen=True)
class Kept:
    """How many scored samples lie on either side of a threshold, and how many have no score."""

    kept: int
    discarded: int
    unscored: int

    @property
    def scored(self) -> int:
        """Samples with a score."""
        return self.kept + self.discarded

    @property
    def share(self) -> float:
        """Kept share of the scored samples, 0 to 1; 0 if there is none."""
        return self.kept / self.scored if self.scored else 0.0


def count_kept(collection: Any, field: str, measure: str, threshold: float) -> Kept:
    """Count the samples on both sides of a threshold."""
    path = FieldNames(field).path(measure)
    scored = count(collection, {path: NUMBER})
    worse = count(collection, {path: {"$lt" if higher_is_better(measure) else "$gt": threshold}})
    return Kept(scored - worse, worse, len(collection) - scored)


def worst_share(collection: Any, field: str, measure: str, percent: float) -> float | None:
    """Threshold that discards the worst ``percent`` of the scored samples, rounded up; None without a score.

    Equal scores stay together, on the kept side.

    Raises:
        ValueError: the percentage is not between 0 and 100.
    """
    if not 0 < percent < 100:
        raise ValueError(f"a share of the samples lies between 0 and 100 percent, got {percent:g}")
    path = FieldNames(field).path(measure)
    scored = count(collection, {path: NUMBER})
    if not scored:
        return None
    first_kept = min(math.ceil(percent / 100 * scored), scored - 1)
    return at_rank(collection, path, first_kept, descending=not higher_is_better(measure))


def higher_is_better(measure: str) -> bool:
    """Direction of a measure."""
    return SCORES[measure].higher_is_better


def acceptable_quality(preset: str | None) -> float:
    """Quality from which a face is acceptable, as the preset's own configuration says; 50 where it does not.

    Args:
        preset: name of a preset or path of its folder, as it was given to the run.
    """
    if not preset:
        return DEFAULT_ACCEPTABLE
    from faceqgen_core.presets import models_folder

    shipped = models_folder() / preset / "config.json"
    path = shipped if shipped.is_file() else Path(preset) / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        parts = [config.get("training") or {}, config.get("calibration") or {}]
    except (OSError, ValueError, AttributeError):  # the preset is gone or not ours to read
        return DEFAULT_ACCEPTABLE
    for part in parts:
        for key in ("acceptable", "acceptable_quality"):
            value = part.get(key) if isinstance(part, dict) else None
            if isinstance(value, (int, float)) and 0 <= value <= 100:
                return float(value)
    return DEFAULT_ACCEPTABLE
