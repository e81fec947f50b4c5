"""``faceqgen evaluate``: from two CSV files to numbers that can be worked out by hand."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from faceqgen_core.cli import main
from faceqgen_core.evaluation import match_paths, read_pairs
from faceqgen_core.tables.score_table import read_scores


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def pair(a: str, b: str, similarity: float, mated: int, subject: str = "") -> dict[str, Any]:
    return {"a": a, "b": b, "similarity": similarity, "mated": mated, "subject": subject}


def non_mated(count: int = 100) -> list[dict[str, Any]]:
    """Each of 0.00 to 0.49 twice: at FMR 0.1 the threshold is 0.44, and 0.45 to 0.49 are accepted."""
    return [pair(f"x/{i}.jpg", f"y/{i}.jpg", (i % 50) / 100, 0) for i in range(count)]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Ten mated pairs of twenty images; pairs 0, 1 and 4 are falsely rejected; quality rises with the pair's number."""
    wrong = (0, 1, 4)
    pairs = [
        pair(f"s/{i}a.jpg", f"s/{i}b.jpg", 0.39 if i in wrong else 0.9, 1, f"p{i // 2}")
        for i in range(10)
    ]
    scores = [
        {
            "filepath": f"/data/s/{i}{side}.jpg",
            "face": 0,
            "quality": 10 * i + (5 if side == "b" else 0),
            "mse": 1 - i / 10,
            "other": -i,
            "preset": "p@1",
            "crop_protocol": "align5-v1-128",
        }
        for i in range(10)
        for side in "ab"
    ]
    return write(tmp_path / "scores.csv", scores), write(
        tmp_path / "pairs.csv", pairs + non_mated()
    )


def evaluated(
    files: tuple[Path, Path], *options: str, expect: int = 0, fmr: str = "0.1"
) -> dict[str, Any]:
    scores, pairs = files
    output = scores.parent / "out"
    call = ["evaluate", "--scores", str(scores), "--pairs", str(pairs), "--output", str(output)]
    assert main([*call, "--fmr", fmr, "--bootstrap", "50", *options]) == expect
    if expect:
        assert not output.exists()
        return {}
    return dict(json.loads((output / "evaluation.json").read_text()))


def test_the_report_holds_the_numbers_worked_out_by_hand(files: tuple[Path, Path]) -> None:
    facts = evaluated(files)
    assert facts["format"] == 1
    assert facts["threshold"] == pytest.approx(0.44)
    assert facts["fmr"] == pytest.approx(0.1)
    assert facts["fnmr"] == pytest.approx(0.3)
    assert (facts["mated_pairs"], facts["non_mated_pairs"], facts["images"]) == (10, 100, 20)
    area = facts["columns"]["quality"]["pauc"]["0.2"]
    assert area["raw"] == pytest.approx(0.05 * (2 * 3 / 10 + 2 * 2 / 9))
    assert area["normalised"] == pytest.approx(area["raw"] / (0.2 * 0.3))
    assert area["normalised_interval"][0] <= area["normalised"] <= area["normalised_interval"][1]
    assert facts["columns"]["quality"]["fnmr"][20] == pytest.approx(1 / 8)
    assert facts["baselines"]["random"]["pauc"]["0.3"]["normalised"] == pytest.approx(1)
    assert facts["baselines"]["oracle"]["fnmr"][30] == 0
    assert facts["bootstrap"]["unit"] == "subject"
    assert (facts["presets"], facts["crop_protocols"]) == (["p@1"], ["align5-v1-128"])


def test_a_measure_whose_lower_values_are_better_is_turned_round(files: tuple[Path, Path]) -> None:
    facts = evaluated(files)
    assert set(facts["columns"]) == {"quality", "mse"}
    assert facts["columns"]["mse"]["higher_is_better"] is False
    for limit in ("0.2", "0.3"):
        mse, quality = (facts["columns"][c]["pauc"][limit] for c in ("mse", "quality"))
        assert mse["normalised"] == quality["normalised"]
        assert mse["normalised_minus"]["quality"] == [0, 0]


def test_the_direction_of_an_unknown_column_can_be_told(files: tuple[Path, Path]) -> None:
    told = evaluated(files, "--columns", "quality", "other", "--lower-is-better", "other")
    areas = {name: entry["pauc"]["0.3"]["raw"] for name, entry in told["columns"].items()}
    assert areas["other"] == areas["quality"]
    untold = evaluated(files, "--columns", "other")
    assert untold["columns"]["other"]["pauc"]["0.3"]["raw"] > areas["quality"]


