"""The forms: presets and devices are choices, what is seldom changed is folded away, the cost is told before."""

from __future__ import annotations

import shutil
from typing import Any

import fiftyone.operators as foo
import pytest
from fiftyone.operators.executor import ExecutionContext, Executor

from faceqgen_core.presets import load_preset
from tests.images import no_face
from tests.plugin.conftest import SCORE, form_of, make_dataset, sent_to_app
from tests.videos import write_video

FACES = "@faceqgen/face-quality/faces_dataset"
FOLDED = {
    *("device", "batch_size", "max_pixels", "small_faces"),
    *("restored_dir", "retry_failed", "extra_scores"),
}


def _values(prop: dict[str, Any]) -> list[str]:
    return [choice["value"] for choice in prop["view"]["choices"]]


@pytest.mark.parametrize("uri", [SCORE, FACES])
def test_the_preset_is_chosen_from_those_there_are_or_named_by_its_path(uri, scored):
    form = form_of(uri, scored, {})
    assert _values(form["preset"])[0] == "faceqgen-128" == form["preset"]["default"]
    assert _values(form["preset"])[-1] == "(other)" and "other_preset" not in form
    other = form_of(uri, scored, {"preset": "(other)"})["other_preset"]
    assert other["invalid"] and "Name it" in other["error_message"]
    named = form_of(uri, scored, {"preset": "(other)", "other_preset": "/there"})
    assert not named["other_preset"]["invalid"]


def test_presets_in_the_users_folder_and_of_earlier_runs_are_found(
    one_face, score, tmp_path, monkeypatch
):
    monkeypatch.setenv("FACEQGEN_HOME", str(tmp_path))
    mine, used = tmp_path / "presets" / "mine", tmp_path / "used"
    for folder in (mine, used):
        shutil.copytree(load_preset().folder, folder)
    score(one_face, preset=str(used), restored=False)
    assert {str(mine), str(used)} < set(_values(form_of(SCORE, one_face, {})["preset"]))
    shutil.rmtree(used)
    assert str(used) not in _values(form_of(SCORE, one_face, {})["preset"])


def test_a_path_that_is_typed_is_the_preset_of_the_run(one_face, tmp_path):
    folder = tmp_path / "door"
    shutil.copytree(load_preset().folder, folder)
    sent_to_app(SCORE, one_face, {"preset": "(other)", "other_preset": f" {folder} "})
    one_face.reload()
    (key,) = one_face.list_runs()
    assert one_face.get_run_info(key).config.parameters["preset"] == str(folder)
    with pytest.raises(ValueError, match="does not say which"):
        sent_to_app(SCORE, one_face, {"preset": "(other)"})


def test_devices_are_those_of_the_machine(one_face, part, tmp_path, monkeypatch):
    choices = part("operators.choices")
    monkeypatch.setattr(choices, "_GPUS", tmp_path / "none")
    form = form_of(SCORE, one_face, {"more": True})
    assert _values(form["device"]) == ["auto", "cpu", "(other)"]
    for address in ("0000:01:00.0", "0000:02:00.0"):
        (tmp_path / "gpus" / address).mkdir(parents=True)
    monkeypatch.setattr(choices, "_GPUS", tmp_path / "gpus")
    form = form_of(SCORE, one_face, {"more": True, "device": "(other)"})
    assert _values(form["device"]) == ["auto", "cpu", "gpu:0", "gpu:1", "(other)"]
    assert form["other_device"]["invalid"]
    # what a script names is not refused by the form
    assert "gpu" in _values(form_of(SCORE, one_face, {"more": True, "device": "gpu"})["device"])


def test_what_is_seldom_changed_is_folded_away_and_named_where_it_was_changed(one_face):
    folded = form_of(SCORE, one_face, {})
    assert not FOLDED & set(folded)
    assert folded["more"]["view"]["description"] == (
        "device, batch_size, max_pixels, small_faces, restored_dir, retry_failed, extra_scores"
    )
    changed = form_of(SCORE, one_face, {"batch_size": 8})
    assert changed["more"]["view"]["description"] == "Changed: batch_size: 8"
    assert set(form_of(SCORE, one_face, {"more": True})) > FOLDED


def test_the_form_says_how_many_images_and_about_how_long(dataset, score, part, preset):
    module = part("scoring.estimate")
    module._MEASURED.clear()
    view = form_of(SCORE, dataset, {})["estimate"]["view"]
    assert view["label"] == "4 images: about ten seconds"
    assert view["description"].startswith("3 images a second: a guess")
    score(dataset.limit(1), restored=False)
    left = form_of(SCORE, dataset, {})["estimate"]["view"]
    assert left["label"].startswith("3 images:")
    again = form_of(SCORE, dataset, {"skip_scored": False})["estimate"]["view"]
    assert again["label"].startswith("4 images:")
    score(dataset, restored=False)
    done = form_of(SCORE, dataset, {})["estimate"]["view"]
    assert done["label"] == "Nothing to score: all of them have a status"
    failed = form_of(SCORE, dataset, {"retry_failed": True})["estimate"]["view"]
    assert failed["label"].startswith("1 image:")


def test_the_time_is_taken_from_the_last_run_of_the_process_or_of_the_data_set(
    pictures, score, part
):
    module = part("scoring.estimate")
    module._MEASURED.clear()
    dataset = make_dataset(*[pictures["none"]] * 9)
    try:
        score(dataset, restored=False, faces="crop")
        (rate,) = module._MEASURED.values()
        asked = {"faces": "crop", "skip_scored": False}
        told = form_of(SCORE, dataset, asked)["estimate"]["view"]["description"]
        assert told == f"{rate:.2g} images a second: measured by the last run of this process"
        module._MEASURED.clear()
        told = form_of(SCORE, dataset, asked)["estimate"]["view"]["description"]
        assert told.endswith("measured by the last run on this data set")
        told = form_of(SCORE, dataset, {**asked, "faces": "detect"})["estimate"]["view"]
        assert "a guess" in told["description"]
    finally:
        dataset.delete()
        module._MEASURED.clear()


def test_of_videos_the_frames_are_told(tmp_path, part):
    dataset = make_dataset(write_video(tmp_path / "a.avi", [no_face()] * 3))
    try:
        view = form_of(SCORE, dataset, {"max_frames": 50})["estimate"]["view"]
        assert view["label"].startswith("1 video, at most 50 frames: about")
        dataset.compute_metadata()
        lengths = dataset.values("metadata.duration")
        if lengths == [None]:  # no ffprobe on this machine
            return
        view = form_of(SCORE, dataset, {"max_frames": 50, "fps": 10})["estimate"]["view"]
        assert f"at most {round(lengths[0] * 10)} frames" in view["label"]
    finally:
        dataset.delete()


def test_times_are_told_as_people_say_them(part):
    time_in_words = part("scoring.estimate").time_in_words
    assert [time_in_words(s) for s in (3, 25, 50, 100, 3600, 3700, 90_000, 400_000)] == [
        "ten seconds",
        "half a minute",
        "a minute",
        "2 min",
        "1 h",
        "1 h 2 min",
        "1 d 1 h",
        "4 d 15 h",
    ]


def test_opening_the_panel_closes_the_window_of_the_result(scored):
    request = {"dataset_name": scored.name, "params": {}}
    context = ExecutionContext(request, executor=Executor())
    foo.get_operator("@faceqgen/face-quality/open_face_quality").execute(context)
    asked = [r.operator_uri for r in context.executor._requests]
    assert asked == ["open_panel", "@faceqgen/face-quality/close_result"]
