"""``faces_dataset``: every scored face as a group of its crop and its restoration."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import fiftyone as fo
import fiftyone.operators as foo
import numpy as np
import pytest

from faceqgen_core import FaceQualityAssessor, load_preset
from faceqgen_core.alignment import align
from faceqgen_core.image_io import load_image
from tests.plugin.conftest import make_dataset

FACES = "@faceqgen/face-quality/faces_dataset"
KEYS = ("quality", "ssim", "mse", "discriminator", "status", "preset", "crop_protocol")


@pytest.fixture(scope="module")
def make():
    """The operator, to be called as in a notebook; what it makes is deleted afterwards."""
    made = []

    def run(collection, **options):
        result = foo.get_operator(FACES)(collection, **options)
        made.append(result["name"])
        return fo.load_dataset(result["name"]), result

    yield run
    for name in made:
        if fo.dataset_exists(name):
            fo.delete_dataset(name)


@pytest.fixture(scope="module")
def faces(scored, make):
    """The faces of the four pictures; for reading only."""
    dataset, result = make(scored)
    return dataset, result


def test_every_scored_face_is_a_group_of_its_crop_and_its_restoration(faces, scored):
    dataset, result = faces
    assert dataset.media_type == "group" and dataset.persistent
    assert dataset.group_media_types == {"original": "image", "restored": "image"}
    assert dataset.default_group_slice == "original"
    assert [len(dataset.select_group_slices(name)) for name in ("original", "restored")] == [3, 3]
    assert (result["faces"], result["restored"], result["failed"]) == (3, 3, 0)
    assert result["name"] == dataset.name == f"{scored.name}-faces"
    originals = dataset.select_group_slices("original").values("group.id")
    assert originals == dataset.select_group_slices("restored").values("group.id")


def test_the_original_is_the_crop_that_was_scored_to_the_last_pixel(faces, scored, preset):
    dataset, _ = faces
    sample = dataset.select_group_slices("original").first()
    (known,) = FaceQualityAssessor(preset).assess([sample.source_filepath])
    protocol = load_preset(preset).protocol
    expected = align(load_image(sample.source_filepath), known.box, protocol).image
    assert np.array_equal(load_image(sample.filepath), expected)
    assert (sample.metadata.width, sample.metadata.height) == (protocol.size, protocol.size)


def test_the_restored_slice_holds_the_restored_crop_of_the_run(faces, scored):
    dataset, _ = faces
    files = scored.values("faceqgen_faces.detections.restored_path", unwind=True)
    for sample, file in zip(
        dataset.select_group_slices("restored"), filter(None, files), strict=True
    ):
        assert np.array_equal(load_image(sample.filepath), load_image(file))
        assert sample.filepath != file == str(file)  # a copy: the run's own files may be deleted


def test_each_crop_carries_the_scores_and_where_it_comes_from(faces, scored):
    dataset, _ = faces
    known = {
        face.id: (sample, face)
        for sample in scored.limit(2)
        for face in sample.faceqgen_faces.detections
    }
    for name in ("original", "restored"):
        found = dataset.select_group_slices(name)
        assert set(found.values("source_face")) == set(known)
        for crop in found:
            sample, face = known[crop.source_face]
            assert (crop.source_sample, crop.source_filepath) == (sample.id, sample.filepath)
            assert {key: crop.faceqgen[key] for key in KEYS} == {key: face[key] for key in KEYS}
            assert crop.faceqgen.num_faces == 1
            assert Path(crop.faceqgen.restored_path).is_file()


def test_the_crop_of_the_original_slice_is_a_scored_face_itself(faces, part):
    dataset, _ = faces
    pictures = part("faces.pictures")
    for sample in dataset.select_group_slices("original"):
        (face,) = pictures.faces_of(sample, "faceqgen")
        assert face.quality == sample.faceqgen.quality
        found = pictures.face_pictures(sample.filepath, face)
        assert np.array_equal(found.original, load_image(sample.filepath))
        assert found.restored is not None and found.difference is not None and not found.notes
    restored = dataset.select_group_slices("restored")
    assert restored.values("faceqgen_faces") == [None] * 3


def test_the_records_of_the_runs_come_along_without_their_folder(faces, scored):
    dataset, _ = faces
    (key,) = scored.list_runs()
    assert dataset.list_runs() == [key]
    kept, known = dataset.get_run_info(key).config, scored.get_run_info(key).config
    assert (kept.preset, kept.finished) == (known.preset, known.finished)
    assert known.restored_dir and kept.restored_dir is None


def test_the_new_data_set_can_be_sorted_and_filtered_by_quality(faces):
    dataset, _ = faces
    assert {"faceqgen.quality", "faceqgen.status"} <= set(dataset.list_indexes())
    assert "higher is better" in dataset.get_field("faceqgen.quality").description
    assert "sample" in dataset.get_field("source_sample").description
    crops = dataset.select_group_slices("original")
    worst = foo.get_operator("@faceqgen/face-quality/filter_faces")(
        crops, by="percentile", value=40
    )
    assert worst.values("faceqgen.quality") == sorted(crops.values("faceqgen.quality"))[:2]


def test_the_files_lie_in_a_folder_of_the_new_data_set_with_a_manifest_of_all(faces):
    dataset, result = faces
    folder = Path(result["folder"])
    assert folder.parent.name == dataset.name and folder.parent.parent.name == "restored"
    entries = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    named = {name for entry in entries for name in entry["files"]}
    assert named == {path.name for path in folder.iterdir()} - {"manifest.jsonl"}
    assert {entry["sample"] for entry in entries} == set(
        dataset.select_group_slices("original").values("source_face")
    )


def test_faces_whose_restored_crop_was_not_kept_are_restored_anew(
    one_face, operator, preset, make, scored
):
    operator(one_face, preset=preset, restored=False)
    one_face.reload()
    dataset, result = make(one_face, preset=preset)
    assert result["restored"] == 1
    again = load_image(dataset.select_group_slices("restored").first().filepath)
    kept = load_image(scored.first().faceqgen_faces.detections[0].restored_path)
    assert np.abs(again.astype(int) - kept).max() <= 1


def test_without_the_preset_of_the_scores_a_face_has_its_original_alone_and_the_result_says_so(
    one_face, operator, preset, make
):
    operator(one_face, preset=preset, restored=False)
    one_face.reload()
    other = [["other@00000000"]]
    one_face.set_values("faceqgen_faces.detections.preset", other)
    dataset, result = make(one_face, preset=preset)
    assert (result["faces"], result["restored"]) == (1, 0)
    assert "1 face(s) have no restored crop" in result["notices"][0]
    assert dataset.group_slices == ["original"]


def test_a_photograph_that_is_gone_costs_its_own_faces_alone(pictures, tmp_path, score, make):
    files = [shutil.copy(pictures[name], tmp_path) for name in ("one", "two")]
    dataset = make_dataset(*map(Path, files))
    score(dataset, restored=False)
    Path(files[1]).unlink()
    _, result = make(dataset)
    assert (result["faces"], result["failed"], result["done"]) == (1, 2, 3)
    assert result["problems"] == [f"{files[1]}: two.jpg: no such file"]
    dataset.delete()


def test_a_view_gives_its_own_faces_and_the_tags_of_its_samples(scored, make):
    view = scored.skip(1).limit(1)
    view.tag_samples("group picture")
    dataset, result = make(view, name="faces of a view")
    assert result["name"] == "faces of a view" and result["faces"] == 2
    assert dataset.distinct("tags") == ["group picture"]
    view.untag_samples("group picture")


def test_names_are_not_taken_twice(faces, scored, make):
    dataset, _ = faces
    _, result = make(scored.limit(1))
    assert result["name"] == f"{scored.name}-faces-2"
    with pytest.raises(ValueError, match=r"there is a data set .* choose another name"):
        make(scored, name=dataset.name)


def test_what_cannot_be_done_is_refused_before_anything_is_made(
    dataset, scored, preset, make, score, part
):
    before = fo.list_datasets()
    inside = str(Path(part("results.faces_dataset").__file__).parent)
    with pytest.raises(ValueError, match="run 'Score face quality' first"):
        make(dataset)
    with pytest.raises(ValueError, match="inside the plugin"):
        make(scored, folder=inside)
    with pytest.raises(ValueError, match="no preset"):
        make(scored, preset="no-such-preset")
    with pytest.raises(ValueError, match="nothing to export"):
        make(scored.skip(2))
    score(dataset.limit(1), restored=False)
    dataset.delete_sample_field("faceqgen_faces.detections.crop_matrix")
    with pytest.raises(ValueError, match="where the crops were cut out: score the faces anew"):
        make(dataset)
    assert fo.list_datasets() == before


def test_the_app_sees_the_progress_the_counts_and_the_new_data_set(scored):
    request = {"dataset_name": scored.name, "params": {"name": "faces in the App"}}
    context = foo.executor.ExecutionContext(request, executor=foo.executor.Executor())
    bodies = [message.body for message in foo.get_operator(FACES).execute(context)]
    labels = [b.params["label"] for b in bodies if b.operator_uri == "set_progress"]
    assert labels[0] == "Reading the scores" and labels[-1] == "3 of 3 faces"
    assert [b.operator_uri for b in bodies[-2:]] == ["show_output", "open_dataset"]
    assert "faces in the new data set: **3**" in bodies[-2].params["results"]["report"]
    assert bodies[-1].params == {"dataset": "faces in the App"}
    fo.delete_dataset("faces in the App")


def test_a_delegated_run_makes_it_as_well(scored):
    from fiftyone.operators.delegated import DelegatedOperationService

    foo.get_operator(FACES)(scored, name="faces delegated", delegate=True)
    DelegatedOperationService().execute_queued_operations(operator=FACES)
    assert len(fo.load_dataset("faces delegated").select_group_slices("original")) == 3
    fo.delete_dataset("faces delegated")


def test_the_form_warns_of_a_name_that_is_taken(scored):
    for name, invalid in ((scored.name, True), ("free", False)):
        request = {"dataset_name": scored.name, "params": {"name": name}}
        form = foo.get_operator(FACES).resolve_input(foo.executor.ExecutionContext(request))
        assert bool(form.type.properties["name"].invalid) is invalid


def test_a_second_one_into_the_same_folder_replaces_no_file_of_the_first_nor_of_anybody(
    scored, make, tmp_path
):
    """Its files have the names of the faces; they were written over those of the first, and over any other."""
    mine = tmp_path / "face_crops" / "mine.png"
    mine.parent.mkdir()
    mine.write_text("mine")
    shown = []
    for name in ("first-faces", "second-faces"):
        faces, _ = make(scored, name=name, folder=str(tmp_path))
        paths = faces.select_group_slices(_allow_mixed=True).values("filepath")
        shown.append({path: Path(path).stat().st_ino for path in paths})
    assert not set(shown[0]) & set(shown[1])
    assert {path: Path(path).stat().st_ino for path in shown[0]} == shown[0]
    assert list(mine.parent.iterdir()) == [mine]


def test_a_full_disk_costs_the_faces_it_has_no_room_for_and_they_are_counted(
    scored, make, part, tmp_path, monkeypatch
):
    """It ended the work half-way, with files that no sample showed."""
    monkeypatch.setattr(part("results.faces_dataset"), "WRITERS", 1)  # which has room, is certain
    disk = tmp_path / "small"
    disk.mkdir()
    if os.geteuid() != 0 or os.system(f"mount -t tmpfs -o size=96k tmpfs {disk} 2>/dev/null"):
        pytest.skip("needs a small disk of its own")
    try:
        faces, result = make(scored, name="small-faces", folder=str(disk))
        assert (result["done"], result["total"]) == (3, 3)
        assert 0 < result["failed"] < 3 and result["faces"] == 3 - result["failed"]
        assert any("no space left on device" in problem for problem in result["problems"])
        shown = faces.select_group_slices(_allow_mixed=True).values("filepath")
        assert shown and all(map(os.path.isfile, shown))
        assert len(faces) == result["faces"]
    finally:
        os.system(f"umount {disk}")


def test_a_folder_that_is_removed_during_the_work_costs_the_faces_that_are_left(
    scored, make, part, tmp_path, monkeypatch
):
    making = part("results.faces_dataset")
    monkeypatch.setattr(making, "PHOTOGRAPHS", 1)
    chosen = making.FacesSettings(name="gone-faces", folder=str(tmp_path))
    work = making.FacesDataset(scored, chosen)
    try:
        for state in work:
            if state.faces == 1:
                shutil.rmtree(tmp_path / "face_crops", ignore_errors=True)
        assert (work.summary.faces, work.summary.failed, work.summary.done) == (1, 2, 3)
        assert "no such file or directory" in work.summary.problems[0]
        assert not (tmp_path / "face_crops").exists()
    finally:
        fo.delete_dataset("gone-faces")
