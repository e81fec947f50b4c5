"""Files are kept by what refers to them: copies of data sets, samples and fields go on showing their pictures."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import pytest

from tests.plugin.conftest import make_dataset

DELETE = "@faceqgen/face-quality/delete_face_quality"
CLEAN = "@faceqgen/face-quality/clean"


@pytest.fixture
def delete() -> Any:
    return foo.get_operator(DELETE)


@pytest.fixture
def clean() -> Any:
    operator = foo.get_operator(CLEAN)
    operator()  # what other tests have left
    return operator


@pytest.fixture
def made() -> Any:
    """Names of data sets that a test makes; deleted after it."""
    names: list[str] = []
    yield names
    for name in names:
        if fo.dataset_exists(name):
            fo.delete_dataset(name)


@pytest.fixture
def run(pictures, score, tmp_path, made) -> Any:
    """Two crops, scored, their four files in ``tmp_path / "files" / "faceqgen"``."""
    dataset = make_dataset(pictures["one"], pictures["two"])
    made.append(dataset.name)
    score(dataset, faces="crop", restored_dir=str(tmp_path / "files"))
    return dataset


def _shown(dataset: Any, field: str = "faceqgen") -> list[str]:
    crops = dataset.values(f"{field}_faces.detections.restored_path", unwind=True)
    return [*dataset.values(f"{field}.restored_path"), *crops]


def _copy(run: Any, way: str, made: list[str], tmp_path: Path) -> Any:
    other = fo.Dataset()
    if way == "merge":
        other.merge_samples(run)
    elif way == "add":
        other.add_collection(run)
    elif way == "view":
        other = run.view().clone()
    elif way == "import":
        where = str(tmp_path / "exported")
        run.export(export_dir=where, dataset_type=fo.types.FiftyOneDataset, export_media=False)
        other = fo.Dataset.from_dir(dataset_dir=where, dataset_type=fo.types.FiftyOneDataset)
    made.append(other.name)
    return other


@pytest.mark.parametrize("way", ["merge", "add", "view", "import"])
def test_a_copy_keeps_its_pictures_when_the_first_is_deleted(run, delete, made, tmp_path, way):
    other = _copy(run, way, made, tmp_path)
    files = _shown(other)
    assert len(files) == 4 and all(map(os.path.isfile, files))
    result = delete(run)
    assert result["deleted"] == 0 and result["kept"] == 4
    assert result["kept_folders"] == {str(tmp_path / "files" / "faceqgen"): [other.name]}
    assert all(map(os.path.isfile, files))
    assert delete(other)["deleted"] == 4  # nothing else shows them now
    assert not (tmp_path / "files" / "faceqgen").exists()


def test_a_copy_of_some_samples_keeps_the_files_of_these_alone(run, delete, made):
    other = fo.Dataset()
    made.append(other.name)
    other.add_collection(run.limit(1))
    result = delete(run)
    assert (result["deleted"], result["kept"]) == (2, 2)
    assert all(map(os.path.isfile, _shown(other)))


def test_a_renamed_field_and_a_renamed_data_set_keep_their_files_and_can_be_deleted(
    run, delete, tmp_path, made
):
    run.rename_sample_field("faceqgen", "old")
    run.rename_sample_field("faceqgen_faces", "old_faces")
    run.name = f"{run.name}-renamed"
    made.append(run.name)
    files = _shown(run, "old")
    result = delete(run, field="faceqgen")  # its record is left, and nothing else of it
    assert result["deleted"] == 0 and all(map(os.path.isfile, files))
    assert delete(run, field="old")["deleted"] == 4
    assert not (tmp_path / "files" / "faceqgen").exists()


def test_a_run_does_not_replace_the_pictures_that_a_renamed_field_shows(run, score, tmp_path):
    run.rename_sample_field("faceqgen", "old")
    run.rename_sample_field("faceqgen_faces", "old_faces")
    before = {path: os.stat(path).st_ino for path in _shown(run, "old")}
    score(run, faces="crop", restored_dir=str(tmp_path / "files"))
    assert {path: os.stat(path).st_ino for path in before} == before
    assert not set(before) & set(_shown(run))
    assert all(map(os.path.isfile, _shown(run)))


def test_data_sets_whose_names_look_alike_and_one_of_a_name_that_was_used_share_no_folder(
    part, made, tmp_path, monkeypatch
):
    monkeypatch.setenv("FACEQGEN_HOME", str(tmp_path))
    folders, manifest = part("storage.folders"), part("storage.manifest")

    def folder(name: str) -> Path:
        dataset = fo.Dataset(name)
        made.append(name)
        found = folders.files_folder(dataset, "faceqgen", None, [])
        found.mkdir(parents=True)
        entry = manifest.Entry("a" * 24, ["x.png"], str(dataset._doc.id))
        manifest.Manifest(found).add([entry])
        assert folders.files_folder(dataset, "faceqgen", None, []) == found  # and stays the same
        return found

    found = [folder("a/b"), folder("a b"), folder("plain")]
    fo.delete_dataset("plain")
    found.append(folder("plain"))
    assert len(set(found)) == 4
    assert found[2] == tmp_path / "restored" / "plain" / "faceqgen"


def test_a_new_data_set_of_an_old_name_is_not_charged_with_the_files_of_the_deleted_one(
    score, delete, pictures, made
):
    first = make_dataset(pictures["one"])
    score(first, faces="crop")
    name, file = first.name, Path(first.first().faceqgen.restored_path)
    first.delete()
    again = fo.Dataset(name)
    made.append(name)
    again.add_sample(fo.Sample(filepath=str(pictures["one"])))
    with pytest.raises(ValueError, match="nothing of 'faceqgen' is here"):
        delete(again)
    score(again, faces="crop")
    assert Path(again.first().faceqgen.restored_path).parent != file.parent
    assert delete(again)["deleted"] == 2 and file.is_file()


def test_a_broken_manifest_is_refused_before_anything_is_deleted(run, delete, tmp_path):
    folder = tmp_path / "files" / "faceqgen"
    (folder / "manifest.jsonl").write_text('{"files": 7}\n')
    with pytest.raises(ValueError, match=r"nothing is deleted: .* is broken"):
        delete(run)
    run.reload()
    assert run.has_field("faceqgen") and all(map(os.path.isfile, _shown(run)))
    assert delete(run, files=False)["fields"] == ["faceqgen", "faceqgen_faces"]


def test_clean_removes_what_nothing_refers_to_and_nothing_else(
    run, clean, tmp_path, made, pictures
):
    folder = tmp_path / "files" / "faceqgen"
    (folder / "notes.txt").write_text("mine")
    gone = Path(run.first().faceqgen.restored_path)
    run.delete_samples([run.first().id])  # FiftyOne leaves the files
    told = clean(dry_run=True)
    assert told["files"] == 2 and str(folder) in told["folders"] and gone.is_file()
    result = clean()
    assert (result["deleted"], result["failed"]) == (2, 0) and not gone.exists()
    assert all(map(os.path.isfile, _shown(run)))
    fo.delete_dataset(run.name)
    assert clean()["deleted"] == 2
    assert [p.name for p in folder.iterdir()] == ["notes.txt"]


def test_clean_leaves_the_files_of_another_database_alone(run, clean, tmp_path):
    folder = tmp_path / "files" / "faceqgen"
    other = folder / f"{'e' * 24}.png"
    other.write_bytes(b"another's")
    with (folder / "manifest.jsonl").open("a") as manifest:
        manifest.write(f'{{"sample": "x", "files": ["{other.name}"], "dataset": "{"e" * 24}", ')
        manifest.write('"database": "another"}\n')
    assert clean()["deleted"] == 0 and other.is_file()


def test_clean_asks_before_it_deletes(run):
    with pytest.raises(foo.executor.ExecutionError, match="say yes first"):
        foo.execute_operator(CLEAN, {"dataset": run}, params={})


def test_a_data_set_that_was_opened_by_way_of_a_link_keeps_its_images(
    run, delete, tmp_path, made, pictures, score
):
    """Only the paths as the run had written them were looked for."""
    (tmp_path / "link").symlink_to(tmp_path / "files")
    (tmp_path / "shown").symlink_to(tmp_path / "files" / "faceqgen")
    for way in ("link/faceqgen", "shown"):
        other = fo.Dataset.from_images_dir(str(tmp_path / way))
        made.append(other.name)
        assert len(other) == 4
    result = delete(run, fields=False, runs=False)
    assert result["deleted"] == 0 and all(map(os.path.isfile, other.values("filepath")))
    for name in made[1:]:
        fo.delete_dataset(name)
    through = make_dataset(pictures["one"])
    made.append(through.name)
    score(through, faces="crop", restored_dir=str(tmp_path / "link"))
    other = fo.Dataset.from_images_dir(str(tmp_path / "files" / "faceqgen"))
    made.append(other.name)
    assert delete(through)["deleted"] == 0


def test_a_path_in_a_dictionary_or_in_a_list_of_lists_keeps_its_file(run, delete, made):
    """Only texts that a schema declares were asked."""
    image, crop = run.first().faceqgen.restored_path, _shown(run)[2]
    other = fo.Dataset()
    made.append(other.name)
    other.add_sample(fo.Sample(filepath="/a.png", more={"pictures": {"a": image}}, all=[[crop]]))
    result = delete(run)
    assert (result["deleted"], result["kept"]) == (2, 2)
    assert os.path.isfile(image) and os.path.isfile(crop)


def _as_of_another_database(folder: Path) -> None:
    """As after an export there and an import here, under another id."""
    manifest = folder / "manifest.jsonl"
    lines = [json.loads(line) for line in manifest.read_text().splitlines()]
    owner = {"dataset": "e" * 24, "database": "another"}
    manifest.write_text("".join(json.dumps({**line, **owner}) + "\n" for line in lines))


def test_a_data_set_of_another_database_keeps_the_files_that_a_copy_here_shows(
    run, delete, score, tmp_path
):
    """Deleting an imported copy took the pictures of the data set it was exported from; scoring it replaced them."""
    folder = tmp_path / "files" / "faceqgen"
    _as_of_another_database(folder)
    before = {path: os.stat(path).st_ino for path in _shown(run)}
    score(run, faces="crop", restored_dir=str(tmp_path / "files"), skip_scored=False)
    assert {path: os.stat(path).st_ino for path in before} == before
    assert not set(before) & set(_shown(run)) and all(map(os.path.isfile, _shown(run)))
    run.set_values("faceqgen.restored_path", sorted(before)[:2])
    result = delete(run)
    assert result["deleted"] == 4 and all(map(os.path.isfile, before))


def test_two_copies_that_are_scored_at_the_same_time_into_one_folder_have_files_of_their_own(
    pictures, begin, tmp_path, made
):
    """The second found what the first had just written in its way, or replaced it."""
    dataset = make_dataset(pictures["one"], pictures["two"])
    copy = dataset.clone()
    made += [dataset.name, copy.name]
    chosen = {"restored": True, "restored_dir": str(tmp_path)}
    runs = [begin(dataset, **chosen), begin(copy, **chosen)]
    for _ in range(4):
        for run in runs:
            next(run, None)
    shown = []
    for each in (dataset, copy):
        each.reload()
        shown.append(set(_shown(each)))
        assert len(shown[-1]) == 4 and all(map(os.path.isfile, shown[-1]))
    assert not shown[0] & shown[1]
