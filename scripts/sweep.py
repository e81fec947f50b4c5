"""Repeat the tests of the marker ``sweep`` over seeds and instruction sets: ``python scripts/sweep.py``.

A test that trains, or compares what networks compute, must hold on the processor of whoever runs it. oneDNN chooses its
kernels by the processor; ``ONEDNN_MAX_CPU_ISA`` makes it take those of a lesser one, and ``TF_ENABLE_ONEDNN_OPTS=0``
leaves it out. One process at a time, on one thread unless told otherwise. Exit code 1 if a test failed anywhere; at the
end, for each claim, the number that came nearest to its bound.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = {
    "as-it-is": {},
    "AVX512": {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"},
    "AVX2": {"ONEDNN_MAX_CPU_ISA": "AVX2"},
    "no-oneDNN": {"TF_ENABLE_ONEDNN_OPTS": "0"},
}
"""Environment by name; a processor takes the best that it has up to the named one."""
THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")


def run(setting: str, seed: int, threads: int, pytest_args: list[str], claims: Path) -> bool:
    """Run the tests once, claims into a file; returns whether all passed."""
    environment = {name: value for name, value in os.environ.items() if "ONEDNN" not in name}
    environment |= SETTINGS[setting] | {name: str(threads) for name in THREADS}
    environment |= {"FACEQGEN_TEST_SEED": str(seed), "FACEQGEN_CLAIMS": str(claims)}
    command = [sys.executable, "-m", "pytest", "-q", "-m", "sweep", "--tb=line", *pytest_args]
    started = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    last = (done.stdout.strip().splitlines() or ["nothing was printed"])[-1]
    seconds = time.monotonic() - started
    print(f"{setting:10s} seed {seed}: {last} ({seconds:.0f} s)", flush=True)
    if done.returncode:
        print("\n".join(x for x in done.stdout.splitlines() if "Error" in x or "FAILED" in x))
    return done.returncode == 0


def nearest(claims: Path) -> list[dict[str, Any]]:
    """Of each claim the line with the least margin, and how often it was made."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for line in claims.read_text(encoding="utf-8").splitlines() if claims.exists() else []:
        facts = json.loads(line)
        key = (facts["test"], facts["claim"])
        times = found[key]["times"] + 1 if key in found else 1
        least = min(found.get(key, facts), facts, key=lambda x: x["margin"])
        found[key] = {**least, "times": times}
    return list(found.values())


def main() -> int:
    """Sweep and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="0 up to this number")
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("pytest_args", nargs="*", help="which tests, after --")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        claims = Path(folder) / "claims.jsonl"
        passed = [
            run(setting, seed, options.threads, options.pytest_args, claims)
            for seed in range(options.seeds)
            for setting in options.settings
        ]
        test = None
        for x in nearest(claims):
            if x["test"] != test:
                test = x["test"]
                print(test)
            told = f"nearest {x['value']:.5g} to the bound {x['bound']:.5g}, {x['times']} times"
            print(f"    {x['claim']}: {told}")
    print(f"{sum(passed)} of {len(passed)} runs passed")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
