"""Rows of a scores table read back as Assessments, the CSV's or Parquet's: each checked by itself, none lost for another."""

from __future__ import annotations

import csv
import itertools
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from faceqgen_core.media.remote import is_remote
from faceqgen_core.tables import score_parquet
from faceqgen_core.tables.csv_cells import plain_cell
from faceqgen_core.tables.score_parquet import SAMPLE_ID, SUFFIX
from faceqgen_core.tables.score_table import COLUMNS, POINTS, SCORES, SEPARATOR, open_table
from faceqgen_core.types import Assessment, FaceBox, Status
from faceqgen_core.vocabulary import REASONS
from faceqgen_core.vocabulary import SCORES as MEASURED

_BOX = ("box_x", "box_y", "box_width", "box_height")
_MATRIX = (2, 3)
# Nine digits of a number at the end of its range may lie just outside.
_SLACK = 1e-6

Cells = Mapping[str, str]


@dataclass(frozen=True)
class TableImage:
    """The rows of one image.

    Attributes:
        source: its path, as the table has it.
        sample_id: id of its sample in FiftyOne, "" where the table does not say.
        assessments: of its faces, the primary one first; empty where the rows cannot be used.
        first_row: number of its first row.
        rows: how many rows it has.
        problems: number of a row -> why it cannot be used.
    """

    source: str
    sample_id: str
    assessments: list[Assessment]
    first_row: int
    rows: int
    problems: dict[int, str] = field(default_factory=dict)


