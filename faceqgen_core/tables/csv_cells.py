"""Cells of CSV files that a spreadsheet takes for text, whatever they begin with, and the way back.

A spreadsheet runs a cell that begins with an equals sign and the like as a formula, and anybody can name a file so. An
apostrophe before it makes it text; ``plain_cell`` takes away what ``safe_cell`` has added, and nothing else.
"""

from __future__ import annotations

import re

_RUNS = "=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20"
_TO_ESCAPE = re.compile(f"'*[{_RUNS}]")
_ESCAPED = re.compile(f"'+[{_RUNS}]")


def safe_cell(text: str) -> str:
    """The text as a cell that no spreadsheet runs; numbers do not belong here."""
    return f"'{text}" if _TO_ESCAPE.match(text) else text


def plain_cell(cell: str) -> str:
    """The text that ``safe_cell`` made this cell of."""
    return cell[1:] if _ESCAPED.match(cell) else cell
