"""A second run, a stopped run, another preset: what is there is kept, and never silently replaced."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from faceqgen_core import load_preset
from tests.plugin.conftest import make_dataset


@pytest.fixture
def other_preset(preset, tmp_path) -> Path:
    """The preset under test under another name, so with another identifier."""
    folder = tmp_path / "other"
    shutil.copytree(load_preset(preset).folder, folder)
    config = json.loads((folder / "config.json").read_text())
    config["name"] = "other"
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_a_second_run_scores_only_the_samples_that_came_since(pictures, operator, preset):
    import fiftyone as fo

    dataset = make_dataset(pictures["one"])
    operator(dataset, preset=preset, restored=False)
    dataset.set_values("faceqgen.quality", [12.5])  # would be replaced by a second scoring
    dataset.add_samples([fo.Sample(filepath=str(pictures[name])) for name in ("two", "none")])
    result = operator(dataset, preset=preset, restored=False)
    assert result["counts"] == {"scored": 1, "no_face": 1} and result["skipped"] == 1
    dataset.reload()
    assert dataset.first().faceqgen.quality == 12.5
    assert dataset.values("faceqgen.status") == ["scored", "scored", "no_face"]
    dataset.delete()


def test_a_run_with_nothing_left_to_do_says_so_and_leaves_no_record(pictures, operator, preset):
    dataset = make_dataset(pictures["none"])
    operator(dataset, preset=preset)
    result = operator(dataset, preset=preset)
    assert result["skipped"] == 1 and "skip_scored" in result["notices"][0]
    assert len(dataset.list_runs()) == 1
    dataset.delete()


def test_without_skip_scored_everything_is_scored_anew(one_face, operator, preset):
    operator(one_face, preset=preset, restored=False)
    first = one_face.first().faceqgen.quality
    one_face.set_values("faceqgen.quality", [None])
    result = operator(one_face, preset=preset, restored=False, skip_scored=False)
    one_face.reload()
    assert result["counts"] == {"scored": 1}
    assert one_face.first().faceqgen.quality == pytest.approx(first, abs=1e-4)
    assert len(one_face.list_runs()) == 2


def test_a_stopped_run_keeps_its_chunks_and_the_next_one_goes_on(
    dataset, operator, part, preset, monkeypatch
):
    runner, settings = part("scoring.run"), part("scoring.settings")
    monkeypatch.setattr(runner, "CHUNK_SAMPLES", 1)
    chosen = settings.ScoreSettings(preset=preset, batch_size=1, restored=False)
    run = iter(runner.ScoringRun(dataset, chosen))
    next(run)
    run.close()  # as when the App's tab is closed
    dataset.reload()
    assert dataset.values("faceqgen.status") == ["scored", None, None, None]
    (key,) = dataset.list_runs()
    assert dataset.get_run_info(key).config.complete is False
    result = operator(dataset, preset=preset, restored=False)
    assert result["skipped"] == 1 and sum(result["counts"].values()) == 3
    dataset.reload()
    assert None not in dataset.values("faceqgen.status")


def test_another_preset_does_not_join_a_field_that_is_scored(
    pictures, operator, preset, other_preset
):
    import fiftyone as fo

    dataset = make_dataset(pictures["none"])
    operator(dataset, preset=preset)
    dataset.add_sample(fo.Sample(filepath=str(pictures["truncated"])))
    with pytest.raises(ValueError, match=r"holds scores of preset .* Choose another name"):
        operator(dataset, preset=str(other_preset))
    dataset.delete()


def test_another_preset_replaces_no_part_of_a_field_but_all_of_it_if_told_so(
    pictures, operator, preset, other_preset
):
    dataset = make_dataset(pictures["none"], pictures["truncated"])
    operator(dataset, preset=preset)
    with pytest.raises(ValueError, match="cannot be compared"):
        operator(dataset.limit(1), preset=str(other_preset), skip_scored=False)
    operator(dataset, preset=str(other_preset), skip_scored=False)
    dataset.reload()
    assert dataset.distinct("faceqgen.preset") == [load_preset(other_preset).identifier]
    assert len(dataset.list_runs()) == 2
    dataset.delete()


def test_two_presets_live_side_by_side_in_fields_of_their_own(
    pictures, operator, preset, other_preset
):
    dataset = make_dataset(pictures["none"])
    operator(dataset, preset=preset)
    operator(dataset, preset=str(other_preset), field="second")
    dataset.reload()
    first, second = dataset.first().faceqgen.preset, dataset.first().second.preset
    assert first != second and second.startswith("other@")
    dataset.delete()
