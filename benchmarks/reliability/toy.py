"""A run that can be killed: ``python -m benchmarks.reliability.toy cli|operator|delegated ...``.

The network and the detector are toys that load at once, so that a kill meets the writing of rows, fields and files, and not
the loading of weights. Every batch adds a byte to the file that ``TICKS`` names: so the other side knows how far it is.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import faceqgen_core.assessor
import faceqgen_core.restoration
from tests.core.toy_assessor import ToyDetector, ToyNetwork

TICKS = "FACEQGEN_RELIABILITY_TICKS"
HOLD = "FACEQGEN_RELIABILITY_HOLD"
"""Names a file: while it is there, no batch after the first is done."""
BATCH, SECONDS_A_BATCH = 2, 0.02
SCORE = "@faceqgen/face-quality/score_faces"


class SlowNetwork(ToyNetwork):
    """Takes a moment for each batch: there is time to be killed in."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__()

    def restore(self, crops: Any, **options: Any) -> Any:
        time.sleep(SECONDS_A_BATCH)
        hold = os.environ.get(HOLD)
        while self.batches and hold and os.path.exists(hold):
            time.sleep(0.01)
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


def score_with_operator(dataset: Any, restored: Path | None, **options: Any) -> dict[str, Any]:
    """The operator ``score_faces``, with a chunk for every second batch; returns its summary."""
    operator = _operator()
    with _small_chunks(operator):
        return operator(dataset, **_options(restored), **options, progress=False)


def score_delegated(dataset: Any, restored: Path) -> None:
    """Queue ``score_faces`` and do what is queued, as a worker of ``fiftyone delegated launch`` does it."""
    import fiftyone.operators as foo
    from fiftyone.operators.delegated import DelegatedOperationService

    params = _options(restored)
    queued = foo.execute_operator(
        SCORE, {"dataset": dataset}, params=params, request_delegation=True
    )
    service = DelegatedOperationService()
    with _small_chunks(_operator()):
        service.execute_operation(service.get(queued.result["id"]))
    done = service.get(queued.result["id"])
    if done.run_state != "completed":
        raise RuntimeError(f"the delegated run has ended as {done.run_state}: {done.result}")


def _operator() -> Any:
    import fiftyone.operators as foo

    return foo.get_operator(SCORE)


def _options(restored: Path | None) -> dict[str, Any]:
    if restored is None:
        return {"restored": False, "batch_size": BATCH}
    return {"restored_dir": str(restored), "heatmap": True, "batch_size": BATCH}


@contextmanager
def _small_chunks(operator: Any) -> Iterator[None]:
    package = type(operator).__module__.rsplit(".operators", 1)[0]
    run: Any = importlib.import_module(f"{package}.scoring.run")
    usual, run.CHUNK_SAMPLES = run.CHUNK_SAMPLES, 2 * BATCH
    try:
        yield
    finally:
        run.CHUNK_SAMPLES = usual


def main(kind: str, *rest: str) -> int:
    """Score; returns the exit status."""
    install()
    if kind == "cli":
        return score_with_cli(*map(Path, rest))
    import fiftyone

    name, restored, *field = rest
    dataset = fiftyone.load_dataset(name)
    if kind == "delegated":
        score_delegated(dataset, Path(restored))
    else:
        options = {"field": field[0]} if field else {}
        score_with_operator(dataset, Path(restored) if restored else None, **options)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
