"""``faceqgen score`` with the original's weights: its folder, its text file, its numbers."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from faceqgen_core.cli import main
from faceqgen_core.image_io import save_png
from faceqgen_core.tables.score_table import COLUMNS, extra_columns, read_scores
from faceqgen_core.tables.score_text import write_lines
from tests.foreign_networks import tiny_faceqnet, write_pair


@pytest.fixture
def original(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone of the original as its README leaves it: crops in src/Samples_cropped, the weights in src."""
    crops = tmp_path / "src" / "Samples_cropped"
    for name, blue in (("Picture 12.png", 64), ("Picture 11.png", 128)):
        save_png(crops / name, np.full((50, 40, 3), (200, 100, blue), np.uint8))
    tiny_faceqnet(tmp_path / "src" / "FaceQnet_v1.h5")
    monkeypatch.chdir(tmp_path / "src")
    return tmp_path


def as_numpy_prints(value: float) -> str:
    return str(np.array([value], np.float32))


def test_the_originals_steps_give_the_originals_file(original: Path) -> None:
    call = ["score", "--preset", "FaceQnet_v1.h5", "--format", "faceqnet", "--device", "cpu"]
    assert main(call) == 0
    assert (original / "src" / "scores_quality.txt").read_text() == (
        "img;score\n"
        f"Samples_cropped/Picture 11.png;{as_numpy_prints(0.25 + 128 / 512)}\n"
        f"Samples_cropped/Picture 12.png;{as_numpy_prints(0.25 + 64 / 512)}\n"
    )


def test_from_the_root_of_the_original_the_file_lands_in_src_all_the_same(
    original: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(original)
    (original / "src" / "Samples_cropped" / "broken.png").write_bytes(b"no picture")
    call = ["score", "--preset", "src/FaceQnet_v1.h5", "--format", "faceqnet", "--device", "cpu"]
    assert main(call) == 0
    lines = (original / "src" / "scores_quality.txt").read_text().splitlines()
    assert lines[0] == "img;score" and len(lines) == 4
    assert "src/Samples_cropped/broken.png;" in lines


def test_as_csv_faceqnet_is_a_column_of_its_own_and_says_what_it_lacks(
    original: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["score", "Samples_cropped", "--crops", "--preset", "FaceQnet_v1.h5"]
    assert main([*call, "--device", "cpu", "--output", "scores.csv"]) == 0
    assert "restores nothing" in capsys.readouterr().err
    with open("scores.csv", newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        assert tuple(reader.fieldnames or ()) == COLUMNS + extra_columns({"faceqnet": ""})
        rows = list(reader)
    assert [float(row["faceqnet"]) for row in rows] == pytest.approx([0.5, 0.375], abs=1e-5)
    assert all(row["quality"] == row["ssim"] == row["restored_path"] == "" for row in rows)
    assert all(row["preset"].startswith("FaceQnet_v1@") for row in rows)
    assert all(row["faceqnet_network"] == row["preset"] for row in rows)
    assert list(read_scores("scores.csv").columns) == ["faceqnet"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--preset", "FaceQnet_v1.h5", "--restored-dir", "r", "--output", "o.csv"], "restores"),
        (["--preset", "FaceQnet_v1.h5", "--format", "faceqnet", "--all-faces"], "one line"),
        (["--preset", "pair", "--format", "faceqnet"], "one score"),
        (["--preset", "gone.h5", "--output", "o.csv"], "no such file"),
    ],
)
def test_what_the_network_does_not_give_is_refused_before_anything_is_written(
    original: Path, options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_pair(Path("pair"))
    before = set(original.rglob("*"))
    assert main(["score", "Samples_cropped", *options]) == 2
    assert words in capsys.readouterr().err
    assert set(original.rglob("*")) == before


@pytest.mark.parametrize("arguments", [[], ["Samples_cropped"], ["--output", "o.csv"]])
def test_without_the_originals_format_paths_and_output_are_needed(
    original: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["score", *arguments])
    assert end.value.code == 2
    assert "given" in capsys.readouterr().err


def test_a_quality_of_ours_is_divided_by_100_in_the_originals_file(tmp_path: Path) -> None:
    rows = [{"filepath": "a.png", "quality": "61.25"}, {"filepath": "b.png", "quality": ""}]
    write_lines(tmp_path / "scores.txt", rows)
    assert (tmp_path / "scores.txt").read_text() == "img;score\na.png;[0.6125]\nb.png;\n"


def test_a_pair_scores_and_restores_on_the_command_line(tmp_path: Path) -> None:
    save_png(tmp_path / "face.png", np.full((50, 50, 3), (200, 100, 50), np.uint8))
    pair = write_pair(tmp_path / "pair")
    call = ["score", str(tmp_path / "face.png"), "--crops", "--preset", str(pair)]
    options = ["--restored-dir", str(tmp_path / "restored"), "--device", "cpu"]
    assert main([*call, *options, "--output", str(tmp_path / "scores.csv")]) == 0
    with open(tmp_path / "scores.csv", newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["status"] == "scored" and row["quality"] == ""
    assert 0 < float(row["mse"]) < 1 and float(row["ssim"]) < 1
    assert Path(row["restored_path"]).is_file()
