"""Break the promises of docs/reliability.md on purpose, print what came of it, and write it there with ``--write``.

python -m benchmarks.reliability --write                  # in full: an hour or two
python -m benchmarks.reliability --kills 2 --images 2000 --assessor 100 --only images assessor
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.own_database import own_database
from benchmarks.reliability import (
    batches,
    clients,
    fuzz,
    kills,
    outage,
    promises,
    together,
    toy,
)

FULL = {"kills": 20, "images": 200_000, "assessor": 5_000, "faces": 100, "samples": 5_000}


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reliability",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    keys = [promise.figure for promise in promises.PROMISES if promise.figure]
    parser.add_argument("--only", nargs="+", choices=keys, default=keys, help="these alone")
    for name, what in (
        ("kills", "kills of each kind of run"),
        ("images", "mutated files through the reader"),
        ("assessor", "mutated files through the assessor"),
        ("faces", "faces to compare in batches, at most 100"),
        ("samples", "samples that the eight clients look at"),
    ):
        parser.add_argument(f"--{name}", type=int, default=FULL[name], help=f"{what} (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random (%(default)s)")
    parser.add_argument("--preset", default="faceqgen-128", help="for the batches (%(default)s)")
    parser.add_argument("--write", action="store_true", help="write the table into the page")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    """Run; returns 1 if a promise was broken."""
    chosen = arguments(given)
    findings: dict[str, str] = {}
    broken = []
    with (
        tempfile.TemporaryDirectory(prefix="faceqgen-reliability-") as place,
        own_database("reliability", Path(place)),
    ):
        for key, work in _works(chosen, Path(place)).items():
            if key not in chosen.only:
                continue
            start = time.monotonic()
            found = work()
            findings[key] = str(found)
            broken += [] if found.held else [key]
            verdict = "held" if found.held else "BROKEN"
            print(f"{key}: {verdict} ({time.monotonic() - start:.0f} s): {found}", flush=True)
            for number, problem in list((getattr(found, "problems", None) or {}).items())[:20]:
                print(f"  file {number} of seed {chosen.seed}: {problem}")
    print()
    print(promises.table(findings))
    if chosen.write:
        promises.write_page(findings, _about())
    return 1 if broken else 0


def _about() -> str:
    """When and where it was measured; what a machine with other things to do says of times counts less."""
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    loaded = f", loaded: {load:.0f} processes" if load > cores + 1 else ""
    return f"{date.today():%Y-%m-%d}, {platform.machine()}, {cores} cores{loaded}"


def _works(chosen: argparse.Namespace, place: Path) -> dict[str, Callable[[], Any]]:
    """What is to be done, by the key of its promise; the toys come last: they replace the networks for good."""

    def own(name: str) -> Path:
        folder = place / name
        folder.mkdir()
        return folder

    def killed(kill: Callable[..., Any], name: str, *kind: str) -> Any:
        toy.install()
        return kill(own(name), chosen.kills, chosen.seed, *kind)

    return {
        "images": lambda: fuzz.fuzz_apart("images", chosen.images, chosen.seed),
        "assessor": lambda: fuzz.fuzz_apart("assessor", chosen.assessor, chosen.seed),
        "batches": lambda: batches.compare_threads(chosen.preset, chosen.faces),
        "cli": lambda: killed(kills.kill_cli, "cli"),
        "operator": lambda: killed(kills.kill_operator, "operator"),
        "delegated": lambda: killed(kills.kill_operator, "delegated", "delegated"),
        "outage-5": lambda: outage.outage_apart(5, own("outage-5")),
        "outage-60": lambda: outage.outage_apart(60, own("outage-60")),
        "together": lambda: together.run_together(own("together")),
        "clients": lambda: clients.serve(own("clients"), samples=chosen.samples),
    }


if __name__ == "__main__":
    sys.exit(main())
