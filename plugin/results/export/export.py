"""Export of the kept or the discarded faces: a table, image files, aligned crops, or a new FiftyOne data set.

Nothing that is there is replaced: a name that is taken gets a number. One file that cannot be read or written costs
itself alone; it is counted, and the table says why.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from ...dataset import run_records, targets
from ...dataset.fields import FieldNames
from ...faces.crop_cutter import require_kept
from ...faces.rows import Face, all_faces, primary_faces
from ...progress import FileProgress, error_in_words
from ...queries.selection import Selection, select
from ...storage.paths import FreeNames
from .image_files import WRITERS
from .settings import FOLDERS, TABLES, ExportSettings
from .table import Row, write_table

TABLE_NAME = "faces.csv"
CHUNK = 32
THREADS = 4


@dataclass
class ExportSummary(FileProgress):
    """What an export did.

    Attributes:
        kind: what was made.
        where: its file or folder, or the name of the data set.
        table: the table beside exported files.
        total: rows: faces, or images.
        done: rows dealt with so far.
        exported: rows that arrived.
        selected: samples selected.
        left_out: samples on the other side.
        unscored: samples without a score, on neither side.
        threshold: on the measure's scale; None if nothing is scored.
        notices: what the user should know, in sentences.
    """

    kind: str
    where: str
    table: str | None = None
    exported: int = 0
    selected: int = 0
    left_out: int = 0
    unscored: int = 0
    threshold: float | None = None
    notices: list[str] = field(default_factory=list)


class Export:
    """One export. What can be refused is refused when it is made, before anything is written.

    Args:
        collection: data set or view.
        selection: which of its samples.
        settings: what to make of them.

    Raises:
        ValueError: no scores there, no images, crops that were not kept, a place that cannot be written to.
    """

    def __init__(self, collection: Any, selection: Selection, settings: ExportSettings) -> None:
        self._settings = settings
        self._selection = selection
        self._names = FieldNames(selection.field)
        target = targets.find_target(collection)
        view = target.view
        self._dataset = view._root_dataset
        self._selected = select(view, selection)
        if target.is_video and (settings.kind == "crops" or settings.per_face):
            raise ValueError(
                "single faces are exported of images; these are videos, each with the scores of its best frame"
            )
        if settings.kind == "crops":
            require_kept(view, self._names)
        self._target = Path()
        self._rows: list[Row] = []
        where = settings.dataset_name or ""
        if settings.kind != "dataset":
            read = all_faces if settings.per_face else primary_faces
            self._rows = [Row(face) for face in read(self._selected.view, self._names)]
            self._target = settings.target(self._dataset.name, selection.keep)
            where = str(self._target)
            _make_folder(self._target.parent if settings.kind in TABLES else self._target)
        self.summary = ExportSummary(
            settings.kind,
            where,
            total=len(self._rows) or self._selected.kept,
            selected=self._selected.kept,
            left_out=self._selected.left_out,
            unscored=self._selected.unscored,
            threshold=self._selected.threshold,
            notices=[*target.notices, *self._selected.notices],
        )

    def __iter__(self) -> Iterator[ExportSummary]:
        """Write; yields the summary after each step. Closing the iterator stops the export; files written stay."""
        if self._settings.kind == "dataset":
            yield from self._clone()
            return
        rows = self._rows
        if self._settings.kind in FOLDERS:
            rows = yield from self._write_files(rows)
        self._write_table(rows)
        self.summary.done = len(rows)
        yield self.summary

    def _clone(self) -> Iterator[ExportSummary]:
        name = str(self._settings.dataset_name)
        yield self.summary
        clone = self._selected.view.clone(name, persistent=True)
        run_records.copy_records(self._dataset, clone, self._names.sample)
        self.summary.done = self.summary.exported = len(clone)
        yield self.summary

    def _write_files(self, rows: list[Row]) -> Generator[ExportSummary, None, list[Row]]:
        names = FreeNames(self._target)
        self._table_name = names.take(TABLE_NAME)
        named = iter([replace(row, name=names.take(self._file_name(row.face))) for row in rows])
        written: list[Row] = []
        with ThreadPoolExecutor(THREADS) as pool:
            while chunk := list(islice(named, CHUNK)):
                for row in pool.map(self._write_file, chunk):
                    self._count(row)
                    written.append(row)
                yield self.summary
        return written

    def _file_name(self, face: Face) -> str:
        path = Path(face.filepath)
        return f"{path.stem}_face{face.number}.png" if self._settings.kind == "crops" else path.name

    def _count(self, row: Row) -> None:
        self.summary.done += 1
        if row.problem is None:
            self.summary.exported += 1
            return
        self.summary.fail(row.face.filepath, row.problem)

    def _write_file(self, row: Row) -> Row:
        path = self._target / row.name
        try:
            WRITERS[self._settings.kind](row.face, path)
        except Exception as error:  # a decoder may raise anything; the other files do not suffer
            return replace(row, problem=error_in_words(error))
        return replace(row, exported=str(path))

    def _write_table(self, rows: list[Row]) -> None:
        path = self._target
        if self._settings.kind in FOLDERS:
            path = path / self._table_name
            self.summary.table = str(path)
        else:
            self.summary.exported = len(rows)
        write_table(path, rows, about=self._about())

    def _about(self) -> dict[str, Any]:
        chosen = self._selection
        return {
            "dataset": self._dataset.name,
            "field": chosen.field,
            "measure": chosen.measure,
            "by": chosen.by,
            "value": chosen.limit,
            "keep": chosen.keep,
            "threshold": self._selected.threshold,
            "left_out": self._selected.left_out,
            "unscored": self._selected.unscored,
        }


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"the folder {str(folder)!r} cannot be made ({error}): choose another"
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ValueError(f"the folder {str(folder)!r} cannot be written to: choose another")
