"""The scores CSV: one row per face, or per image without an assessed face; written here, read back here.

UTF-8, comma-separated, an empty cell where there is no value. Numbers carry nine significant digits; reasons, changes and
the six numbers of the crop's matrix stand in one cell each, with semicolons between, reasons most likely first. File names
that are not valid UTF-8 keep their bytes; text that a spreadsheet would run as a formula stands behind an apostrophe, which
reading takes away again.
"""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.measures import MEASURES, QUALITY
from faceqgen_core.tables.csv_cells import plain_cell, safe_cell, safe_list
from faceqgen_core.types import Assessment
from faceqgen_core.vocabulary import FACEQNET

SCORES = (QUALITY.name, *MEASURES)
"""Columns that hold scores."""

POINTS = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
"""The subject's right is first; each has a column ``_x`` and ``_y`` in pixels."""

COLUMNS = (
    "filepath",
    "face",
    "status",
    "reason",
    *SCORES,
    "reasons",
    *("box_x", "box_y", "box_width", "box_height"),
    *(f"{point}_{axis}" for point in POINTS for axis in "xy"),
    "turn",
    "restored_path",
    "preset",
    "crop_protocol",
    "num_faces",
    "image_width",
    "image_height",
    "confidence",
    "crop_matrix",
    "changes",
)
"""All columns in their order."""

WHOLE = ("face", "turn", "num_faces", "image_width", "image_height")
"""Columns of whole numbers."""

LISTS = ("reasons", "changes", "crop_matrix")
"""Columns with several entries: names, or the six numbers of the matrix from image to crop pixels, row by row."""

NAMED = ("filepath", "status", "reason", "restored_path", "preset", "crop_protocol")
"""Columns of text."""

SEPARATOR = ";"
"""Stands between the entries of a list."""


def open_table(path: str | os.PathLike[str], mode: str) -> IO[str]:
    """Open a CSV file, ``mode`` "r" or "w", so that any file name survives the way out and back."""
    encoding = "utf-8-sig" if mode == "r" else "utf-8"  # spreadsheets add a byte order mark
    return open(path, mode, newline="", encoding=encoding, errors="surrogateescape")


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return format(value, ".9g")
    if isinstance(value, list):
        return safe_list(SEPARATOR.join(map(_cell, value)))
    return safe_cell(value) if isinstance(value, str) else str(value)


def extra_columns(extra: Mapping[str, str]) -> tuple[str, ...]:
    """The columns of other networks, behind ours: of each its number, and which network it is.

    Args:
        extra: identifier of each by the name of its scores, see ``vocabulary.ExtraMeasure``.
    """
    return tuple(column for name in extra for column in (name, f"{name}_network"))


