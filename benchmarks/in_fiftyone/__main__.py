"""Measure one row in a database of its own: ``python -m benchmarks.in_fiftyone writes [--sizes JSON] [--output FILE]``."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks.own_database import own_database
from faceqgen_core.bench.compared.sizes import Sizes
from faceqgen_core.bench.programs import PROGRAMS
from faceqgen_core.bench.table import table


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.in_fiftyone", description=__doc__)
    parser.add_argument("row", choices=list(PROGRAMS))
    parser.add_argument("--output", type=Path, help="JSON file for the rows")
    parser.add_argument("--preset", default="faceqgen-128")
    parser.add_argument("--device", default="auto")
    parser.add_argument(
        "--sizes", type=json.loads, default={}, help="Sizes as JSON (the full ones)"
    )
    args = parser.parse_args()
    given = {k: tuple(v) if isinstance(v, list) else v for k, v in args.sizes.items()}
    sizes = Sizes(**given)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))  # what runs is cleaned up
    with tempfile.TemporaryDirectory(prefix="faceqgen-bench-") as place:
        folder = Path(place)
        with own_database("bench", folder):
            rows = _measured(args.row, folder, sizes, args.preset, args.device)
    print(table(rows))
    if args.output is not None:
        args.output.write_text(json.dumps([row.to_dict() for row in rows]), encoding="utf-8")
    return 0


def _measured(name: str, folder: Path, sizes: Sizes, preset: str, device: str) -> list:
    if name == "import":
        from benchmarks.in_fiftyone.plugin_import import import_rows

        return import_rows(2 * sizes.rounds + 1)
    if name == "written":
        from benchmarks.in_fiftyone.written import written_rows

        return written_rows(folder, sizes, preset, device)
    if name == "writes":
        from benchmarks.in_fiftyone.writes import writes_rows

        return writes_rows(folder, sizes, preset, device)
    if name == "operators":
        from benchmarks.in_fiftyone.server_runs import server_rows

        return server_rows(folder, sizes, preset, device)
    from benchmarks.in_fiftyone.app_panels import panel_rows

    return panel_rows(folder, sizes)


if __name__ == "__main__":
    sys.exit(main())
