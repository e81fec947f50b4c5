"""The page docs/compatibility.md: what a run has found goes into its tables, what it has not looked at stays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from scripts.compatibility.cases import CASES
from scripts.compatibility.environment import ROOT
from scripts.compatibility.lines import LINES

PAGE = ROOT / "docs" / "compatibility.md"
NOT_RUN = "not run yet"
_TABLES = ("environments", "lines")


def tables(findings: Mapping[str, str]) -> dict[str, str]:
    """The tables in Markdown.

    Args:
        findings: results by the key of the case or line.
    """
    first = ["| case | what is tried | last result |", "|---|---|---|"]
    for case in CASES:
        first.append(f"| `{case.key}` | {case.title} | {findings.get(case.key, NOT_RUN)} |")
    second = ["| what | tests | last result |", "|---|---|---|"]
    for line in LINES:
        tests = ", ".join(f"`{test}`" for test in line.tests)
        second.append(f"| {line.words} | {tests} | {findings.get(line.key, line.otherwise)} |")
    return dict(zip(_TABLES, ("\n".join(first), "\n".join(second)), strict=True))


def dated(result: str) -> str:
    """A result as the page shows it: on one line, with the day."""
    return f"{' '.join(result.split()).replace('|', '/')} ({date.today():%Y-%m-%d})"


def read(page: Path = PAGE) -> dict[str, str]:
    """The results that stand in the page, by key; those of no run are left out."""
    rows = [
        [cell.strip() for cell in row.strip("|").split("|")]
        for row in page.read_text(encoding="utf-8").splitlines()
        if row.startswith("| ")
    ]
    keys = {f"`{case.key}`": case.key for case in CASES} | {line.words: line.key for line in LINES}
    found = {keys[row[0]]: row[-1] for row in rows if row[0] in keys}
    return {
        key: result for key, result in found.items() if re.search(r"\(\d{4}-\d\d-\d\d\)$", result)
    }


def write(findings: Mapping[str, str], page: Path = PAGE) -> None:
    """Put results into the page beside those that stand there."""
    text = page.read_text(encoding="utf-8")
    for name, table in tables({**read(page), **findings}).items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        before, after = text.split(begin)[0], text.split(end)[1]
        text = f"{before}{begin}\n\n{table}\n\n{end}{after}"
    page.write_text(text, encoding="utf-8")
