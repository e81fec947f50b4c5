"""The record of a run: there from its first byte on, true after every chunk, and ended in every kind of end."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import pytest

from tests.conftest import ROOT
from tests.plugin.conftest import make_dataset

DELETE = "@faceqgen/face-quality/delete_face_quality"

KILLED = """
import os, signal, sys
import fiftyone as fo, fiftyone.operators as foo
name, folder, preset, chunks = sys.argv[1:]
operator = foo.get_operator("@faceqgen/face-quality/score_faces")
package = type(operator).__module__.rsplit(".operators", 1)[0]
runner = __import__(package + ".scoring.run", fromlist=["*"])
settings = __import__(package + ".scoring.settings", fromlist=["*"])
runner.CHUNK_SAMPLES = 1
chosen = settings.ScoreSettings(preset=preset, faces="crop", batch_size=1, restored_dir=folder)
run = iter(runner.ScoringRun(fo.load_dataset(name), chosen))
for _ in range(int(chunks)):
    next(run)
os.kill(os.getpid(), signal.SIGKILL)
"""


def _killed_run(dataset: Any, folder: Path, preset: str, *, chunks: int) -> None:
    """A run in a process of its own that is killed after some chunks."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", KILLED, dataset.name, str(folder), preset, str(chunks)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]


@pytest.fixture
def crops(pictures) -> Any:
    dataset = make_dataset(pictures["one"], pictures["none"], pictures["two"])
    dataset.persistent = True  # a killed process must not take it along
    yield dataset
    dataset.delete()


def _config(dataset: Any) -> Any:
    (key,) = dataset.list_runs()
    return dataset.get_run_info(key).config


def test_the_record_is_there_from_the_first_chunk_on_and_keeps_count(crops, begin):
    run = begin(crops)
    next(run)
    config = _config(crops)
    assert (config.complete, config.state, config.samples) == (False, "running", 1)
    next(run)
    assert _config(crops).samples == 2
    for _ in run:
        pass
    config = _config(crops)
    assert (config.complete, config.state, config.samples) == (True, "finished", 3)
    assert set(config.fields) == {"faceqgen", "faceqgen_faces"}


def test_a_generator_that_is_dropped_ends_its_record_and_frees_the_field(crops, begin, part):
    run = begin(crops)
    next(run)
    del run
    gc.collect()
    assert (_config(crops).state, _config(crops).samples) == ("stopped", 1)
    part("dataset.lease").Lease(crops, "faceqgen", "a test").require_free()


def test_a_run_that_fails_says_so_and_counts_what_was_written_alone(crops, begin):
    run = begin(crops)
    next(run)
    field = crops.get_field("faceqgen")
    field.read_only = True
    field.save()
    with pytest.raises(ValueError, match="read-only"):
        next(run)
    config = _config(crops)
    assert (config.state, config.samples, config.counts) == ("failed", 1, {"scored": 1})
    assert crops.values("faceqgen.status") == ["scored", None, None]


def test_runs_that_begin_in_one_second_have_names_of_their_own(part, preset):
    from faceqgen_core import load_preset

    records, summary = part("dataset.run_records"), part("scoring.progress").Summary("faceqgen")
    settings = part("scoring.settings").ScoreSettings(preset=preset)
    dataset = fo.Dataset()
    loaded = load_preset(preset)
    keys = {
        records.RunRecord(dataset, settings, summary, loaded, ["faceqgen"]).key for _ in range(5)
    }
    assert len(keys) == 5 == len(dataset.list_runs())
    dataset.delete()


def test_a_second_run_on_the_same_field_is_told_that_one_is_under_way(
    crops, begin, operator, preset
):
    run = begin(crops)
    next(run)
    with pytest.raises(ValueError, match=r"scoring of 'faceqgen' in .* is under way since"):
        operator(crops, preset=preset, faces="crop", restored=False)
    with pytest.raises(ValueError, match="is under way"):
        foo.get_operator(DELETE)(crops)
    for _ in run:
        pass
    crops.reload()
    assert crops.values("faceqgen.status") == ["scored"] * 3 and len(crops.list_runs()) == 1


def test_two_runs_at_once_on_two_fields_both_complete(crops, begin):
    first, second = begin(crops), begin(crops, field="second")
    for _ in range(4):
        next(first, None)
        next(second, None)
    crops.reload()
    for field in ("faceqgen", "second"):
        assert crops.values(f"{field}.status") == ["scored"] * 3
        assert f"{field}.quality" in crops.list_indexes()
    configs = [crops.get_run_info(key).config for key in crops.list_runs()]
    assert [config.complete for config in configs] == [True, True]


def test_a_run_that_slept_until_another_took_the_field_over_writes_nothing_more(
    crops, begin, part, monkeypatch
):
    lease = part("dataset.lease")
    run = begin(crops)
    next(run)
    monkeypatch.setattr(lease, "_alive", lambda holder: False)  # as when its time has run out
    other = begin(crops)
    next(other)
    before = crops.values("faceqgen.status")
    with pytest.raises(lease.LeaseLost, match="another run has taken the field over"):
        next(run)
    crops.reload()
    assert crops.values("faceqgen.status") == before
    other.close()


def test_after_kill_9_the_record_is_true_the_next_run_does_the_rest_and_delete_finds_every_file(
    crops, operator, preset, tmp_path
):
    _killed_run(crops, tmp_path, preset, chunks=1)
    crops.reload()
    config = _config(crops)
    assert (config.complete, config.state, config.samples) == (False, "running", 1)
    assert crops.values("faceqgen.status") == ["scored", None, None]
    crops.set_values("faceqgen.quality", [12.5, None, None])  # would be lost by a second scoring
    result = operator(crops, preset=preset, faces="crop", restored_dir=str(tmp_path))
    assert result["counts"] == {"scored": 2} and result["skipped"] == 1
    crops.reload()
    assert crops.first().faceqgen.quality == 12.5
    states = [crops.get_run_info(key).config.state for key in crops.list_runs()]
    assert sorted(states) == ["finished", "interrupted"]
    folder = tmp_path / "faceqgen"
    shown = {Path(p).name for p in crops.values("faceqgen.restored_path")}
    shown |= {Path(p[0]).name for p in crops.values("faceqgen_faces.detections.restored_path")}
    assert {p.name for p in folder.iterdir()} == {*shown, "manifest.jsonl"}  # nothing orphaned
    foo.get_operator(DELETE)(crops)
    assert not folder.exists()


def test_files_of_a_killed_run_are_deleted_with_its_record_alone(crops, preset, tmp_path):
    _killed_run(crops, tmp_path, preset, chunks=2)
    folder = tmp_path / "faceqgen"
    half = folder / f".{crops.last().id}.png.{'0' * 32}.tmp"
    half.write_bytes(b"half")
    with (folder / "manifest.jsonl").open("a") as manifest:  # announced, then killed
        manifest.write(f'{{"sample": "{crops.last().id}", "files": ["{crops.last().id}.png"], ')
        manifest.write(f'"dataset": "{crops._doc.id}"}}\n')
    crops.reload()
    result = foo.get_operator(DELETE)(crops)
    assert result["deleted"] == 4 and result["temporary"] == 1 and not folder.exists()
    assert crops.list_runs() == []
