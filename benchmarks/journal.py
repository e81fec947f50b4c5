"""What waiting for the database's journal costs a run of ``score_faces``: ``python -m benchmarks.journal [--samples N ...]``.

Both sides in one run, in turn: as it is, with the journal waited for after each chunk; and
without, as FiftyOne itself writes. Real assessments of 64 crops, scored once, stand in for scoring: what is timed is all that
is not the core's. The time within the wait itself is taken as well, for a ratio of two runs says little on a machine that
others use.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.own_database import own_database

CROPS = 64


@dataclass
class Side:
    """Seconds of one run.

    Attributes:
        written: of what is not the core's.
        waited: of these, within the wait for the journal and the question which database answers.
        waits: how often it was waited for.
    """

    written: float
    waited: float = 0.0
    waits: int = 0


@contextmanager
def _waiting(side: Side, *, journal: bool) -> Iterator[None]:
    """Time the wait for the journal, or leave it out."""
    from benchmarks.in_fiftyone.scoring import PLUGIN

    connection, records = (
        importlib.import_module(f"{PLUGIN}.dataset.{name}")
        for name in ("connection", "run_records")
    )
    usual, server, to_journal = connection.lastingly, connection._server, connection._to_journal

    def timed(work: Any) -> Any:
        def run(collection: Any) -> Any:
            start = time.perf_counter()
            try:
                return work(collection)
            finally:
                side.waited += time.perf_counter() - start
                side.waits += work is to_journal

        return run

    def without(dataset: Any, request: Any) -> None:
        connection.patiently(request)

    connection._server, connection._to_journal = timed(server), timed(to_journal)
    connection.lastingly = records.lastingly = usual if journal else without
    try:
        yield
    finally:
        connection._server, connection._to_journal = server, to_journal
        connection.lastingly = records.lastingly = usual


def compare(
    samples: int, rounds: int, folder: Path, preset: str
) -> tuple[list[tuple[Side, Side]], float]:
    """Run both sides in turn on data sets of the same samples.

    Returns:
        For each round the side with the wait and the one without; and the seconds for which the core scores one crop.
    """
    from benchmarks.in_fiftyone import scoring
    from faceqgen_core.bench.compared.images import write_crops

    crops = write_crops(folder / "crops", CROPS)
    options = {"preset": preset, "device": "cpu", "restored": False}
    with scoring.clocked() as clocks:  # loads the networks
        few = scoring.dataset_of(crops, CROPS)
        scoring.score(few, **options)
    with scoring.clocked(made=clocks[0]._assessor) as timed:
        scoring.score(few, **options)
    few.delete()
    kept, assessor, each = clocks[0].made, clocks[0]._assessor, timed[0].seconds / CROPS
    found = []
    for number in range(rounds + 1):  # the first is a warm-up
        sides: dict[bool, Side] = {}
        for journal in (True, False) if number % 2 else (False, True):
            dataset = scoring.dataset_of(crops, samples if number else CROPS)
            side = sides[journal] = Side(0.0)
            with _waiting(side, journal=journal), scoring.clocked(kept, assessor) as clocks:
                whole = scoring.score(dataset, **options)
            side.written = whole - clocks[0].seconds
            dataset.delete()
        if number:
            found.append((sides[True], sides[False]))
    return found, each


def told(samples: int, found: list[tuple[Side, Side]], each: float) -> str:
    """What came of it, in a line."""
    ratios = [with_.written / without.written for with_, without in found]
    waited = statistics.median(side.waited for side, _ in found)
    waits = statistics.median(side.waits for side, _ in found)
    written = [statistics.median(pair[side].written for pair in found) for side in (0, 1)]
    return (
        f"{samples:,} samples: written in {written[0]:.2f} s with the wait, {written[1]:.2f} s without: ratio "
        f"{statistics.median(ratios):.3f} (median of {len(ratios)} rounds, {min(ratios):.3f} to {max(ratios):.3f}); in the wait "
        f"{waited:.2f} s, {waits:.0f} waits of {1000 * waited / max(waits, 1):.1f} ms, {1000 * waited / samples:.3f} ms a sample: "
        f"{100 * waited / (written[0] + each * samples):.2f} % of a run whose crops take {1000 * each:.0f} ms each"
    )


def main() -> None:
    """Run both sides for each number of samples and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.journal", description=__doc__)
    parser.add_argument("--samples", type=int, nargs="+", default=[2_000, 10_000])
    parser.add_argument("--rounds", type=int, default=5, help="of both sides (%(default)s)")
    parser.add_argument("--preset", default="faceqgen-128")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="faceqgen-journal-") as place,
        own_database("journal", Path(place)),
    ):
        for samples in chosen.samples:
            found = compare(samples, chosen.rounds, Path(place), chosen.preset)
            print(told(samples, *found), flush=True)


if __name__ == "__main__":
    main()
