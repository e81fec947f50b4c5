"""How long the plugin itself takes to be imported, FiftyOne being there, and whether TensorFlow comes with it."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

from faceqgen_core.bench.programs import ROOT
from faceqgen_core.bench.row import Row

_CODE = """
import json, sys, time
import fiftyone.operators
wall, cpu = time.perf_counter(), time.process_time()
import plugin
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
loaded = {name.partition('.')[0] for name in sys.modules} & {'tensorflow', 'keras'}
print(json.dumps([wall, cpu, len(loaded)]))
"""


def import_rows(rounds: int) -> list[Row]:
    """Rows of ``import plugin`` in fresh processes."""
    found = []
    for _ in range(rounds):
        call = [sys.executable, "-c", _CODE]
        ended = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=True)
        found.append(json.loads(ended.stdout.strip().splitlines()[-1]))
    wall, cpu, loaded = zip(*found, strict=True)
    note = f"after FiftyOne; CPU {statistics.median(cpu):.3f} s, median of {rounds}"
    return [
        Row(
            "import",
            "the plugin's own import",
            statistics.median(wall),
            "s",
            bound="import",
            note=note,
        ),
        Row(
            "import",
            "of TensorFlow and Keras, loaded with it",
            max(loaded),
            bound="import, TensorFlow",
        ),
    ]
