"""``score_faces`` again and again in one App server, as the App asks for it: does the server's memory grow?"""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import psutil

from benchmarks.in_fiftyone import scoring
from faceqgen_core.bench.compared.images import write_photographs
from faceqgen_core.bench.compared.sizes import Sizes
from faceqgen_core.bench.row import Row
from tests.app.browser import app_server

PHOTOGRAPHS = 20
SETTLED = 2
"""Runs after which everything is loaded: the networks, and the graphs for full and half-full batches."""


def server_rows(folder: Path, sizes: Sizes, preset: str, device: str) -> list[Row]:
    """Resident size of the server after the last run beside that after the second."""
    paths = write_photographs(folder / "photographs", min(PHOTOGRAPHS, sizes.photographs))
    dataset = scoring.dataset_of(paths, len(paths))
    params = {"preset": preset, "device": device, "skip_scored": False, "heatmap": True}
    found = []
    with app_server(folder / "server.log") as address:
        # A database that this process has started is its child as well.
        (server,) = (p for p in psutil.Process().children() if _is_server(p.cmdline()))
        for _ in range(sizes.runs):
            _execute(address, dataset, params)
            found.append(server.memory_info().rss / 1e6)
    what = f"server after {len(found)} runs over {len(paths)} photographs"
    note = "after each, MB: " + " ".join(f"{size:.0f}" for size in found)
    settled = found[SETTLED - 1]
    return [
        Row(
            "operators",
            what,
            found[-1],
            "MB",
            f"after {SETTLED}",
            settled,
            bound="operators",
            note=note,
        )
    ]


def _is_server(command: list[str]) -> bool:
    return any(Path(part).parts[-2:] == ("server", "main.py") for part in command)


def _execute(address: str, dataset: Any, params: dict[str, Any]) -> None:
    """One run through the server.

    Raises:
        RuntimeError: it did not score every sample.
    """
    body = {"operator_uri": scoring.SCORE, "dataset_name": dataset.name, "params": params}
    request = urllib.request.Request(
        f"{address}/operators/execute/generator",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:  # our own server  # nosec B310
        told = answer.read().decode()
    dataset.reload()
    scored = (
        dataset.exists("faceqgen.status").count() if "faceqgen" in dataset.get_field_schema() else 0
    )
    if scored != len(dataset):
        raise RuntimeError(f"the server did not score every sample: {told[-300:]}")
