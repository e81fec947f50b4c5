"""``delete_face_quality``: what it removes, what it keeps, and that it asks."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import pytest

from tests.plugin.conftest import form_of, make_dataset, sent_to_app

DELETE = "@faceqgen/face-quality/delete_face_quality"


@pytest.fixture
def delete() -> Any:
    return foo.get_operator(DELETE)


@pytest.fixture
def run(pictures, score, tmp_path) -> Iterator[Any]:
    """One picture with one face, scored with everything, its files in ``tmp_path / "files" / "faceqgen"``."""
    dataset = make_dataset(pictures["one"], mine="kept")
    score(dataset, restored_dir=str(tmp_path / "files"), heatmap=True)
    yield dataset
    dataset.delete()


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "files" / "faceqgen"


def _add_to_manifest(folder: Path, *names: str) -> None:
    with (folder / "manifest.jsonl").open("a") as manifest:
        manifest.write(json.dumps({"sample": "x", "files": list(names)}) + "\n")


def test_fields_indexes_records_files_and_the_media_field_go_and_nothing_else(
    run, delete, folder, pictures
):
    run.app_config.grid_media_field = "faceqgen.restored_path"
    run.save()
    before = set(run.get_field_schema()) - {"faceqgen", "faceqgen_faces", "faceqgen_heatmap"}
    result = delete(run)
    run.reload()
    assert set(run.get_field_schema()) == before and run.first().mine == "kept"
    assert not [name for name in run.list_indexes() if name.startswith("faceqgen")]
    assert run.list_runs() == []
    assert run.app_config.media_fields == ["filepath"]
    assert run.app_config.grid_media_field == "filepath"
    assert not folder.exists() and pictures["one"].is_file()
    assert (result["deleted"], result["failed"], result["samples"]) == (3, 0, 1)


def test_a_dry_run_counts_and_changes_nothing(run, delete, folder):
    files = {path.name: path.stat().st_size for path in folder.iterdir()}
    result = delete(run, dry_run=True)
    assert result["files"] == 3 and result["deleted"] == 0
    assert result["bytes"] == sum(n for name, n in files.items() if name != "manifest.jsonl")
    assert result["fields"] == ["faceqgen", "faceqgen_faces", "faceqgen_heatmap"]
    assert len(result["runs"]) == 1 and result["indexes"] == 6
    run.reload()
    assert {p.name for p in folder.iterdir()} == set(files) and run.has_field("faceqgen")


def test_files_that_no_run_wrote_stay_with_their_folder(run, delete, folder):
    (folder / "notes.txt").write_text("mine")
    (folder / f"{'0' * 24}.png").write_text("looks like ours, but no manifest names it")
    result = delete(run)
    assert sorted(p.name for p in folder.iterdir()) == [f"{'0' * 24}.png", "notes.txt"]
    assert result["others"] == 2 and result["deleted"] == 3


@pytest.mark.parametrize(
    "way", ["dots", "absolute", "sub", "odd", "link", "folder", "nul", "upper"]
)
def test_what_the_manifest_names_outside_or_beside_the_files_of_a_run_is_refused(
    run, delete, folder, tmp_path, way
):
    victim = tmp_path / f"{'a' * 24}.png"
    victim.write_text("somebody else's")
    inside = folder / f"{'b' * 24}.png"
    name = {
        "dots": f"../../{victim.name}",
        "absolute": str(victim),
        "sub": f"sub/{victim.name}",
        "odd": "notes.txt",
        "link": inside.name,
        "folder": inside.name,
        "nul": f"{'c' * 24}\0.png",
        "upper": f"..\\{victim.name}",
    }[way]
    if way == "sub":
        (folder / "sub").mkdir()
        (folder / "sub" / victim.name).write_text("another's")
    if way == "odd":
        (folder / "notes.txt").write_text("mine")
    if way == "link":
        inside.symlink_to(victim)
    if way == "folder":
        inside.mkdir()
    _add_to_manifest(folder, name)
    result = delete(run)
    assert result["refused"] == [name] and result["deleted"] == 3
    assert victim.read_text() == "somebody else's"
    if way == "sub":
        assert (folder / "sub" / victim.name).is_file()
    if way == "odd":
        assert (folder / "notes.txt").read_text() == "mine"
    if way == "link":
        assert inside.is_symlink()


def test_a_manifest_that_is_damaged_is_read_as_far_as_it_goes(run, delete, folder):
    with (folder / "manifest.jsonl").open("ab") as manifest:
        manifest.write(b'\n[1, 2]\n{"files": 7}\n\xff\xfe\n{"sample": "x", "fil')
    assert delete(run)["deleted"] == 3 and not folder.exists()


def test_a_link_put_in_a_files_place_after_the_look_is_not_followed(run, part, folder, tmp_path):
    victim = tmp_path / "victim.png"
    victim.write_text("somebody else's")
    run_files = part("storage.run_folder")
    own = ["faceqgen", "faceqgen_faces", "faceqgen_heatmap"]
    found = run_files.look(folder, lambda *_: True, dataset_id=run._doc.id, own_fields=own)
    swapped = folder / found.ours[0]
    swapped.unlink()
    swapped.symlink_to(victim)
    progress = part("progress").DeletionProgress(total=len(found.ours))
    list(run_files.delete(found, progress))
    assert progress.problems == [f"{found.path}/{swapped.name}: no plain file any more"]
    assert (progress.deleted, progress.failed) == (len(found.ours) - 1, 1)
    assert victim.is_file() and swapped.is_symlink()
    left = json.loads((folder / "manifest.jsonl").read_text())["files"]
    assert left == [swapped.name]  # the manifest knows what stayed


def test_files_that_another_data_set_still_shows_stay_until_it_lets_go(run, delete, folder):
    clone = run.clone()
    result = delete(clone)
    assert result["kept_folders"] == {str(folder): [run.name]} and result["deleted"] == 0
    assert len(list(folder.iterdir())) == 4
    run.reload()
    assert Path(run.first().faceqgen.restored_path).is_file()
    clone.delete()
    assert delete(run)["deleted"] == 3


def test_files_that_are_the_images_of_a_data_set_stay(run, delete, folder):
    crops = make_dataset(next(folder.glob("*_face0.png")))
    result = delete(run)
    assert result["kept_folders"] == {str(folder): [crops.name]} and result["deleted"] == 0
    assert not run.has_field("faceqgen")
    crops.delete()


def test_each_part_can_be_deleted_alone(run, delete, folder):
    delete(run, fields=False, runs=False)
    run.reload()
    assert not folder.exists() and run.has_field("faceqgen") and len(run.list_runs()) == 1
    delete(run, fields=False)
    run.reload()
    assert run.has_field("faceqgen") and not run.list_runs()
    delete(run)
    run.reload()
    assert not run.has_field("faceqgen")
    with pytest.raises(ValueError, match="nothing of 'faceqgen' is here to delete"):
        delete(run)


def test_a_run_whose_fields_somebody_deleted_by_hand_can_still_be_cleared_away(run, delete, folder):
    run.delete_sample_fields(["faceqgen", "faceqgen_faces", "faceqgen_heatmap"])
    form = form_of(DELETE, run, {})
    assert form["field"]["default"] == "faceqgen" and "**3** files" in form["plan"]["default"]
    result = delete(run)
    assert result["deleted"] == 3 and len(result["runs"]) == 1 and result["fields"] == []


def test_runs_of_another_field_are_left_alone(run, delete, score, tmp_path):
    score(run, field="second", restored_dir=str(tmp_path / "files"))
    delete(run)
    run.reload()
    assert run.has_field("second") and run.has_field("second_faces")
    (key,) = run.list_runs()
    assert run.get_run_info(key).config.parameters["field"] == "second"
    assert Path(run.first().second.restored_path).is_file()
    assert "second.restored_path" in run.app_config.media_fields


def test_fields_of_the_users_own_are_refused(delete):
    dataset = fo.Dataset()
    dataset.add_sample(fo.Sample(filepath="/no/such.png", faceqgen_faces="mine"))
    with pytest.raises(ValueError, match="another kind"):
        delete(dataset)
    assert dataset.first().faceqgen_faces == "mine"
    dataset.delete()


def test_fields_of_frames_go_with_those_of_their_videos(delete, part):
    dataset = fo.Dataset()
    sample = fo.Sample(filepath="/no/such.mp4", faceqgen=fo.DynamicEmbeddedDocument(quality=1.0))
    sample.frames[1] = fo.Frame(faceqgen=fo.DynamicEmbeddedDocument(quality=1.0), mine=3)
    dataset.add_sample(sample)
    fields = part("dataset.fields")
    for names in (fields.FieldNames(), fields.FieldNames().in_frames):
        fields.declare_sample(dataset, names)
    result = delete(dataset)
    assert result["fields"] == ["faceqgen", "frames.faceqgen"]
    dataset.reload()
    assert not dataset.has_field("faceqgen") and not dataset.has_frame_field("faceqgen")
    assert dataset.first().frames[1].mine == 3
    dataset.delete()


def test_saved_views_that_will_not_load_any_more_are_named(run, delete):
    run.save_view("poor", run.match(fo.ViewField("faceqgen.quality") < 50))
    run.save_view("others", run.match(fo.ViewField("mine") == "kept"))
    assert delete(run, dry_run=True)["saved_views"] == ["poor"]


def test_a_view_stands_for_its_whole_data_set(run, delete):
    delete(run.limit(0))
    run.reload()
    assert not run.has_field("faceqgen")


def test_the_form_shows_what_would_go_and_waits_for_a_yes(run, folder):
    form = form_of(DELETE, run, {})
    plan = form["plan"]["default"]
    assert "with the scores of **1** samples, 6 indexes" in plan
    assert "**1** record(s)" in plan and "**3** files" in plan and str(folder) in plan
    assert form["confirm"]["invalid"] and "say yes first" in form["confirm"]["error_message"]
    assert not form_of(DELETE, run, {"confirm": True})["confirm"]["invalid"]
    assert not form_of(DELETE, run, {"dry_run": True})["confirm"]["invalid"]
    nothing = {"fields": False, "runs": False, "files": False}
    assert "nothing is chosen" in form_of(DELETE, run, nothing)["field"]["error_message"]


def test_a_script_has_to_say_yes_as_well(run):
    with pytest.raises(foo.executor.ExecutionError, match="say yes first"):
        foo.execute_operator(DELETE, {"dataset": run}, params={})
    run.reload()
    assert run.has_field("faceqgen")
    foo.execute_operator(DELETE, {"dataset": run}, params={"confirm": True})
    run.reload()
    assert not run.has_field("faceqgen")


def test_the_app_is_told_what_was_deleted_and_loads_the_data_set_anew(run):
    sent = sent_to_app(DELETE, run, {"confirm": True})
    names = [message.operator_uri for message in sent]
    assert names[0] == "set_progress" and "reload_dataset" in names
    assert "files deleted: **3**" in sent[-1].params["results"]["report"]


def test_a_delegated_deletion_works_as_well(run, folder):
    from fiftyone.operators.delegated import DelegatedOperationService

    params = {"confirm": True}
    foo.execute_operator(DELETE, {"dataset": run}, params=params, request_delegation=True)
    assert folder.exists()
    DelegatedOperationService().execute_queued_operations(operator=DELETE)
    run.reload()
    assert not run.has_field("faceqgen") and not folder.exists()


def test_files_in_the_usual_folder_are_found_without_a_record(one_face, score, delete):
    score(one_face)
    folder = Path(one_face.first().faceqgen.restored_path).parent
    assert folder.is_relative_to(os.environ["FACEQGEN_HOME"])
    for key in one_face.list_runs():
        one_face.delete_run(key)
    assert delete(one_face)["deleted"] == 2
    assert not folder.parent.exists() and folder.parent.parent.exists()
