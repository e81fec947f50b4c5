"""A real Ray cluster of two nodes on this machine: the rows are those of one process, though a node is killed."""

from __future__ import annotations

import csv
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.reliability import batches
from faceqgen_core.cli import main
from faceqgen_core.distributed import score
from faceqgen_core.image_io import save_png
from faceqgen_core.tables.score_table import SCORES
from tests.core.distributed.ray_toys import take_toys
from tests.images import lfw_faces, plain

ray = pytest.importorskip("ray", reason="the extra ray is not installed: make test-ray")
pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
STORE = 100_000_000
"""Bytes of the shared memory of a node; what travels is small."""


@pytest.fixture
def cluster(monkeypatch) -> Iterator[Any]:
    """A node for whoever starts the runs, and another one; one processor each."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # of the processes that it starts
    monkeypatch.setenv("RAY_memory_monitor_refresh_ms", "0")
    options = {"num_cpus": 1, "object_store_memory": STORE, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=options)
    other = cluster.add_node(num_cpus=1, object_store_memory=STORE)
    cluster.wait_for_nodes()
    cluster.other = other
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture(params=["toys", "networks"])
def connected(request, cluster, monkeypatch) -> Any:
    """The cluster, connected to, with toys in the place of the networks or with these."""
    environment = {}
    if request.param == "toys":
        import faceqgen_core.assessor
        import faceqgen_core.restoration

        for module, name in (
            (faceqgen_core.restoration, "Restorer"),
            (faceqgen_core.assessor, "MTCNNDetector"),
        ):
            monkeypatch.setattr(module, name, getattr(module, name))  # put back at the end
        take_toys()
        environment = {"worker_process_setup_hook": take_toys}
    ray.init(address=cluster.address, runtime_env=environment)
    return cluster


@pytest.fixture
def crops(tmp_path) -> Path:
    """Twelve crops of faces, one of them broken, and a picture that is too small."""
    folder = tmp_path / "crops"
    folder.mkdir()
    for number, face in enumerate(lfw_faces(12)):
        save_png(folder / f"{number:02d}.png", face)
    whole = (folder / "05.png").read_bytes()
    (folder / "05.png").write_bytes(whole[: len(whole) // 2])
    save_png(folder / "12.png", plain(8, 8))
    return folder


def cells(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def rows_of(output: Path) -> list[dict[str, Any]]:
    from faceqgen_core.tables.score_parquet import files_in, read_rows

    return [row for file in files_in(str(output)) for row in read_rows(file)]


def as_cells(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The rows as the CSV has them."""
    from faceqgen_core.tables.score_table import _cell

    return [{k: _cell(v) for k, v in row.items() if k != "sample_id"} for row in rows]


def assert_same_rows(rows: list[dict[str, str]], expected: list[dict[str, str]]) -> None:
    """The same rows; the scores of real networks to rounding, for parts and one process cut them into other groups."""
    for row, other in zip(rows, expected, strict=True):
        assert row.keys() == other.keys()
        for name, cell in row.items():
            if name in SCORES and cell and other[name]:
                within = batches.QUALITY if name == "quality" else batches.NATIVE
                assert float(cell) == pytest.approx(float(other[name]), rel=0, abs=within), name
            else:
                assert cell == other[name], name


def killed_after(first: Path, cluster: Any) -> threading.Thread:
    """Kills the other node as soon as a part is there."""

    def kill() -> None:
        deadline = time.monotonic() + 600
        while not list(first.glob("part-*.parquet")) and time.monotonic() < deadline:
            time.sleep(0.05)
        cluster.remove_node(cluster.other, allow_graceful=False)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def test_a_node_that_is_killed_loses_nothing_and_the_rows_are_those_of_one_process(
    connected, crops, tmp_path, preset
):
    one, output = tmp_path / "one.csv", tmp_path / "parts"
    assert main(["score", str(crops), "--crops", "--preset", preset, "--output", str(one)]) == 0
    killer = killed_after(output, connected)
    run = score(crops, output, faces="crop", preset=preset, part_size=1)
    killer.join()
    assert sum(node["Alive"] for node in ray.nodes()) == 1
    expected = cells(one)
    assert_same_rows(as_cells(rows_of(output)), expected)
    assert run.counts == {"scored": 11, "unreadable": 1, "too_small": 1}
    assert run.images == run.parts == 13
    assert sorted(p.name for p in output.iterdir()) == sorted(p.name for p in output.glob("part-*"))
    # all is done: nothing is scored again, not even a part that is taken away alone
    times = {file: file.stat().st_mtime_ns for file in output.iterdir()}
    gone = sorted(times)[3]
    gone.unlink()
    again = score(crops, output, faces="crop", preset=preset, part_size=1)
    assert again.earlier == 12 and again.counts.total() == 1
    after = {file: file.stat().st_mtime_ns for file in output.iterdir()}
    assert {file for file in times if after[file] != times[file]} == {gone}
    assert_same_rows(as_cells(rows_of(output)), expected)