def test_the_plot_is_a_picture_and_pyplot_is_not_loaded(files: tuple[Path, Path]) -> None:
    scores, pairs = files
    call = ["evaluate", "--scores", str(scores), "--pairs", str(pairs), "--fmr", "0.1"]
    code = (
        "import sys\nfrom faceqgen_core.cli import main\n"
        f"code = main({[*call, '--bootstrap', '0', '--output', str(scores.parent / 'out')]})\n"
        "loaded = [m for m in ('matplotlib.pyplot', 'tensorflow', 'fiftyone') if m in sys.modules]\n"
        "sys.exit(f'loaded: {loaded}' if loaded else code)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    with PIL.Image.open(scores.parent / "out" / "edc.png") as picture:
        assert picture.format == "PNG"
        assert len(np.unique(np.asarray(picture.convert("L")))) > 20


def test_images_without_a_score_count_as_worst_and_are_counted(files: tuple[Path, Path]) -> None:
    scores, _ = files
    with scores.open() as file:
        rows = list(csv.DictReader(file))
    del rows[18]  # image 9a, of a pair without an error, has no row
    rows[17]["quality"] = ""  # image 8b has a row without a value
    write(scores, rows)
    facts = evaluated(files)
    assert facts["images_without_row"] == 1
    quality = facts["columns"]["quality"]
    assert (quality["images_without_value"], quality["pairs_without_value"]) == (2, 2)
    assert quality["fnmr"][10] == pytest.approx(3 / 10)  # the two pairs are one block of ties
    assert quality["fnmr"][20] == pytest.approx(3 / 8)
    assert facts["columns"]["mse"]["images_without_value"] == 1


def test_without_any_error_areas_are_empty_and_nothing_breaks(files: tuple[Path, Path]) -> None:
    pairs = [pair(f"s/{i}a.jpg", f"s/{i}b.jpg", 0.9, 1) for i in range(10)]
    write(files[1], pairs + non_mated())
    facts = evaluated(files)
    assert facts["columns"]["quality"]["pauc"]["0.3"]["normalised"] is None
    assert facts["columns"]["quality"]["pauc"]["0.3"]["normalised_interval"] is None
    assert facts["bootstrap"]["unit"] == "pair"


def test_too_few_non_mated_comparisons_are_refused(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    evaluated(files, fmr="1e-3", expect=2)
    assert "at least 1000 non-mated comparisons, there are 100" in capsys.readouterr().err


def test_the_table_on_the_screen_warns_of_mixed_presets(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    scores, _ = files
    with scores.open() as file:
        rows = list(csv.DictReader(file))
    rows[0]["preset"] = "another@2"
    write(scores, rows)
    evaluated(files)
    out = capsys.readouterr().out
    assert "WARNING" in out
    assert "another@2" in out


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"a": "x", "b": "y", "mated": 1}], "no column similarity"),
        ([pair("x", "y", 0.5, 2)], "line 2: mated must be 0 or 1"),
        ([pair("x", "y", float("nan"), 1)], "line 2: similarity must be a finite number"),
        ([pair("x", "y", 0.5, 0)], "no mated pair"),
        ([pair("x", "y", 0.5, 1, "ann"), pair("x", "z", 0.5, 1)], "1 of 2 mated pairs name no"),
        ([pair("x", "y", 0.1, 1), pair("x", "z", 0.9, 0)], "looks like a distance"),
    ],
)
def test_a_pairs_file_that_makes_no_sense_is_refused(
    rows: list[dict[str, Any]], words: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=words):
        read_pairs(write(tmp_path / "pairs.csv", rows))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"path": "x", "quality": 1}], "no column 'filepath'"),
        ([{"filepath": "x", "size": 1}], "none of the score columns"),
        ([{"filepath": "x", "quality": "good"}], "line 2, column quality: 'good' is not a number"),
        ([{"filepath": "x", "quality": 1}, {"filepath": "x", "quality": 2}], "other scores"),
        ([{"filepath": "", "quality": 1}], "'filepath' is empty"),
    ],
)
def test_a_scores_file_that_makes_no_sense_is_refused(
    rows: list[dict[str, Any]], words: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=words):
        read_scores(write(tmp_path / "scores.csv", rows))


def test_only_the_primary_face_of_an_image_counts(tmp_path: Path) -> None:
    rows = [{"filepath": "x", "face": face, "quality": q} for face, q in ((0, 70), (1, 20))]
    table = read_scores(write(tmp_path / "scores.csv", rows))
    assert table.columns["quality"].tolist() == [70]


def test_paths_match_exactly_or_by_an_unambiguous_end() -> None:
    available = ["/d/lfw/A/1.jpg", "lfw/B/1.jpg", "C\\1.jpg", "./D/1.jpg"]
    wanted = ["lfw/A/1.jpg", "/other/lfw/B/1.jpg", "lfw/C/1.jpg", "D/1.jpg", "lfw/E/1.jpg"]
    assert match_paths(wanted, available).tolist() == [0, 1, 2, 3, -1]


def test_an_exact_path_wins_over_a_longer_one_with_the_same_end() -> None:
    assert match_paths(["A/1.jpg"], ["/d/A/1.jpg", "A/1.jpg"]).tolist() == [1]


def test_part_of_a_folder_name_is_no_match() -> None:
    assert match_paths(["b.jpg", "A/1.jpg"], ["b.jpg", "/d/BA/1.jpg"]).tolist() == [0, -1]


def test_an_ambiguous_path_is_refused_with_its_candidates() -> None:
    with pytest.raises(ValueError, match=r"any of 2 scored images .*natural/A/1.jpg, xq/A/1.jpg"):
        match_paths(["A/1.jpg"], ["natural/A/1.jpg", "xq/A/1.jpg"])


def test_two_images_that_would_share_one_score_are_refused() -> None:
    with pytest.raises(ValueError, match=r"A/1.jpg and B/1.jpg both end in .* 1.jpg"):
        match_paths(["A/1.jpg", "B/1.jpg"], ["1.jpg"])


def test_pairs_of_which_no_image_is_scored_are_refused_with_an_example_of_each() -> None:
    with pytest.raises(ValueError, match=r"none of the 2 images .* A/1.jpg, the scores Z/9.jpg"):
        match_paths(["A/1.jpg", "A/2.jpg"], ["Z/9.jpg"])
