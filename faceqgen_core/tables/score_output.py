"""The place of the output: free, or taken by what ``faceqgen score`` has written before, which alone it replaces unasked."""

from __future__ import annotations

import csv
from pathlib import Path

from faceqgen_core.tables.score_table import open_table
from faceqgen_core.tables.score_text import HEADER

_OURS = {"filepath", "status"}
"""Columns of every table of ours, whatever somebody has sorted, added or left out since."""


def require_own_or_free(path: Path) -> None:
    """Check that nothing of somebody else's would be replaced.

    Raises:
        ValueError: a folder is there, or a file that holds something else than scores.
    """
    if path.is_dir():
        raise ValueError(f"--output {path} is a folder: name a file in it")
    if not path.is_file() or not path.stat().st_size:
        return
    try:
        with open_table(path, "r") as file:
            header = file.readline(1 << 16).strip()
        cells = set(next(csv.reader([header]), ()))
    except (OSError, UnicodeError, csv.Error):
        header, cells = "", set()
    if header != HEADER and not cells >= _OURS:
        raise ValueError(
            f"--output {path} is a file that faceqgen score has not written: it stays as it is. Name another, or add --overwrite"
        )
