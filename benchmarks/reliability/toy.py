"""A run that can be killed: ``python -m benchmarks.reliability.toy cli|operator ...``.

The network and the detector are toys that load at once, so that a kill meets the writing of rows, fields and files, and not
the loading of weights. Every batch adds a byte to the file that ``TICKS`` names: so the other side knows how far it is.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import faceqgen_core.assessor
import faceqgen_core.restoration
from tests.core.toy_assessor import ToyDetector, ToyNetwork

TICKS = "FACEQGEN_RELIABILITY_TICKS"
BATCH, SECONDS_A_BATCH = 2, 0.02
SCORE = "@faceqgen/face-quality/score_faces"


class SlowNetwork(ToyNetwork):
    """Takes a moment for each batch: there is time to be killed in."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__()

    def restore(self, crops: Any, **options: Any) -> Any:
        time.sleep(SECONDS_A_BATCH)
        if os.environ.get(TICKS):
            with open(os.environ[TICKS], "ab") as file:
                file.write(b"." * len(crops))
        return super().restore(crops, **options)


def install() -> None:
    """Put the toys in the place of the network and the detector of this process."""
    faceqgen_core.restoration.Restorer = SlowNetwork  # type: ignore[misc, assignment]
    faceqgen_core.assessor.MTCNNDetector = lambda **options: ToyDetector()  # type: ignore[misc, assignment]


def score_with_cli(images: Path, output: Path, restored: Path) -> int:
    """``faceqgen score``; returns its exit status."""
    from faceqgen_core.cli import main

    options = ["--restored-dir", str(restored), "--batch-size", str(BATCH)]
    return main(["score", str(images), "--output", str(output), *options])


def score_with_operator(dataset: Any, restored: Path) -> dict[str, Any]:
    """The operator ``score_faces``, with a chunk for every second batch; returns its summary."""
    import importlib

    import fiftyone.operators as foo

    operator = foo.get_operator(SCORE)
    package = type(operator).__module__.rsplit(".operators", 1)[0]
    run: Any = importlib.import_module(f"{package}.scoring.run")
    usual, run.CHUNK_SAMPLES = run.CHUNK_SAMPLES, 2 * BATCH
    options = {"restored_dir": str(restored), "heatmap": True, "batch_size": BATCH}
    try:
        return operator(dataset, **options, progress=False)
    finally:
        run.CHUNK_SAMPLES = usual


if __name__ == "__main__":
    install()
    if sys.argv[1] == "cli":
        sys.exit(score_with_cli(*map(Path, sys.argv[2:])))
    import fiftyone

    score_with_operator(fiftyone.load_dataset(sys.argv[2]), Path(sys.argv[3]))
