"""Tables of exported faces, CSV or JSON: paths, scores, and what became of each file.

Text of a CSV that a spreadsheet would run as a formula stands behind an apostrophe; ``csv_cells.plain_cell`` of the core, and
so ``faceqgen evaluate``, takes it away again. In a JSON all text stands as it is.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...faces.rows import VALUES, Face

COLUMNS = ("filepath", "face", *VALUES, "restored_path", "sample_id", "exported", "problem")
"""Named as ``faceqgen score`` names them: ``faceqgen evaluate`` reads the CSV."""

FORMAT = 1
"""Version of the JSON's keys; raised when one changes its meaning."""


@dataclass(frozen=True)
class Row:
    """One line: a face, the name its file shall have, where it went, or why it did not arrive."""

    face: Face
    name: str = ""
    exported: str | None = None
    problem: str | None = None

    def cells(self) -> dict[str, Any]:
        """The cells by column; None where there is no value."""
        face = self.face
        return {
            "filepath": face.filepath,
            "face": face.number,
            **{key: _finite(face.values.get(key)) for key in VALUES},
            "restored_path": face.restored_image or face.restored_crop,
            "sample_id": face.sample_id,
            "exported": self.exported,
            "problem": self.problem,
        }


def write_table(path: Path, rows: Sequence[Row], *, about: dict[str, Any]) -> None:
    """Write a new file, whole or not at all: JSON if its name ends so, else CSV.

    Args:
        path: where to.
        rows: the lines.
        about: what was selected; the JSON holds it, a CSV has no place for it.

    Raises:
        OSError: it cannot be written.
    """
    from faceqgen_core.whole_files import written_whole

    with written_whole(path) as temporary:
        if path.suffix.lower() == ".json":
            _write_json(temporary, rows, about)
        else:
            _write_csv(temporary, rows)


def _write_csv(path: Path, rows: Sequence[Row]) -> None:
    from faceqgen_core.tables.csv_cells import safe_cell
    from faceqgen_core.tables.score_table import open_table

    with open_table(path, "w") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for row in rows:
            cells = row.cells()
            cells["reasons"] = ";".join(cells["reasons"] or ())
            # Numbers stay numbers: a negative SSIM is no formula.
            writer.writerow(
                {k: safe_cell(v) if isinstance(v, str) else v for k, v in cells.items()}
            )


def _write_json(path: Path, rows: Sequence[Row], about: dict[str, Any]) -> None:
    document = {"format": FORMAT, **about, "faces": [row.cells() for row in rows]}
    path.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", "utf-8")


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
