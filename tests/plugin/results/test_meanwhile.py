"""What happens between a plan to delete and the deleting, and while it goes on: nothing that is shown by then is deleted."""

from __future__ import annotations

import os
import time
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import pytest

from tests.plugin.conftest import make_dataset

CLEAN = "@faceqgen/face-quality/clean"


@pytest.fixture
def crops(pictures, score, tmp_path) -> Any:
    """Two crops, scored, their four files in ``tmp_path / "faceqgen"``."""
    foo.get_operator(CLEAN)()  # what other tests have left
    dataset = make_dataset(pictures["one"], pictures["two"])
    score(dataset, faces="crop", restored_dir=str(tmp_path))
    yield dataset
    dataset.delete()


def test_what_a_run_shows_that_has_ended_since_the_plan_was_made_is_not_cleaned_away(
    crops, score, part, tmp_path
):
    crops.delete_sample_fields(["faceqgen", "faceqgen_faces"])
    cleaning = part("results.cleaning").Cleaning()
    assert cleaning.plan.files == 4
    score(crops, faces="crop", restored_dir=str(tmp_path))  # the same files, made anew
    list(cleaning)
    assert (cleaning.plan.deleted, cleaning.plan.failed) == (0, 0)
    assert all(map(os.path.isfile, crops.values("faceqgen.restored_path")))


@pytest.mark.parametrize("way", ["removal", "cleaning"])
def test_a_field_stays_taken_however_long_its_files_take_to_delete(crops, part, monkeypatch, way):
    """After ten minutes a run could begin, and its new files were deleted as they were written."""
    lease, folder = part("dataset.lease"), part("storage.run_folder")
    if way == "removal":
        work = part("results.removal").Removal(crops, part("results.removal").RemovalSettings())
    else:
        crops.delete_sample_fields(["faceqgen", "faceqgen_faces"])
        work = part("results.cleaning").Cleaning()
    delete_one = folder._delete_one

    def slowly(name: str, handle: int) -> str | None:
        time.sleep(0.3)
        with pytest.raises(lease.FieldBusy):
            lease.Lease(crops, "faceqgen", "a test").require_free()
        return delete_one(name, handle)

    monkeypatch.setattr(folder, "_delete_one", slowly)
    monkeypatch.setattr(folder, "STEP", 1)
    monkeypatch.setattr(lease, "SECONDS", 0.6)
    list(work)
    assert (work.plan.deleted, work.plan.failed) == (4, 0)


def test_a_faces_data_set_in_the_making_is_not_cleaned_away(crops, part, tmp_path, monkeypatch):
    """Its files are there before the samples that show them."""
    making = part("results.faces_dataset")
    chosen = making.FacesSettings(name="in-the-making", folder=str(tmp_path / "made"))
    faces, write, told = making.FacesDataset(crops, chosen), making.FacesDataset._write, []

    def write_and_clean(self: Any, *args: Any) -> Any:
        written = write(self, *args)
        told.append(foo.get_operator(CLEAN)())
        return written

    monkeypatch.setattr(making.FacesDataset, "_write", write_and_clean)
    try:
        list(faces)
        made = fo.load_dataset("in-the-making").select_group_slices(_allow_mixed=True)
        assert len(made) == 4 and all(map(os.path.isfile, made.values("filepath")))
        assert "is under way" in told[0]["left"][faces.summary.folder]
    finally:
        fo.delete_dataset("in-the-making")


def test_a_run_that_is_about_to_begin_writes_into_a_folder_that_a_deletion_has_just_removed(
    crops, begin, pictures, tmp_path
):
    """The folder went with the last files of the other data set, and all pictures of the run were missing."""
    other = make_dataset(pictures["one"])
    run = begin(other, restored=True, restored_dir=str(tmp_path))
    foo.get_operator("@faceqgen/face-quality/delete_face_quality")(crops)
    assert not (tmp_path / "faceqgen").exists()
    assert [state.missing_files for state in run][-1] == 0
    other.reload()
    assert os.path.isfile(other.first().faceqgen.restored_path)
    other.delete()


def test_a_run_whose_data_set_is_deleted_says_so_and_its_files_can_be_cleaned_away(
    pictures, begin, tmp_path, part
):
    """It said that another run had taken the field over."""
    foo.get_operator(CLEAN)()  # what other tests have left
    dataset = make_dataset(pictures["one"], pictures["two"])
    run = begin(dataset, restored=True, restored_dir=str(tmp_path))
    next(run)
    dataset.delete()
    with pytest.raises(part("dataset.lease").LeaseLost, match="was deleted"):
        next(run)
    assert foo.get_operator(CLEAN)()["deleted"] == 2 and not (tmp_path / "faceqgen").exists()
