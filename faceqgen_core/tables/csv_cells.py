"""Cells of CSV files that a spreadsheet takes for text, whatever they hold, and the way back.

A spreadsheet runs a cell that begins with an equals sign and the like as a formula, and anybody can name a file so. An
apostrophe before it makes it text. Where lists are separated by semicolons (most of Europe), a spreadsheet cuts our cells up
at those, and at line breaks, whatever quotes stand around them: so the same holds behind each. ``plain_cell`` takes away what
``safe_cell`` has added, and nothing else.
"""

from __future__ import annotations

import re

_RUNS = "=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20"
_START = "(?:^|(?<=[;\t\r\n]))"
_TO_ESCAPE = re.compile(f"{_START}(?='*[{_RUNS}])")
_ESCAPED = re.compile(f"{_START}'(?='*[{_RUNS}])")


def safe_cell(text: str) -> str:
    """The text as a cell that no spreadsheet runs; numbers do not belong here."""
    return _TO_ESCAPE.sub("'", text)


def safe_list(text: str) -> str:
    """Entries of our own, with semicolons between, as a cell: numbers among them stay numbers."""
    return f"'{text}" if _TO_ESCAPE.match(text) else text


def plain_cell(cell: str) -> str:
    """The text that ``safe_cell`` made this cell of."""
    return _ESCAPED.sub("", cell)
