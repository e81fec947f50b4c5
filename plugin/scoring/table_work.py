"""The images of a scores table: which samples they are, which rows cannot be used, what is written of each."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..dataset import targets
from .image_work import ImageWork
from .pending import RETRIED
from .progress import NAMED_CAUSES, Summary
from .settings import ScoreSettings
from .work import Picture

MOST_NAMED = 1000
"""Refused rows that a summary names."""


@dataclass
class ImportSummary(Summary):
    """What an import did, beside what a run does.

    Attributes:
        rows: rows of the table.
        unknown: rows whose file, or sample, is not in the data set.
        refused: rows that cannot be used.
        refusals: number of a refused row -> why; of the first ones.
    """

    rows: int = 0
    unknown: int = 0
    refused: int = 0
    refusals: dict[int, str] = field(default_factory=dict)

    def refuse(self, row: int, why: str) -> None:
        """Count a row that cannot be used."""
        self.refused += 1
        if len(self.refusals) < MOST_NAMED:
            self.refusals[row] = why


class TableWork(ImageWork):
    """What an import has to do for the images of a view, see ``Work``.

    Args:
        view: flat, of images.
        settings: of a run that writes the same fields.
        summary: counts what is done.
        preset: identifier of the preset whose rows are taken.
        table: ``ScoreRows`` of the core.
        networks: which network the scores of other networks must be of, by name.
    """

    _summary: ImportSummary

    def __init__(
        self,
        view: Any,
        settings: ScoreSettings,
        summary: ImportSummary,
        preset: str,
        table: Any,
        networks: Mapping[str, str],
    ) -> None:
        self._table, self._networks = table, dict(networks)
        super().__init__(view, settings, summary, preset)

    def _look(self, view: Any, extra: Sequence[str]) -> None:
        """Read the table once: what is refused is known before anything is written."""
        self._samples_of = _Samples(view)
        done = self._done(view) if self._settings.skip_scored else set()
        summary = self._summary
        unknown: Counter[str] = Counter()
        self._first_rows: dict[str, int] = {}
        for image in self._images():
            summary.rows += image.rows
            ids = self._samples_of.find(image)
            if not ids:
                unknown[image.sample_id or image.source] += image.rows
                continue
            for row, why in image.problems.items():
                summary.refuse(row, why)
            for sample_id in ids if image.assessments else ():
                if (first := self._first_rows.get(sample_id)) is not None:
                    summary.refuse(image.first_row, f"the image has rows before, from row {first}")
                else:
                    self._first_rows[sample_id] = image.first_row
        self.replaced = [sample_id for sample_id in self._first_rows if sample_id not in done]
        summary.skipped = len(self._first_rows) - len(self.replaced)
        summary.total = len(self.replaced)
        self._wanted = set(self.replaced)
        summary.unknown = unknown.total()
        summary.notices += self._notices(unknown)

    def _images(self) -> Iterator[Any]:
        yield from self._table.images(preset=self._preset, networks=self._networks)

    def _done(self, view: Any) -> set[str]:
        """Ids of the samples that have a status that another look would not change."""
        path = self._settings.names.path("status")
        samples = targets.whole(view._root_dataset, is_video=False)
        if samples.get_field(path) is None:
            return set()
        columns = samples.values(["id", path])
        return {
            sample_id
            for sample_id, status in zip(*columns, strict=True)
            if status is not None and status not in RETRIED
        }

    def _notices(self, unknown: Counter[str]) -> Iterator[str]:
        summary = self._summary
        if unknown:
            yield (
                f"{summary.unknown} row(s) of {len(unknown)} image(s) are not in the data set, or not in this view of it, e.g. "
                f"{next(iter(unknown))}"
            )
        if summary.refused:
            named = "; ".join(
                f"row {row}: {why}" for row, why in [*summary.refusals.items()][:NAMED_CAUSES]
            )
            more = ", ..." if summary.refused > NAMED_CAUSES else ""
            yield f"{summary.refused} row(s) are refused: {named}{more}"

    def assessments(self) -> Iterator[list[Any]]:
        """The assessments of each sample that is to be written, in the order of the table."""
        for image in self._images():
            for sample_id in self._samples_of.find(image) if image.assessments else ():
                if sample_id in self._wanted and self._first_rows[sample_id] == image.first_row:
                    key = Picture(sample_id=sample_id)
                    yield [replace(assessment, key=key) for assessment in image.assessments]


class _Samples:
    """Finds the samples of a view by the paths of their files, or by their ids."""

    def __init__(self, view: Any) -> None:
        ids, paths = view.values(["id", "filepath"])
        self._ids = set(ids)
        self._by_path: dict[str, list[str]] = {}
        for sample_id, path in zip(ids, paths, strict=True):
            if sample_id in self._ids:
                self._by_path.setdefault(path, []).append(sample_id)

    def find(self, image: Any) -> list[str]:
        """Ids of the samples of an image of the table; none if there is none."""
        if image.sample_id:
            return [image.sample_id] if image.sample_id in self._ids else []
        path = image.source
        if path not in self._by_path and "://" not in path:
            path = os.path.abspath(path)
        return self._by_path.get(path, [])
