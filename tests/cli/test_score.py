"""``faceqgen score``, on real files and with the real detector and networks."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from faceqgen_core import FaceQualityAssessor
from faceqgen_core.cli import main
from faceqgen_core.cli.score import restored_name
from faceqgen_core.detection import DetectorError, MTCNNDetector
from faceqgen_core.image_io import save_png
from faceqgen_core.media.image_list import find_images
from faceqgen_core.tables.score_table import (
    COLUMNS,
    POINTS,
    SCORES,
    ScoreWriter,
    open_table,
    read_scores,
)
from faceqgen_core.types import Assessment, FaceBox, Status
from tests.images import astronaut, jpeg_bytes, no_face, two_faces


def rows_of(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        assert tuple(reader.fieldnames or ()) == COLUMNS
        return list(reader)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One face, the same face under the same name in another folder, a cut-off file, no face, and no image."""
    folder = tmp_path_factory.mktemp("images")
    (folder / "b").mkdir()
    save_png(folder / "astronaut.png", astronaut())
    save_png(folder / "b" / "astronaut.png", astronaut())
    content = jpeg_bytes(astronaut())
    (folder / "truncated.jpg").write_bytes(content[: len(content) // 3])
    save_png(folder / "Käffchen, schwarz.PNG", no_face())
    (folder / "notes.txt").write_text("not an image")
    return folder


@pytest.fixture(scope="module")
def scored(
    folder: Path, preset: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[dict[str, str]], Path]:
    """The rows of one run over the folder, and where the restored crops went."""
    out = tmp_path_factory.mktemp("out")
    call = ["score", str(folder), "--output", str(out / "new" / "scores.csv"), "--preset", preset]
    assert main([*call, "--restored-dir", str(out / "restored"), "--device", "cpu"]) == 0
    return rows_of(out / "new" / "scores.csv"), out / "restored"


def test_every_image_of_a_folder_has_its_row_in_sorted_order(
    folder: Path, scored: tuple[list[dict[str, str]], Path]
) -> None:
    rows, _ = scored
    assert [(row["filepath"], row["status"]) for row in rows] == [
        (str(folder / "Käffchen, schwarz.PNG"), "no_face"),
        (str(folder / "astronaut.png"), "scored"),
        (str(folder / "b" / "astronaut.png"), "scored"),
        (str(folder / "truncated.jpg"), "unreadable"),
    ]


def test_a_failure_says_why_and_holds_no_number(
    scored: tuple[list[dict[str, str]], Path],
) -> None:
    for row in scored[0]:
        values = [row[name] for name in (*SCORES, "box_x", "nose_y", "restored_path")]
        if row["status"] == "scored":
            assert row["reason"] == ""
            assert all(values)
        else:
            assert row["reason"]
            assert not any(values)


def test_the_numbers_in_the_file_are_those_of_the_library(
    folder: Path, preset: str, scored: tuple[list[dict[str, str]], Path]
) -> None:
    path = folder / "astronaut.png"
    (result,) = FaceQualityAssessor(preset, device="cpu").assess([path])
    row = next(row for row in scored[0] if row["filepath"] == str(path))
    for name in SCORES:
        assert float(row[name]) == pytest.approx(getattr(result, name), abs=1e-4)
    assert result.box is not None
    assert result.box.landmarks is not None
    assert float(row["box_width"]) == pytest.approx(result.box.width, rel=1e-6)
    points = [[float(row[f"{point}_{axis}"]) for axis in "xy"] for point in POINTS]
    assert np.allclose(points, result.box.landmarks, atol=1e-3)
    assert (row["preset"], row["crop_protocol"]) == (result.preset, result.crop_protocol)


def test_restored_crops_of_files_with_one_name_do_not_overwrite_each_other(
    scored: tuple[list[dict[str, str]], Path],
) -> None:
    rows, restored = scored
    paths = [Path(row["restored_path"]) for row in rows if row["restored_path"]]
    assert len(set(paths)) == 2
    assert sorted(paths) == sorted(restored.iterdir())
    assert all(PIL.Image.open(path).size == (128, 128) for path in paths)


def test_all_faces_gives_a_row_a_face_and_the_counts_are_printed(
    preset: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_png(tmp_path / "two.png", two_faces())
    output = tmp_path / "scores.csv"
    call = ["score", str(tmp_path / "two.png"), "--output", str(output), "--preset", preset]
    assert main([*call, "--all-faces"]) == 0
    rows = rows_of(output)
    assert [row["face"] for row in rows] == ["0", "1"]
    assert float(rows[0]["box_x"]) < 512 < float(rows[1]["box_x"])
    assert "2 rows for 1 images" in (out := capsys.readouterr().out)
    assert "2  scored" in out
    assert len(read_scores(output).paths) == 1


def test_crops_are_scored_without_a_detector(
    preset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(self: MTCNNDetector, image: Any) -> list[FaceBox]:
        raise AssertionError("the detector ran")

    monkeypatch.setattr(MTCNNDetector, "detect", never)
    save_png(tmp_path / "crop.png", astronaut()[30:210, 130:310])
    output = tmp_path / "scores.csv"
    call = ["score", str(tmp_path / "crop.png"), "--crops", "--output", str(output)]
    assert main([*call, "--preset", preset]) == 0
    (row,) = rows_of(output)
    assert row["status"] == "scored"
    assert row["box_x"] == ""


def test_an_interrupted_run_keeps_its_rows(
    preset: str,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = tmp_path / "scores.csv"

    def assess(self: FaceQualityAssessor, images: Any, **options: Any) -> Iterator[Assessment]:
        yield Assessment("one.jpg", 0, Status.SCORED, quality=50.0, ssim=0.5, mse=0.1)
        yield Assessment("two.jpg", 1, Status.NO_FACE, reason="none")
        journal = output.with_name(f".{output.name}.journal")
        assert len(journal.read_text().splitlines()) == 3  # on the disk while the run goes on
        assert not output.exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(FaceQualityAssessor, "assess", assess)
    assert main(["score", str(folder), "--output", str(output), "--preset", preset]) == 130
    assert [row["filepath"] for row in rows_of(output)] == ["one.jpg", "two.jpg"]
    assert "2 rows for 4 images" in capsys.readouterr().out


def test_a_detector_that_cannot_work_is_told_in_one_line(
    preset: str,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def detect(self: MTCNNDetector, image: Any) -> list[FaceBox]:
        raise DetectorError("its weights are gone: install mtcnn anew")

    monkeypatch.setattr(MTCNNDetector, "detect", detect)
    call = ["score", str(folder), "--output", str(tmp_path / "scores.csv"), "--preset", preset]
    assert main(call) == 2
    assert "error: its weights are gone: install mtcnn anew\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--preset", "no-such-preset"], "no preset at no-such-preset"),
        (["--device", "abacus"], "device must be"),
        (["--batch-size", "0"], "batch_size must be at least 1"),
    ],
)
def test_a_wrong_option_is_told_before_the_file_of_an_earlier_run_is_replaced(
    options: list[str],
    words: str,
    preset: str,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = tmp_path / "scores.csv"
    output.write_text(precious := "filepath,status\nof,an earlier run\n")
    call = ["score", str(folder), "--output", str(output), "--preset", preset, *options]
    assert main(call) == 2
    assert words in capsys.readouterr().err
    assert output.read_text() == precious


def test_a_missing_path_is_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["score", str(folder), "nowhere/face.jpg", "--output", str(tmp_path / "scores.csv")]
    assert main(call) == 2
    assert "no such file or folder: nowhere/face.jpg" in capsys.readouterr().err
    assert not (tmp_path / "scores.csv").exists()


def test_a_folder_without_images_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(ValueError, match="no image in the folder"):
        find_images([tmp_path])


def test_a_file_is_found_once_however_often_it_is_named(folder: Path) -> None:
    again = [folder, folder / "astronaut.png", folder / "b" / ".." / "astronaut.png"]
    assert len(find_images(again)) == 4


def test_a_named_file_is_taken_whatever_it_is_called_and_hidden_ones_in_folders_are_not(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / ".thumbs").mkdir()
    for name in (".thumbs/a.jpg", "._b.jpg", "c.JPEG"):
        (tmp_path / name).write_bytes(b"")
    assert find_images([tmp_path, folder / "notes.txt"]) == [
        tmp_path / "c.JPEG",
        folder / "notes.txt",
    ]


def test_restored_crops_of_an_earlier_run_are_not_scored(tmp_path: Path) -> None:
    (tmp_path / "restored").mkdir()
    for name in ("a.png", "restored/a.png"):
        (tmp_path / name).write_bytes(b"")
    assert find_images([tmp_path], without=[tmp_path / "restored"]) == [tmp_path / "a.png"]


def test_a_folder_that_links_to_itself_is_searched_once(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)
    assert find_images([tmp_path]) == [tmp_path / "a.png"]


def test_names_of_restored_crops_differ_by_folder_and_face_and_stay_short() -> None:
    names = {restored_name(p, f) for p in ("a/x.jpg", "b/x.jpg", "a/x.png") for f in (0, 1)}
    assert len(names) == 6
    assert len(os.fsencode(restored_name("ü" * 200 + ".jpg", 0))) < 140


def test_values_survive_the_way_through_the_file_and_none_stays_none(tmp_path: Path) -> None:
    odd = os.fsdecode(b'no utf-8 \xff, "quoted".jpg')
    box = FaceBox(1.25, 2, 3, 4)
    path = tmp_path / "scores.csv"
    with open_table(path, "w") as file:
        writer = ScoreWriter(file)
        writer.add(
            Assessment(
                odd,
                0,
                Status.SCORED,
                quality=100 / 3,
                ssim=1e-7,
                mse=float("nan"),
                box=box,
                reasons=("blur", "dark"),
            )
        )
        writer.add(Assessment("b.jpg", 1, Status.UNREADABLE, reason="cut off"))
    with open_table(path, "r") as file:
        assert [line["reasons"] for line in csv.DictReader(file)] == ["blur;dark", ""]
    table = read_scores(path)
    assert table.paths == [odd, "b.jpg"]
    assert table.columns["quality"][0] == pytest.approx(100 / 3, rel=1e-8)
    assert table.columns["ssim"][0] == 1e-7
    assert np.isnan(table.columns["mse"]).all()
    assert np.isnan([column[1] for column in table.columns.values()]).all()
