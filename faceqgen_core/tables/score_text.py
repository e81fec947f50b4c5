"""The text file of the original repository's script: a header ``img;score``, then a line for each image.

A score stands in brackets, as NumPy prints an array of one ``float32``: ``[0.6432184]``. The original stops at an image that
it cannot read; here such a line ends behind the semicolon.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from faceqgen_core.tables.csv_cells import plain_cell
from faceqgen_core.vocabulary import FACEQNET, QUALITY

HEADER = "img;score"
DEFAULT_NAME = "scores_quality.txt"
"""What the original calls the file."""

DEFAULT_FOLDERS = (Path("Samples_cropped"), Path("src", "Samples_cropped"))
"""Where the original looks for crops, from its folder ``src`` and from its root."""


def default_folder() -> Path:
    """The folder of crops that the original's script scores.

    Raises:
        ValueError: none is here.
    """
    for folder in DEFAULT_FOLDERS:
        if folder.is_dir():
            return folder
    raise ValueError(
        f"no PATH is given, and neither {' nor '.join(map(str, DEFAULT_FOLDERS))} is here: name images or a folder"
    )


def write_lines(path: str | os.PathLike[str], rows: Iterable[Mapping[str, str]]) -> None:
    """Write the file.

    Args:
        path: of the file.
        rows: cells of ``score_table``, one row an image: FaceQnet's score, or else our quality divided by 100.

    Raises:
        OSError: it cannot be written.
    """
    with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        file.write(f"{HEADER}\n")
        for cells in rows:
            file.write(f"{plain_cell(cells['filepath'])};{_score(cells)}\n")


def _score(cells: Mapping[str, str]) -> str:
    if cell := cells.get(FACEQNET.name):
        value = float(cell)
    elif cell := cells.get(QUALITY.name):
        value = float(cell) / QUALITY.high
    else:
        return ""
    return str(np.array([value], np.float32)) if math.isfinite(value) else ""
