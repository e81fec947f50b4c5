"""What was written on Windows is read right: backslashes, drives, endings in capitals."""

from __future__ import annotations

import csv
from pathlib import Path, PureWindowsPath

import numpy as np
import pytest

from faceqgen_core.evaluation.recognition import match_paths
from faceqgen_core.foreign.file_format import SUFFIXES
from faceqgen_core.foreign.foreign_preset import name_of
from faceqgen_core.image_io import load_image, save_png
from faceqgen_core.media.formats import FORMATS, IMAGE_SUFFIXES
from faceqgen_core.media.image_list import find_images, path_or_address
from faceqgen_core.media.remote import is_remote, was_remote
from faceqgen_core.tables.csv_cells import plain_cell, safe_cell
from faceqgen_core.training.data.layouts import list_csv, list_subjects
from faceqgen_core.training.recognisers.teachers import load_teachers

GREY = np.full((24, 24, 3), 128, np.uint8)
WINDOWS = (r"C:\faces\A\A_1.JPG", r"c:/faces/A/A_1.jpg", r"\\server\share\A\A_1.jpg", "D:A_1.jpg")


@pytest.mark.parametrize("path", WINDOWS)
def test_a_path_of_windows_is_no_address(path):
    assert not is_remote(path)
    assert not was_remote(str(PureWindowsPath(path)))
    assert isinstance(path_or_address(path), Path)


@pytest.mark.parametrize("path", WINDOWS)
def test_a_path_of_windows_goes_through_a_table_unchanged(path):
    assert plain_cell(safe_cell(path)) == path


def test_the_formats_know_the_endings_that_windows_names_have():
    for format_ in FORMATS:
        for suffix in format_.suffixes:
            for name in (rf"C:\my.faces\Face 1{suffix.upper()}", rf"..\face{suffix.title()}"):
                assert PureWindowsPath(name).suffix.lower() in IMAGE_SUFFIXES


def test_endings_in_capitals_are_found_and_read(tmp_path):
    for name in ("A.PNG", "b.Png", "c.png", "d.TXT"):
        save_png(tmp_path / name, GREY)
    assert [Path(path).name for path in find_images([tmp_path])] == ["A.PNG", "b.Png", "c.png"]
    assert np.array_equal(load_image(tmp_path / "A.PNG"), GREY)
    assert len(list_subjects([tmp_path])) == 3


def test_training_takes_every_format_that_is_read(tmp_path):
    for suffix in IMAGE_SUFFIXES:
        (tmp_path / "someone").mkdir(exist_ok=True)
        (tmp_path / "someone" / f"face{suffix}").write_bytes(b"")
    assert {item.path.suffix for item in list_subjects([tmp_path])} == IMAGE_SUFFIXES


def test_pairs_written_on_windows_find_their_images():
    here = ["/data/lfw/A/A_1.jpg", "/data/lfw/B/B_1.jpg"]
    there = [r"lfw\B\B_1.jpg", r"A\A_1.jpg"]
    assert match_paths(there, here).tolist() == [1, 0]
    drive = [r"C:\data\lfw\A\A_1.jpg", r"C:\data\lfw\B\B_1.jpg"]
    assert match_paths(["lfw/B/B_1.jpg", "A/A_1.jpg"], drive).tolist() == [1, 0]


def test_a_list_for_training_written_on_windows_finds_its_images(tmp_path):
    for name in ("poor.PNG", "good.png"):
        (tmp_path / "faces").mkdir(exist_ok=True)
        save_png(tmp_path / "faces" / name, GREY)
    file = tmp_path / "pairs.csv"
    with file.open("w", newline="", encoding="utf-8-sig") as stream:
        csv.writer(stream).writerows(
            [["input", "target"], [r"faces\poor.PNG", r".\faces\good.png"]]
        )
    found = {item.name: item.target for item in list_csv([file])}
    assert found == {
        "pairs/faces/poor.PNG": "pairs/faces/good.png",
        "pairs/faces/good.png": "pairs/faces/good.png",
    }


def test_a_backslash_that_is_part_of_a_name_stays_one(tmp_path):
    save_png(tmp_path / "a\\b.png", GREY)
    file = tmp_path / "pairs.csv"
    file.write_text("input,target\na\\b.png,a\\b.png\n", encoding="utf-8")
    (item,) = list_csv([file])
    assert item.path == tmp_path / "a\\b.png"


def test_endings_of_networks_may_be_in_capitals(tmp_path):
    assert PureWindowsPath(r"C:\nets\FaceQnet_v1.H5").suffix.lower() in SUFFIXES
    assert name_of(Path("FaceQnet_v1.H5")) == "FaceQnet_v1"
    (tmp_path / "DLIB.DAT").write_bytes(b"nothing")
    with pytest.raises(ValueError) as caught:
        load_teachers([tmp_path / "DLIB.DAT"], None)
    assert "no recogniser known here" not in str(caught.value)
