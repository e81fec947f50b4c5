"""Faces per second one at a time against in batches, in one run: ``python benchmarks/throughput.py [--faces N]``.

Prints the median of several rounds for both, their ratio, and the peak memory of the process.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))

from faceqgen_core.presets import load_preset  # noqa: E402
from faceqgen_core.restoration import Restorer  # noqa: E402
from tests.golden.crops import golden_crops  # noqa: E402


def rate(restorer: Restorer, crops: np.ndarray) -> float:
    start = time.perf_counter()
    restorer.restore(crops)
    return len(crops) / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    base = np.stack(list(golden_crops().values()))
    crops = np.resize(base, (args.faces, *base.shape[1:]))
    preset = load_preset()
    sides = {"one at a time": Restorer(preset, batch_size=1), "batches of 32": Restorer(preset)}
    for restorer in sides.values():
        restorer.restore(crops[:32])
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(args.rounds):  # in turn, so that a slow minute hits both
        for name, restorer in sides.items():
            rates[name].append(rate(restorer, crops))
    medians = {name: statistics.median(values) for name, values in rates.items()}
    for name, value in medians.items():
        print(f"{name:14s} {value:8.1f} faces/s (median of {args.rounds})")
    print(f"ratio          {medians['batches of 32'] / medians['one at a time']:8.2f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory    {peak:8.0f} MiB")


if __name__ == "__main__":
    main()
