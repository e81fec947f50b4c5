"""The benchmark's rows as one table in plain text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from faceqgen_core.bench.row import Row


def table(rows: Iterable[Row]) -> str:
    """Markdown: one line a row, its target and whether it is met."""
    lines = [
        "| row | what | figure | beside it | ratio | target | met | note |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        beside = f"{row.beside}: {_number(row.other, row.unit)}" if row.beside else ""
        met = {True: "yes", False: "**no**", None: ""}[row.met]
        if row.figure is None:
            met = "**not measured**" if row.target else "not measured"
        cells = (
            row.name,
            row.what,
            _number(row.figure, row.unit),
            beside if row.figure is not None else row.beside,
            "" if row.compared is None else f"{row.compared:.3g}",
            "" if row.target is None else str(row.target),
            met,
            row.note,
        )
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(lines)


def document(result: dict[str, Any]) -> str:
    """What ``run_bench`` returned: the machine, the table, the count of targets."""
    machine, rows = result["machine"], [Row.from_dict(row) for row in result["rows"]]
    bound = [row for row in rows if row.target is not None]
    quick = " **A quick run: the figures say little.**" if result["quick"] else ""
    return "\n".join(
        [
            f"{machine['processor']}, {machine['cores']} cores, {machine['gpus']} GPU, load "
            f"{machine['load']}, {machine['backend']}; {result['preset']}; medians of "
            f"{result['sizes']['rounds']} rounds.{quick}",
            "",
            table(rows),
            "",
            f"{len(bound)} targets: {sum(row.met is True for row in bound)} met, "
            f"{sum(row.met is False for row in bound)} missed, "
            f"{sum(row.met is None for row in bound)} not measured",
        ]
    )


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{text} {unit}".rstrip()
