"""The rows of the benchmark that need FiftyOne, with small counts; the targets are not judged here."""

from __future__ import annotations

import dataclasses

import pytest

from faceqgen_core.bench.compared.images import write_crops
from faceqgen_core.bench.compared.sizes import Sizes

SMALL = dataclasses.replace(Sizes.quick(), crops=32, samples=(8, 40), scored=8, rounds=1)


def test_the_import_of_the_plugin_is_timed_and_brings_no_tensorflow():
    from benchmarks.in_fiftyone.plugin_import import import_rows

    seconds, loaded = import_rows(1)
    assert 0 < seconds.figure < 30 and seconds.bound == "import"
    assert loaded.figure == 0 and loaded.met


def test_what_is_not_the_core_s_time_is_fiftyone_s_and_a_stand_in_is_said_to_be_one(
    tmp_path, preset
):
    from benchmarks.in_fiftyone import writes

    small, large, rate = writes.writes_rows(tmp_path, SMALL, preset, "cpu")
    assert "8 samples" in small.what and "really scored" in small.note
    assert "40 samples" in large.what and writes.STAND_IN in large.note
    assert 0 < small.compared < 1 and 0 < large.compared < 1
    assert 0 < rate.compared <= 1 and rate.bound == "writes, rate"


def test_a_stand_in_hands_out_what_was_really_found(tmp_path, preset):
    from benchmarks.in_fiftyone import scoring

    dataset = scoring.dataset_of(write_crops(tmp_path, 2), 5)
    assert len(dataset) == 5 and len(set(dataset.values("id"))) == 5
    options = {"preset": preset, "device": "cpu", "restored": False}
    with scoring.clocked() as clocks:
        scoring.score(dataset, **options)
    (clock,) = clocks
    assert clock.seconds > 0 and len(clock.made) == 5
    real = dataset.values("faceqgen.quality")
    with scoring.clocked(clock.made[:2], clock._assessor) as clocks:
        scoring.score(dataset, **options)
    dataset.reload()
    assert dataset.values("faceqgen.quality") == [real[i % 2] for i in range(5)]
    dataset.delete()


@pytest.mark.slow
def test_crops_are_scored_and_written_in_turn_with_the_bare_forward_pass(tmp_path, preset):
    from benchmarks.in_fiftyone.written import written_rows

    rows = written_rows(tmp_path, SMALL, preset, "cpu")
    assert [row.bound for row in rows] == ["written", "written, restored"]
    assert all(row.compared > 0 and row.met is not None for row in rows)


@pytest.mark.slow
def test_the_server_runs_the_operator_again_and_again_and_its_memory_is_read(tmp_path, preset):
    from benchmarks.in_fiftyone.server_runs import server_rows

    sizes = dataclasses.replace(SMALL, photographs=1, runs=3)
    (row,) = server_rows(tmp_path, sizes, preset, "cpu")
    assert row.figure > 100 and row.other > 100 and row.note.count(" ") >= 5


@pytest.mark.app
@pytest.mark.slow
def test_the_panel_is_opened_beside_fiftyone_s_own(tmp_path, chromium_path):
    from benchmarks.in_fiftyone.app_panels import panel_rows

    rows = panel_rows(tmp_path, dataclasses.replace(SMALL, panel=500))
    assert [row.bound for row in rows] == ["panel"] * 2 + ["panel, beside"] * 2
    assert all(row.figure is not None for row in rows)


@pytest.fixture
def chromium_path():
    """Path of a Chromium; where there is none the test is left out."""
    from tests.app.browser import chromium_or_reason

    return chromium_or_reason()
