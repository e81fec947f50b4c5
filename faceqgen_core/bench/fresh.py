"""Rows of what only a fresh process can tell: how long it takes to its first score, and how memory grows."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from faceqgen_core.bench.row import Row

_BARE = (
    "import sys, tensorflow; from faceqgen_core.presets import load_preset;"
    "from faceqgen_core.restoration import load_networks;"
    "load_networks(load_preset(sys.argv[1]))"
)
_FIRST = (
    "import sys, numpy; from faceqgen_core import FaceQualityAssessor;"
    "crop = numpy.random.default_rng(0).integers(0, 256, (128, 128, 3)).astype('uint8');"
    "print(next(FaceQualityAssessor(sys.argv[1]).assess([crop], faces='crop')).quality)"
)
# Crops come as lines on the standard input; the resident size after a tenth and after all, and the peak go out.
_SCORED = (
    "import json, sys; from itertools import cycle, islice;"
    "from faceqgen_core import FaceQualityAssessor;"
    "from faceqgen_core.bench.memory import peak, resident;"
    "paths, count, sizes = sys.stdin.read().split('\\n'), int(sys.argv[2]), [];"
    "found = FaceQualityAssessor(sys.argv[1], device=sys.argv[3]).assess("
    "islice(cycle(paths), count), faces='crop');"
    "[sizes.append(resident()) for number, _ in enumerate(found, 1)"
    " if number in (count // 10, count)];"
    "print(json.dumps([*sizes, peak()]))"
)


def start_rows(preset: str, rounds: int) -> list[Row]:
    """The first score of a crop in a fresh process, beside TensorFlow and the weights alone; in turn, ``rounds`` times."""
    times: list[list[float]] = [[], []]
    for _ in range(rounds):
        for seconds, code in zip(times, (_FIRST, _BARE), strict=True):
            start = time.perf_counter()
            _run(code, preset)
            seconds.append(time.perf_counter() - start)
    first, bare = (statistics.median(seconds) for seconds in times)
    share = statistics.median(one / other for one, other in zip(*times, strict=True))
    beside = "TensorFlow and the weights alone"
    return [Row("start", "a process's first score", first, "s", beside, bare, share, "start")]


def memory_rows(preset: str, crops: Sequence[Path], count: int, device: str) -> list[Row]:
    """Resident size of a process after all crops beside that after a tenth, and the most there was."""
    lines = "\n".join(str(path) for path in crops)
    early, late, most = json.loads(_run(_SCORED, preset, str(count), device, given=lines))
    # The kernel adds up by some pages at a time, and the peak not where the size is read.
    most = max(early, late, most)
    what, beside = f"resident after {count:,} crops", f"after {count // 10:,}"
    return [
        Row("memory", what, late / 1e6, "MB", beside, early / 1e6, bound="memory"),
        Row("memory", "most that was resident", most / 1e6, "MB", bound="memory, peak"),
    ]


def _run(code: str, *arguments: str, given: str = "") -> str:
    """What a program says last on its standard output.

    Raises:
        ValueError: it failed.
    """
    call = [sys.executable, "-c", code, *arguments]
    ended = subprocess.run(call, input=given, capture_output=True, text=True, check=False)
    if ended.returncode:
        why = (ended.stderr.strip().splitlines() or [f"exit code {ended.returncode}"])[-1]
        raise ValueError(f"a fresh process failed: {why}")
    return ended.stdout.strip().splitlines()[-1] if ended.stdout.strip() else ""