class ScoreRows:
    """The images of a scores table.

    A row's number is that of the line in a CSV file, and of the row, from 1, in Parquet, over all files of a folder.

    Args:
        path: of a CSV file, a Parquet file or a folder of Parquet files; of Parquet an address, too.

    Attributes:
        extra: names of the scores of other networks that the table has.

    Raises:
        ValueError: a column is missing, pyarrow is, or it is no such table.
        OSError: it cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._parquet = (
            is_remote(self.path) or self.path.endswith(SUFFIX) or os.path.isdir(self.path)
        )
        there = self._columns()
        if missing := [name for name in COLUMNS if name not in there]:
            raise ValueError(
                f"{self.path}: no column {', '.join(missing)}; it must be a table of faceqgen score of this version: "
                "run it again, the scores are taken over where nothing has changed"
            )
        self.extra = [name for name in there if name not in COLUMNS and f"{name}_network" in there]

    def _columns(self) -> list[str]:
        if self._parquet:
            return score_parquet.read_columns(score_parquet.files_in(self.path)[0])
        with open_table(self.path, "r") as file:
            return list(csv.DictReader(file).fieldnames or [])

    def preset(self, wanted: str | None = None) -> tuple[str, str]:
        """Identifier and crop protocol of a preset that the table names.

        Args:
            wanted: its identifier; None: the one of the first row that has one.

        Raises:
            ValueError: no row names it.
        """
        others: set[str] = set()
        for _, cells in self._rows():
            named = cells["preset"]
            if named and cells["crop_protocol"] and wanted in (None, named):
                return named, cells["crop_protocol"]
            others.add(named)
        found = f"; it names {', '.join(sorted(others))}" if others - {""} else ""
        raise ValueError(f"{self.path}: no row of the preset {wanted or '(any)'}{found}")

    def networks(self) -> dict[str, str]:
        """Which network gave the scores of other networks, by their names; of the first row that has a number."""
        found: dict[str, str] = {}
        if self.extra:
            for _, cells in self._rows():
                found.update(
                    (name, cells[f"{name}_network"])
                    for name in self.extra
                    if name not in found and cells[name]
                )
                if len(found) == len(self.extra):
                    break
        return found

    def images(self, *, preset: str, networks: Mapping[str, str]) -> Iterator[TableImage]:
        """The images in the order of the table; the rows of one stand together.

        Args:
            preset: identifier of the preset whose rows can be used.
            networks: which network the scores of other networks must be of, by name; others are left out.
        """
        grouped = itertools.groupby(self._rows(), key=lambda row: _whose(row[1]))
        for index, ((sample_id, source), rows) in enumerate(grouped):
            yield _image(index, source, sample_id, list(rows), preset, networks)

    def _rows(self) -> Iterator[tuple[int, Cells]]:
        """Number and cells of each row, as text without apostrophes."""
        if self._parquet:
            files = score_parquet.files_in(self.path)
            rows = itertools.chain.from_iterable(map(score_parquet.read_rows, files))
            for number, values in enumerate(rows, start=1):
                yield number, {name: _text(value) for name, value in values.items()}
            return
        with open_table(self.path, "r") as file:
            reader = csv.DictReader(file)
            for line in reader:
                cells = {name: plain_cell(cell or "") for name, cell in line.items() if name}
                yield reader.line_num, cells


def _whose(cells: Cells) -> tuple[str, str]:
    return cells.get(SAMPLE_ID, ""), cells["filepath"]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return SEPARATOR.join(map(_text, value))
    return repr(value) if isinstance(value, float) else str(value)


def _image(
    index: int,
    source: str,
    sample_id: str,
    rows: Sequence[tuple[int, Cells]],
    preset: str,
    networks: Mapping[str, str],
) -> TableImage:
    faces: dict[int, Assessment] = {}
    problems: dict[int, str] = {}
    for number, cells in rows:
        try:
            face = assessment_of(cells, index=index, networks=networks)
            if face.preset != preset:
                raise ValueError(f"of the preset {face.preset or 'without a name'}, not {preset}")
            if face.face in faces:
                raise ValueError(f"face {face.face} of this image has a row already")
            faces[face.face] = face
        except ValueError as error:
            problems[number] = str(error)
    if 0 not in faces:  # a sample cannot be written without its primary face
        for number, _ in rows:
            problems.setdefault(number, "the row of the primary face (face 0) cannot be used")
        faces = {}
    found = [faces[face] for face in sorted(faces)]
    return TableImage(source, sample_id, found, rows[0][0], len(rows), problems)


def assessment_of(cells: Cells, *, index: int, networks: Mapping[str, str]) -> Assessment:
    """The assessment that a row was made of; pictures and components are not in a table.

    Args:
        cells: by column, as text.
        index: position of the image.
        networks: which network the scores of other networks must be of, by name.

    Raises:
        ValueError: a value is broken; the message names its column.
    """
    if not cells["filepath"]:
        raise ValueError("filepath: the cell is empty")
    try:
        status = Status(cells["status"])
    except ValueError:
        raise ValueError(f"status: {cells['status']!r} is none; known: {_known()}") from None
    scores: dict[str, Any] = {name: _score(cells, name) for name in SCORES}
    extra = {
        name: _other(cells, name, network) for name, network in networks.items() if cells.get(name)
    }
    numbers = [value for value in (*scores.values(), *extra.values()) if value is not None]
    if status is Status.SCORED and not numbers:
        raise ValueError("status: scored, but there is no number")
    if status is not Status.SCORED and numbers:
        raise ValueError(f"status: {status.value}, but there are numbers")
    size = _size(cells)
    box = _box(cells)
    if box is not None and size is None:
        raise ValueError("image_width, image_height: needed where there is a box")
    reasons = _names(cells, "reasons")
    if unknown := [name for name in reasons if name not in REASONS]:
        raise ValueError(f"reasons: {', '.join(unknown)} is none; known: {', '.join(REASONS)}")
    return Assessment(
        source=cells["filepath"],
        index=index,
        status=status,
        reason=cells["reason"],
        face=_whole(cells, "face") or 0,
        num_faces=_whole(cells, "num_faces") or 0,
        **scores,
        reasons=reasons,
        changes=_names(cells, "changes"),
        box=box,
        turn=_whole(cells, "turn") or 0,
        matrix=_matrix(cells),
        image_size=size,
        preset=cells["preset"],
        crop_protocol=cells["crop_protocol"],
        extra=dict.fromkeys(networks) | extra if status is Status.SCORED else {},
    )


def _known() -> str:
    return ", ".join(status.value for status in Status)


def _number(cells: Cells, name: str) -> float | None:
    cell = cells[name]
    if not cell:
        return None
    try:
        value = float(cell)
    except ValueError:
        raise ValueError(f"{name}: {cell!r} is not a number") from None
    if not math.isfinite(value):
        raise ValueError(f"{name}: {cell!r} is not finite; leave the cell empty for no value")
    return value


def _score(cells: Cells, name: str) -> float | None:
    value, measure = _number(cells, name), MEASURED[name]
    if value is not None and not measure.low - _SLACK <= value <= measure.high + _SLACK:
        raise ValueError(f"{name}: {value:g} is not within {measure.low:g} to {measure.high:g}")
    return value


def _other(cells: Cells, name: str, network: str) -> float | None:
    if cells[f"{name}_network"] != network:
        raise ValueError(f"{name}_network: {cells[f'{name}_network']!r}, not {network!r}")
    return _number(cells, name)


def _whole(cells: Cells, name: str) -> int | None:
    value = _number(cells, name)
    if value is None:
        return None
    if value < 0 or value != int(value):
        raise ValueError(f"{name}: {cells[name]!r} is not a whole number from 0")
    return int(value)


def _size(cells: Cells) -> tuple[int, int] | None:
    width, height = _whole(cells, "image_width"), _whole(cells, "image_height")
    return (width, height) if width and height else None


def _box(cells: Cells) -> FaceBox | None:
    sides = {name.removeprefix("box_"): _number(cells, name) for name in _BOX}
    known = {name: value for name, value in sides.items() if value is not None}
    if not known:
        return None
    if len(known) < len(sides):
        raise ValueError(f"{', '.join(_BOX)}: all four, or none")
    points = [_number(cells, f"{point}_{axis}") for point in POINTS for axis in "xy"]
    landmarks = None if None in points else np.array(points, np.float32).reshape(-1, 2)
    return FaceBox(**known, confidence=_number(cells, "confidence"), landmarks=landmarks)


def _names(cells: Cells, name: str) -> tuple[str, ...]:
    return tuple(entry for entry in cells[name].split(SEPARATOR) if entry)


def _matrix(cells: Cells) -> Any:
    entries = _names(cells, "crop_matrix")
    if not entries:
        return None
    try:
        matrix = np.array([float(entry) for entry in entries]).reshape(_MATRIX)
    except ValueError:
        matrix = None
    if matrix is None or not np.isfinite(matrix).all():
        raise ValueError(f"crop_matrix: {cells['crop_matrix'][:40]!r} is not six finite numbers")
    return matrix
