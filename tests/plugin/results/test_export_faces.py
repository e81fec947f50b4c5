"""``export_faces``: what arrives where, under which name, and what a bad file costs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import numpy as np
import pytest

from benchmarks.reliability import batches
from faceqgen_core.image_io import load_image, save_png
from faceqgen_core.tables.csv_cells import plain_cell
from faceqgen_core.tables.score_table import open_table, read_scores
from tests.images import lfw_faces
from tests.plugin.conftest import form_of, sent_to_app

EXPORT = "@faceqgen/face-quality/export_faces"
QUALITY = [90.0, None, 10.0, 50.0, 30.0]


@pytest.fixture
def export() -> Any:
    return foo.get_operator(EXPORT)


@pytest.fixture
def rated(tmp_path) -> Iterator[Any]:
    """Five small faces in two folders, all called face.png or other.png; the second has no score."""
    files = [tmp_path / "in" / name for name in ("a/face.png", "a/other.png", "b/face.png")]
    files += [tmp_path / "in" / name for name in ("c/FACE.png", "c/last.png")]
    for file, image in zip(files, lfw_faces(5), strict=True):
        save_png(file, image)
    dataset = fo.Dataset()
    dataset.add_samples([fo.Sample(filepath=str(file), tags=["t"]) for file in files])
    documents = [
        fo.DynamicEmbeddedDocument(
            quality=q, status="scored" if q is not None else "no_face", preset="p@1"
        )
        for q in QUALITY
    ]
    dataset.set_values("faceqgen", documents, dynamic=True)
    yield dataset
    dataset.delete()


def _csv(path: Any) -> list[dict[str, str]]:
    import csv

    with open_table(path, "r") as file:
        return list(csv.DictReader(file))


def test_a_csv_holds_paths_and_scores_of_the_kept_and_evaluate_reads_it(rated, export, tmp_path):
    result = export(rated, value=40, path=str(tmp_path / "kept.csv"))
    rows = _csv(result["where"])
    assert [float(row["quality"]) for row in rows] == [90, 50]
    assert [row["filepath"] for row in rows] == [rated.values("filepath")[i] for i in (0, 3)]
    assert read_scores(tmp_path / "kept.csv").columns["quality"].tolist() == [90, 50]
    assert (result["exported"], result["left_out"], result["unscored"]) == (2, 2, 1)


def test_no_cell_of_an_exported_csv_is_run_by_a_spreadsheet_and_reading_gives_the_text_back(
    part, tmp_path
):
    """FiftyOne makes paths absolute, so that a name alone stands at the start of a cell where a row is made by hand."""
    row, face = part("results.export.table").Row, part("faces.rows").Face
    names = [
        "=cmd|' /C calc'!A0.jpg",
        "+1.jpg",
        "-1.jpg",
        "@A1.jpg",
        "\tx.jpg",
        "\nx.jpg",
        "'=x.jpg",
    ]
    names += ["plain.jpg", "a=b.jpg"]
    values = {"ssim": -0.25, "quality": 40.0, "preset": "=p@1", "reasons": ["=blur", "dark"]}
    rows = [row(face("i", name, 0, values), exported=name, problem=name) for name in names]
    path = tmp_path / "faces.csv"
    part("results.export.table").write_table(path, rows, about={})
    found = _csv(path)
    for line in found:
        texts = {k: v for k, v in line.items() if k not in ("ssim", "quality")}
        assert not [v for v in texts.values() if v[:1] in tuple("=+-@\t\r\n")]
        assert line["ssim"] == "-0.25"
    assert [plain_cell(line["filepath"]) for line in found] == names
    assert [plain_cell(line["exported"]) for line in found] == names
    table = read_scores(path)
    assert table.paths == names and table.presets == ["=p@1"]
    assert table.columns["ssim"].tolist() == [-0.25] * len(names)


def test_an_empty_side_is_told_not_written_in_silence(rated, export, tmp_path):
    rated.set_values("faceqgen.quality", [40.0] * len(QUALITY))
    chosen = {"by": "percentile", "value": 20, "keep": "low"}
    result = export(rated, path=str(tmp_path / "low.csv"), **chosen)
    assert result["exported"] == 0
    assert "equal scores stay together" in result["notices"][0]
    assert "No sample is of low quality here" in result["notices"][1]
    assert (
        export(rated, path=str(tmp_path / "high.csv"), **{**chosen, "keep": "high"})["exported"]
        == 5
    )


def test_a_json_holds_the_discarded_and_what_was_selected(rated, export, tmp_path):
    export(rated, kind="json", value=40, keep="low", path=str(tmp_path / "low.json"))
    found = json.loads((tmp_path / "low.json").read_text())
    assert [face["quality"] for face in found["faces"]] == [10, 30]
    assert found["keep"] == "low" and found["threshold"] == 40 and found["dataset"] == rated.name
    assert found["unscored"] == 1 and found["faces"][0]["preset"] == "p@1"


def test_reasons_for_low_scores_are_in_the_tables_where_the_run_wrote_them(rated, export, tmp_path):
    reasons = [["blur", "dark"], None, ["noise"], [], None]
    rated.set_values("faceqgen.reasons", reasons, dynamic=True)
    rows = _csv(export(rated, value=0, path=str(tmp_path / "all.csv"))["where"])
    assert [row["reasons"] for row in rows] == ["blur;dark", "noise", "", ""]
    export(rated, kind="json", value=0, path=str(tmp_path / "all.json"))
    faces = json.loads((tmp_path / "all.json").read_text())["faces"]
    assert [face["reasons"] for face in faces] == [["blur", "dark"], ["noise"], [], None]


def test_worst_first_is_the_order_of_the_table_if_asked_for(rated, export, tmp_path):
    result = export(rated, value=0, sort_worst=True, path=str(tmp_path / "all.csv"))
    assert [float(row["quality"]) for row in _csv(result["where"])] == [10, 30, 50, 90]


def test_images_of_one_name_are_copied_beside_each_other_byte_for_byte(rated, export, tmp_path):
    result = export(rated, kind="copy", value=0, path=str(tmp_path / "out"))
    rows = _csv(result["table"])
    names = [Path(row["exported"]).name for row in rows]
    assert names == ["face.png", "face-2.png", "FACE-3.png", "last.png"]
    for row in rows:
        assert Path(row["exported"]).read_bytes() == Path(row["filepath"]).read_bytes()
        assert not Path(row["exported"]).is_symlink()
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted([*names, "faces.csv"])


def test_links_lead_to_the_originals(rated, export, tmp_path):
    result = export(rated, kind="symlink", value=40, path=str(tmp_path / "out"))
    for row in _csv(result["table"]):
        assert Path(row["exported"]).is_symlink()
        assert os.readlink(row["exported"]) == row["filepath"]


@pytest.mark.parametrize("kind", ["copy", "symlink"])
def test_a_missing_file_costs_itself_alone_and_is_counted_and_named(rated, export, tmp_path, kind):
    Path(rated.first().filepath).unlink()
    result = export(rated, kind=kind, value=0, path=str(tmp_path / "out"))
    assert (result["exported"], result["failed"]) == (3, 1)
    assert (
        rated.first().filepath in result["problems"][0] and "no such file" in result["problems"][0]
    )
    rows = _csv(result["table"])
    assert [bool(row["problem"]) for row in rows] == [True, False, False, False]
    assert rows[0]["exported"] == ""
    assert not (tmp_path / "out" / "face.png").exists()


def test_a_copy_that_breaks_off_leaves_no_half_file(rated, export, part, tmp_path, monkeypatch):
    def breaks_off(source, target, length):
        target.write(source.read(10))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(part("results.export.image_files").shutil, "copyfileobj", breaks_off)
    result = export(rated, kind="copy", value=0, path=str(tmp_path / "out"))
    assert (result["exported"], result["failed"]) == (0, 4)
    assert "no space left on device" in result["problems"][0]
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["faces.csv"]


def test_a_full_folder_is_refused_and_with_add_nothing_in_it_is_replaced(rated, export, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "face.png").write_text("the user's own")
    (out / "faces.csv").write_text("his list")
    with pytest.raises(ValueError, match=r"is not empty.*add"):
        export(rated, kind="copy", value=80, path=str(out))
    result = export(rated, kind="copy", value=80, path=str(out), add=True)
    assert (out / "face.png").read_text() == "the user's own"
    assert (out / "faces.csv").read_text() == "his list"
    assert Path(result["table"]).name == "faces-2.csv"
    assert (out / "face-2.png").read_bytes() == Path(rated.first().filepath).read_bytes()


def test_without_a_path_each_export_makes_a_place_of_its_own(rated, export):
    first, second = (export(rated, value=0)["where"] for _ in range(2))
    home = Path(os.environ["FACEQGEN_HOME"]) / "exports" / rated.name
    assert Path(first) == home / "high-quality.csv"
    assert Path(second) == home / "high-quality-2.csv"
    folder = export(rated, kind="symlink", value=0, keep="high")["where"]
    assert Path(folder) == home / "high-quality-symlink"


def test_a_new_data_set_holds_the_samples_with_their_fields_and_stays(rated, export):
    result = export(rated, kind="dataset", dataset_name="kept-faces", value=40)
    kept = fo.load_dataset("kept-faces")
    assert kept.values("faceqgen.quality") == [90, 50] and kept.persistent
    assert kept.distinct("tags") == ["t"] and result["exported"] == 2
    kept.delete()


def test_a_new_data_set_knows_the_runs_its_scores_come_from(scored, export):
    export(scored, kind="dataset", dataset_name="kept-runs", value=0)
    kept = fo.load_dataset("kept-runs")
    (key,) = scored.list_runs()
    mine, theirs = (d.get_run_info(key).config.serialize() for d in (kept, scored))
    assert mine == theirs and mine["restored_dir"]
    kept.delete()


def test_a_crop_is_the_one_that_was_scored(scored, export, preset, tmp_path):
    from faceqgen_core import FaceQualityAssessor

    result = export(scored, kind="crops", value=0, all_faces=True, path=str(tmp_path / "out"))
    rows = sorted(_csv(result["table"]), key=lambda row: row["exported"])
    names = [Path(row["exported"]).name for row in rows]
    assert names == ["one_face0.png", "two_face0.png", "two_face1.png"]
    again = FaceQualityAssessor(preset).assess([row["exported"] for row in rows], faces="crop")
    for row, assessment in zip(rows, again, strict=True):
        assert assessment.quality == pytest.approx(float(row["quality"]), abs=1e-3)
        assert assessment.ssim == pytest.approx(float(row["ssim"]), abs=batches.NATIVE)


def test_of_each_image_the_primary_face_is_cut_out_unless_all_are_wanted(scored, export, tmp_path):
    result = export(scored, kind="crops", value=0, path=str(tmp_path / "out"))
    assert result["exported"] == 2
    restored = [load_image(s.faceqgen_faces.detections[0].restored_path) for s in scored.limit(2)]
    rows = sorted(_csv(result["table"]), key=lambda row: row["exported"])  # "one", then "two"
    crops = [load_image(row["exported"]) for row in rows]
    for crop, face in zip(crops, restored, strict=True):
        assert crop.shape == face.shape
        # The same face in the same place: whatever was restored, it is most alike where it lies.
        places = [(0, 0), (8, 0), (-8, 0), (0, 8), (0, -8)]
        there, *beside = (_alike(crop, np.roll(face, place, axis=(0, 1))) for place in places)
        assert there > max(beside) + 0.05


def _alike(crop, other):
    """Correlation of two crops of 128 px over the middle of the face."""
    middle = np.s_[32:104, 32:96]
    return np.corrcoef(crop[middle].ravel(), other[middle].ravel())[0, 1]


def test_an_image_that_is_damaged_by_now_costs_its_crops_alone(scored, export, tmp_path):
    copy = scored.clone()
    broken = tmp_path / "one.png"
    broken.write_bytes(b"no image any more")
    first = copy.first()
    first.filepath = str(broken)
    first.save()
    result = export(copy, kind="crops", value=0, path=str(tmp_path / "out"))
    assert (result["exported"], result["failed"]) == (1, 1)
    assert "one.png" in result["problems"][0]
    copy.delete()


def test_crops_of_a_run_that_kept_no_geometry_are_refused_with_a_way_out(rated, export, tmp_path):
    with pytest.raises(ValueError, match="score the faces anew"):
        export(rated, kind="crops", value=0, path=str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"kind": "zip"}, "kind must be one of csv, json, copy"),
        ({"kind": "dataset"}, "needs a name"),
        ({"keep": "best"}, "keep must be one of low, high"),
        ({"field": "nothing"}, "run 'Score face quality' first"),
        ({"path": "{plugin}/out.csv"}, "inside the plugin"),
        ({"path": "{here}"}, "is a folder: name a file"),
        ({"path": "{here}/taken.csv"}, "there is a file"),
        ({"path": "{here}/table.txt"}, "let its name end with .csv"),
        ({"kind": "json", "path": "{here}/table.csv"}, "let its name end with .json"),
        ({"kind": "copy", "path": "{here}/taken"}, "is a file: name a folder"),
        ({"kind": "copy", "path": "{here}/taken/sub"}, "cannot be made"),
        ({"kind": "dataset", "dataset_name": "{name}"}, "there is a data set"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_way_out(
    rated, export, part, tmp_path, params, message
):
    for name in ("taken", "taken.csv"):
        (tmp_path / name).write_text("here")
    known = {
        "here": tmp_path,
        "name": rated.name,
        "plugin": Path(part("dataset.fields").__file__).parent,
    }
    params = {k: v.format(**known) for k, v in params.items()}
    with pytest.raises(ValueError, match=message):
        export(rated, **params)


def test_a_script_may_leave_everything_to_its_defaults(rated):
    result = foo.execute_operator(EXPORT, {"dataset": rated}, params={})
    assert result.error is None
    assert (Path(os.environ["FACEQGEN_HOME"]) / "exports" / rated.name).is_dir()


def test_the_app_sees_progress_and_at_the_end_the_counts(rated, tmp_path):
    params = {"kind": "copy", "value": 0, "path": str(tmp_path / "out")}
    sent = sent_to_app(EXPORT, rated, params)
    labels = [r.params["label"] for r in sent if r.operator_uri == "set_progress"]
    assert labels[0] == "Reading the scores" and labels[-1] == "4 of 4"
    report = sent[-1].params["results"]["report"]
    assert "images exported: **4**" in report and str(tmp_path / "out") in report


def test_the_form_says_how_many_samples_it_selects_and_where_they_would_go(rated):
    form = _form(rated, {"value": 40, "kind": "copy"})
    assert form["how_many"]["view"]["label"] == "2 of 5 samples"
    assert form["how_many"]["view"]["description"] == "2 on the other side, 1 without a score"
    assert "high-quality-copy" in form["path"]["view"]["description"]


def test_the_form_scolds_beside_the_input_that_is_wrong(rated, tmp_path):
    taken = tmp_path / "taken.csv"
    taken.write_text("here")
    assert "there is a file" in _form(rated, {"path": str(taken)})["path"]["error_message"]
    wrong = _form(rated, {"measure": "mse", "value": 50})["value"]
    assert wrong["invalid"] and "mse lies between 0 and 1" in wrong["error_message"]
    named = _form(rated, {"kind": "dataset", "dataset_name": rated.name})["dataset_name"]
    assert "there is a data set" in named["error_message"]
    assert not _form(rated, {"kind": "dataset"})["dataset_name"]["invalid"]


def test_on_a_data_set_without_scores_the_form_says_what_to_do_first(one_face):
    field = _form(one_face, {})["field"]
    assert field["invalid"] and "run 'Score face quality' first" in field["error_message"]


def _form(dataset: Any, params: dict[str, Any]) -> dict[str, Any]:
    return form_of(EXPORT, dataset, params)


def test_names_in_a_folder_are_unique_whatever_their_case(part, tmp_path):
    (tmp_path / "A.png").touch()
    names = part("storage.paths").FreeNames(tmp_path)
    assert [names.take("a.png") for _ in range(3)] == ["a-2.png", "a-3.png", "a-4.png"]
    assert names.take("A-3.PNG") == "A-3-2.PNG"
