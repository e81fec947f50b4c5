"""One run in parts that work at the same time, each on samples of its own: as many workers as there are parts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import fiftyone.core.odm as foodm
import fiftyone.operators as foo
import pytest
from bson import ObjectId
from fiftyone.operators.delegated import DelegatedOperationService
from fiftyone.operators.store import ExecutionStore

from tests.conftest import ROOT
from tests.plugin.conftest import SCORE, make_dataset

DELETE = "@faceqgen/face-quality/delete_face_quality"

PART = """
import pathlib, sys, time
import fiftyone as fo, fiftyone.core.odm as foodm, fiftyone.operators as foo
name, folder, preset, me, other, *ids = sys.argv[1:]
operator = foo.get_operator("@faceqgen/face-quality/score_faces")
package = type(operator).__module__.rsplit(".operators", 1)[0]
runner = __import__(package + ".scoring.run", fromlist=["*"])
settings = __import__(package + ".scoring.settings", fromlist=["*"])
runner.CHUNK_SAMPLES = 1

def meet(place):
    pathlib.Path(folder, place + me).touch()
    deadline = time.monotonic() + 300
    while not pathlib.Path(folder, place + other).exists():
        assert time.monotonic() < deadline, place
        time.sleep(0.02)

chosen = settings.ScoreSettings(preset=preset, faces="crop", batch_size=1, heatmap=True, part_of="both")
run = runner.ScoringRun(fo.load_dataset(name).select(ids), chosen)
declare = run._declare

def declare_and_tell():
    notices = declare()
    fields = foodm.get_db_conn().datasets.find_one({"name": name})["sample_fields"]
    print([field["created_at"] for field in fields if field["name"].startswith("faceqgen")])
    return notices

run._declare = declare_and_tell
meet("made")
steps = iter(run)
next(steps)
meet("begun")
for _ in steps:
    pass
