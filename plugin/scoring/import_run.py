"""An import of scores: the table that the command line or a cluster wrote -> fields, as a scoring run writes them."""

from __future__ import annotations

import csv
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from faceqgen_core.vocabulary import FACEQNET, ExtraMeasure

from ..dataset import targets
from .import_settings import ImportSettings
from .run import ScoringRun
from .table_work import ImportSummary, TableWork


@dataclass(frozen=True)
class _Protocol:
    """The crop protocol that a table names."""

    identifier: str


@dataclass(frozen=True)
class _TablePreset:
    """The preset that a table names; its networks need not be here."""

    identifier: str
    protocol: _Protocol


class ImportRun(ScoringRun):
    """One import into one collection; the same writing, record and lease as those of a scoring run.

    Args:
        collection: data set or view of images.
        settings: the parameters.

    Raises:
        ValueError: no images, no table of scores, somebody else's field, one that a run is at work on, scores of another
            preset that would stay.
    """

    settings: ImportSettings  # type: ignore[assignment]
    summary: ImportSummary
    _what: ClassVar[str] = "importing"

    def __init__(self, collection: Any, settings: ImportSettings) -> None:
        super().__init__(collection, settings)  # type: ignore[arg-type]

    def _shared(self, settings: Any) -> str | None:
        return None

    def _prepare(self, target: targets.Target, settings: Any) -> None:
        from faceqgen_core.tables.score_rows import ScoreRows

        if target.is_video:
            raise ValueError("a table has the scores of images, and these are videos")
        self.settings = settings
        self.summary = ImportSummary(settings.field, notices=list(target.notices))
        try:
            table = ScoreRows(settings.table)
            identifier, protocol = table.preset(settings.of_preset)
            self._preset = _TablePreset(identifier, _Protocol(protocol))  # type: ignore[assignment]
            self._extra = self._measures(table)
            networks = {measure.name: measure.network for measure in self._extra}
            self._work = TableWork(
                target.view, settings.for_writing(), self.summary, identifier, table, networks
            )
        except (OSError, UnicodeError, csv.Error) as error:
            raise ValueError(f"scores: {error}") from error
        self._may_write()

    def _measures(self, table: Any) -> list[ExtraMeasure]:
        """The scores of other networks that are taken; of others nobody knows what they mean."""
        from faceqgen_core.onnx_quality.description import read_description

        known = {FACEQNET.name: FACEQNET}
        for text in (self.settings.extra_scores or "").split(","):
            if text.strip():
                description = read_description(Path(text.strip()).expanduser())
                known[description.name] = description.measure
        there = table.networks()
        if left := sorted(set(there) - set(known)):
            self.summary.notices.append(
                f"the scores of {', '.join(left)} are left out: name the JSON files of these networks with extra_scores"
            )
        return [ExtraMeasure(known[name], there[name]) for name in there if name in known]

    def _nothing_to_do(self) -> str:
        summary = self.summary
        if summary.skipped:
            return (
                f"Nothing to do: all {summary.skipped} sample(s) of the table have a status in {summary.field!r}. Turn "
                "'skip_scored' off to replace it."
            )
        return (
            f"Nothing to do: none of the table's {summary.rows} row(s) can be used for a sample here; 'filepath' must be the "
            "path of a sample's file, or 'sample_id' its id."
        )

    def _assessments(self) -> Generator[list[Any], None, None]:
        work: Any = self._work
        found: Iterator[list[Any]] = work.assessments()
        yield from found

    def _measured(self) -> None:
        """How fast a table is read says nothing of how fast faces are scored."""