def values(
    assessment: Assessment, *, restored_path: str = "", extra: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What stands in the row of an assessment, by column: text, numbers, lists, None where there is no value.

    Args:
        assessment: of one face.
        restored_path: file of its restored crop, "" for none.
        extra: as of ``extra_columns``.
    """
    found: dict[str, Any] = dict.fromkeys(COLUMNS)
    for name, identifier in (extra or {}).items():
        found[name] = _number(assessment.extra.get(name))
        found[f"{name}_network"] = identifier
    found["filepath"] = assessment.source
    found["face"] = assessment.face
    found["status"] = assessment.status.value
    found["reason"] = assessment.reason or None
    for name in SCORES:
        found[name] = _number(getattr(assessment, name))
    found["reasons"] = list(assessment.reasons)
    if (box := assessment.box) is not None:
        found["turn"] = assessment.turn
        for name in ("x", "y", "width", "height"):
            found[f"box_{name}"] = _number(getattr(box, name))
        found["confidence"] = _number(box.confidence)
        if box.landmarks is not None:
            for point, (x, y) in zip(POINTS, box.landmarks.tolist(), strict=True):
                found[f"{point}_x"], found[f"{point}_y"] = _number(x), _number(y)
    found["restored_path"] = restored_path or None
    found["preset"] = assessment.preset or None
    found["crop_protocol"] = assessment.crop_protocol or None
    found["num_faces"] = assessment.num_faces
    if assessment.image_size is not None:
        found["image_width"], found["image_height"] = assessment.image_size
    if assessment.matrix is not None:
        found["crop_matrix"] = [float(number) for number in assessment.matrix.ravel()]
    found["changes"] = list(assessment.changes)
    return found


def row(
    assessment: Assessment, *, restored_path: str = "", extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Cells of one assessment by column; the arguments are those of ``values``."""
    found = values(assessment, restored_path=restored_path, extra=extra)
    return {name: _cell(value) for name, value in found.items()}


class ScoreWriter:
    """Writes rows as they come: what an interrupted run has assessed stays.

    Args:
        file: an open text file, see ``open_table``.
        extra: other networks, see ``extra_columns``.
    """

    def __init__(self, file: IO[str], *, extra: Mapping[str, str] | None = None) -> None:
        self._file = file
        self._extra = dict(extra or {})
        self._writer = csv.DictWriter(file, fieldnames=COLUMNS + extra_columns(self._extra))
        self._writer.writeheader()
        self._file.flush()

    def add(self, assessment: Assessment, *, restored_path: str = "") -> None:
        """Write one row."""
        self.add_row(row(assessment, restored_path=restored_path, extra=self._extra))
        self._file.flush()

    def add_row(self, cells: Mapping[str, str]) -> None:
        """Write one row of cells as ``row`` makes them."""
        self._writer.writerow(cells)


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """Scores of images, the primary face of each.

    Attributes:
        paths: (N) image paths as written, no two alike.
        columns: (N,) float64 by column name; NaN where there is no value.
        presets: the presets named in the file, sorted.
        protocols: the crop protocols named in the file, sorted.
    """

    paths: list[str]
    columns: dict[str, NDArray[np.float64]]
    presets: list[str]
    protocols: list[str]


def _value(cell: str | None, place: str) -> float:
    if cell is None or cell.strip().lower() in ("", "none", "nan"):
        return math.nan
    try:
        value = float(cell)
    except ValueError as error:
        raise ValueError(
            f"{place}: {cell!r} is not a number; leave the cell empty for no value"
        ) from error
    return value if math.isfinite(value) else math.nan


def read_scores(
    path: str | os.PathLike[str], *, columns: Iterable[str] | None = None
) -> ScoreTable:
    """Read a scores CSV; of several faces in one image the primary (face 0) counts.

    Args:
        path: the CSV file; only ``filepath`` and the score columns are needed.
        columns: score columns to read; None: those of ``SCORES`` that are there; FaceQnet's alone where there is one.

    Raises:
        ValueError: a column is missing, a cell is not a number, or an image has two different values.
        OSError: the file cannot be read.
    """
    with open_table(path, "r") as file:
        reader = csv.DictReader(file)
        there = reader.fieldnames or []
        if "filepath" not in there:
            raise ValueError(f"{path}: no column 'filepath'; found: {', '.join(there) or 'none'}")
        ours = [FACEQNET.name] if FACEQNET.name in there else [c for c in SCORES if c in there]
        names = ours if columns is None else list(columns)
        if missing := [c for c in names if c not in there]:
            raise ValueError(f"{path}: no column {', '.join(missing)}; found: {', '.join(there)}")
        if not names:
            raise ValueError(f"{path}: none of the score columns {', '.join(SCORES)} is there")
        values: dict[str, list[float]] = {}
        presets, protocols = set(), set()
        for line in reader:
            if line.get("face") not in (None, "", "0"):
                continue
            place = f"{path}, line {reader.line_num}"
            found = [_value(line[name], f"{place}, column {name}") for name in names]
            if not line["filepath"]:
                raise ValueError(f"{place}: the cell 'filepath' is empty")
            image = plain_cell(line["filepath"])
            known = values.setdefault(image, found)
            if known is not found and not np.array_equal(known, found, equal_nan=True):
                raise ValueError(
                    f"{place}: {image} has other scores in an earlier row; keep one row an image"
                )
            presets.add(plain_cell(line.get("preset") or ""))
            protocols.add(plain_cell(line.get("crop_protocol") or ""))
    matrix = np.array(list(values.values()), dtype=np.float64).reshape(len(values), len(names))
    return ScoreTable(
        paths=list(values),
        columns={name: matrix[:, i] for i, name in enumerate(names)},
        presets=sorted(p for p in presets if p),
        protocols=sorted(p for p in protocols if p),
    )