"""


@pytest.fixture
def crops(pictures) -> Any:
    dataset = make_dataset(*[pictures[name] for name in ("one", "none", "two")] * 2)
    dataset.persistent = True  # other processes must not take it along
    yield dataset
    dataset.delete()


def _halves(dataset: Any) -> tuple[Any, Any]:
    return dataset[:3], dataset[3:]


def _configs(dataset: Any) -> list[Any]:
    dataset._doc.reload("runs")
    return [dataset.get_run_info(key).config for key in dataset.list_runs()]


def test_two_processes_score_halves_of_a_data_set_at_once_and_all_of_it_can_be_deleted(
    crops, preset, tmp_path
):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", PART, crops.name, str(tmp_path), preset, me, other, *half],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for half, me, other in zip(
            (half.values("id") for half in _halves(crops)), "ab", "ba", strict=True
        )
    ]
    told, errors = zip(*[worker.communicate(timeout=600) for worker in workers], strict=True)
    assert [worker.returncode for worker in workers] == [0, 0], "\n".join(errors)[-4000:]
    assert (
        told[0] == told[1] and told[0].count("datetime.datetime(") == 3
    )  # declared by the first, left alone by the second

    crops.reload()
    assert crops.values("faceqgen.status") == ["scored"] * 6
    configs = _configs(crops)
    ends = [(c.state, c.complete, c.samples, c.total, c.counts, c.faces) for c in configs]
    assert ends == [("finished", True, 3, 3, {"scored": 3}, 3)] * 2
    assert {c.parameters["part_of"] for c in configs} == {"both"}
    (folder,) = {Path(c.restored_dir) for c in configs}
    shown = [*crops.values("faceqgen.restored_path"), *crops.values("faceqgen_heatmap.map_path")]
    shown += crops.values("faceqgen_faces.detections.restored_path", unwind=True)
    names = {Path(path).name for path in shown}
    assert len(names) == 18 and {p.name for p in folder.iterdir()} == {*names, "manifest.jsonl"}
    lines = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    assert sorted(name for line in lines for name in line["files"]) == sorted(names)
    assert {"faceqgen.quality", "faceqgen.status"} <= set(crops.list_indexes())
    assert "higher is better" in crops.get_field("faceqgen.quality").description
    assert crops.app_config.media_fields.count("faceqgen.restored_path") == 1

    result = foo.get_operator(DELETE)(crops)
    assert (result["deleted"], result["failed"], result["kept"]) == (18, 0, 0)
    assert not folder.exists() and crops.list_runs() == []
    assert not [name for name in crops.get_field_schema() if name.startswith("faceqgen")]
    assert not [name for name in crops.list_indexes() if name.startswith("faceqgen")]


def test_the_parts_of_one_run_are_let_in_and_all_others_wait_for_the_last_of_them(crops, begin):
    first, second = (begin(half, part_of="one") for half in _halves(crops))
    next(first)
    next(second)
    other = str(ROOT / "models" / "faceqgen-128")  # the name of its preset is not theirs
    for params in ({}, {"part_of": "two"}, {"part_of": "one", "preset": other}):
        with pytest.raises(ValueError, match=r"scoring of 'faceqgen' in .* is under way since"):
            begin(crops, **params)
    list(first)
    with pytest.raises(ValueError, match="is under way"):
        foo.get_operator(DELETE)(crops)
    list(second)
    assert [(c.state, c.samples) for c in _configs(crops)] == [("finished", 3)] * 2
    assert list(begin(crops, skip_scored=False))[-1].done == 6


def test_a_part_that_has_died_is_seen_as_such_while_the_others_are_at_work(crops, begin, part):
    under_way = part("dataset.under_way")
    first, second, third = (begin(crops[i : i + 2], part_of="one") for i in (0, 2, 4))
    next(first)
    next(second)
    store = ExecutionStore.create("faceqgen_runs", dataset_id=crops._doc.id)
    entry = store.get("faceqgen")
    entry["parts"][_configs(crops)[0].holder]["until"] = 0.0
    store.set("faceqgen", entry)
    (left,) = under_way.runs_under_way(crops)
    assert left.done == 1
    next(third)  # closes the record of the dead one, and no other
    assert [c.state for c in _configs(crops)] == ["interrupted", "running", "running"]
    list(first)  # it only slept: nobody else has had the field
    list(second)
    list(third)
    assert [(c.state, c.samples) for c in _configs(crops)] == [("finished", 2)] * 3
    crops.reload()
    assert (
        crops.values("faceqgen.status") == ["scored"] * 6 and under_way.runs_under_way(crops) == []
    )


def test_a_part_that_slept_until_the_field_was_deleted_writes_nothing_more(
    crops, begin, part, monkeypatch
):
    first, second = (begin(half, part_of="one") for half in _halves(crops))
    next(first)
    list(second)
    with monkeypatch.context() as asleep:
        asleep.setattr(part("dataset.lease"), "_alive", lambda holder: False)
        foo.get_operator(DELETE)(crops)
    with pytest.raises(part("dataset.lease").LeaseLost, match="slept too long"):
        next(first)
    crops.reload()
    assert not crops.has_field("faceqgen")


def test_a_part_leaves_alone_what_another_is_writing(crops, begin, tmp_path):
    first, second = (
        begin(half, part_of="one", restored=True, restored_dir=str(tmp_path))
        for half in _halves(crops)
    )
    next(first)
    being_written = tmp_path / "faceqgen" / f".{crops.first().id}.png.{'0' * 32}.tmp"
    being_written.write_bytes(b"half")
    list(second)
    assert being_written.exists()
    list(first)


def test_what_fiftyone_cuts_a_queued_run_into_are_parts_of_one_run(
    crops, part, preset, monkeypatch
):
    """The children name their parent; the open-source version makes none, so it is entered here."""
    record = part("dataset.run_records").RunRecord
    monkeypatch.setattr(part("scoring.run"), "CHUNK_SAMPLES", 1)
    params = {"preset": preset, "faces": "crop", "batch_size": 1, "restored": False}
    children = [
        foo.execute_operator(SCORE, {"view": half}, params=params, request_delegation=True)
        for half in _halves(crops)
    ]
    numbers, parent = [ObjectId(str(child.result["id"])) for child in children], ObjectId()
    foodm.get_db_conn().delegated_ops.update_many(
        {"_id": {"$in": numbers}}, {"$set": {"parent_id": parent}}
    )
    service, others = DelegatedOperationService(), []
    update = record.update

    def update_beside_another(self: Any) -> None:
        update(self)
        if not others:  # the first chunk of the first part: the second begins, and is through before the first goes on
            work = {"target": service.execute_queued_operations, "kwargs": {"operator": SCORE}}
            others.append(threading.Thread(**work))
            others[0].start()
            others[0].join()

    monkeypatch.setattr(record, "update", update_beside_another)
    service.execute_queued_operations(operator=SCORE, limit=1)
    for number in numbers:
        done = service.get(number)
        assert done.run_state == "completed", done.result.error
    crops.reload()
    assert crops.values("faceqgen.status") == ["scored"] * 6
    configs = _configs(crops)
    assert [(c.state, c.samples) for c in configs] == [("finished", 3)] * 2
    assert {c.parameters["part_of"] for c in configs} == {str(parent)}


def test_score_faces_alone_says_that_it_may_be_cut_in_parts(part, monkeypatch):
    said = {}

    def config(**values: Any) -> None:
        said[values["name"]] = values["allow_distributed_execution"]

    monkeypatch.setattr(part("operators.base").foo, "OperatorConfig", config)
    for operator in part("operators").OPERATORS:
        operator().config  # noqa: B018
    assert [name for name, may in said.items() if may] == ["score_faces"] and len(said) > 5


def test_a_fiftyone_whose_store_cannot_share_a_lease_refuses_parts_and_says_what_to_do(
    crops, begin, part, monkeypatch
):
    monkeypatch.setattr(part("dataset.lease"), "CAN_BE_SHARED", False)
    with pytest.raises(ValueError, match=r"from FiftyOne 1\.22 on"):
        begin(crops, part_of="one")
    assert list(begin(crops))[-1].done == 6
