"""What a caller can choose for an import of scores; checked once, before anything is read or written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..dataset.fields import DEFAULT_FIELD, FieldNames
from ..settings import Settings
from .settings import ScoreSettings


@dataclass(frozen=True, kw_only=True)
class ImportSettings(Settings):
    """Parameters of ``import_scores``.

    Attributes:
        scores: path of the table: the CSV of ``faceqgen score``, a Parquet file or a folder of Parquet files, or the address
            of such.
        field: name of the field to write; ``<field>_faces`` is named after it.
        of_preset: identifier of the preset whose rows are taken; None: the one that the table's first row names.
        skip_scored: leave samples alone that have a status in the field, unless they are unreadable or failed.
        extra_scores: paths of the JSON files of the other quality networks whose scores are taken, with commas between.

    Raises:
        ValueError: a value is out of range; the message says how to mend it.
    """

    scores: str
    field: str = DEFAULT_FIELD
    of_preset: str | None = None
    skip_scored: bool = True
    extra_scores: str | None = None

    def __post_init__(self) -> None:
        self.check_types()
        if not self.scores:
            raise ValueError("scores is empty: name the table that faceqgen score wrote")
        FieldNames(self.field)  # raises for a name that cannot be a field

    @property
    def names(self) -> FieldNames:
        """Names of the fields to write."""
        return FieldNames(self.field)

    @property
    def table(self) -> str:
        """Path of the table, with the user's folder in place of ``~``; an address as it is."""
        return self.scores if "://" in self.scores else str(Path(self.scores).expanduser())

    def for_writing(self) -> ScoreSettings:
        """The settings of a scoring run that writes the same fields."""
        return ScoreSettings(
            field=self.field, restored=False, heatmap=False, skip_scored=self.skip_scored
        )

    @classmethod
    def _chosen(cls, params: Mapping[str, Any]) -> dict[str, Any]:
        chosen = super()._chosen(params)
        if "scores" not in chosen:
            raise ValueError("scores is not given: name the table that faceqgen score wrote")
        return chosen
