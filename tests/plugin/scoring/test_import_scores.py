"""``faceqgen import-scores`` and its operator, beside ``score_faces`` on the same images in the same database."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import pytest

from faceqgen_core.cli import main
from faceqgen_core.tables.score_table import open_table
from tests.plugin.conftest import FILTER, make_dataset

IMPORT = "@faceqgen/face-quality/import_scores"
BOUND = {"rel": 1e-5, "abs": 5e-5}
"""What scores of two runs may differ by (docs/reliability.md); the CSV carries nine digits."""

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def table(pictures, preset, tmp_path_factory) -> Path:
    """The scores of the four pictures, as the command line writes them."""
    path = tmp_path_factory.mktemp("table") / "scores.csv"
    call = ["score", *map(str, pictures.values()), "--all-faces", "--preset", preset]
    assert main([*call, "--output", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def imported(pictures, table) -> Iterator[Any]:
    """The four pictures with the scores of the table; for reading only."""
    dataset = make_dataset(*pictures.values())
    dataset.name = "faceqgen-imported"
    assert main(["import-scores", str(table), "--dataset", dataset.name]) == 0
    dataset.reload()
    yield dataset
    dataset.delete()


@pytest.fixture
def change(table, tmp_path) -> Callable[..., Path]:
    """Writes a table whose rows somebody has changed."""

    def write(edit: Callable[[Rows], Any]) -> Path:
        with open_table(table, "r") as file:
            rows = list(csv.DictReader(file))
        names = list(rows[0])
        edit(rows)
        with open_table(tmp_path / "changed.csv", "w") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(rows)
        return tmp_path / "changed.csv"

    return write


@pytest.fixture
def operate() -> Callable[..., dict[str, Any]]:
    """Runs the operator as a notebook does."""

    def run(dataset: Any, table: Path, **params: Any) -> dict[str, Any]:
        found = foo.get_operator(IMPORT)(dataset, str(table), **params)
        dataset.reload()
        return found

    return run


def plain(document: Any) -> dict[str, Any]:
    """The values of a document that do not say which run wrote it, or where its pictures are."""
    if document is None:
        return {}
    values = document.to_dict()
    return {k: v for k, v in values.items() if k not in ("_id", "restored_path")}


def assert_same(one: Any, other: Any) -> None:
    if isinstance(one, dict):
        assert set(one) == set(other)
        for key in one:
            assert_same(one[key], other[key])
    elif isinstance(one, float):
        assert one == pytest.approx(other, **BOUND)
    elif isinstance(one, list):
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            assert_same(*pair)
    else:
        assert one == other


def test_an_import_writes_what_a_run_writes_on_the_sample_and_on_every_face(imported, scored):
    assert len(imported) == len(scored) == 4
    for here, there in zip(imported, scored, strict=True):
        assert_same(plain(here.faceqgen), plain(there.faceqgen))
        faces = [
            [plain(face) for face in (sample.faceqgen_faces or fo.Detections()).detections]
            for sample in (here, there)
        ]
        assert_same(*faces)
    assert len(imported.values("faceqgen_faces.detections")[1]) == 2


def test_an_import_declares_the_fields_and_the_indexes_that_a_run_declares(imported, scored):
    def fields(dataset: Any) -> dict[str, tuple[Any, ...]]:
        schema = dataset.get_field_schema(flat=True)
        return {
            path: (type(field), field.description)
            for path, field in schema.items()
            if path.startswith("faceqgen") and "heatmap" not in path
        }

    def indexes(dataset: Any) -> set[str]:
        return {name for name in dataset.list_indexes() if "heatmap" not in name}

    assert fields(imported) == fields(scored)
    assert indexes(imported) == indexes(scored)


def test_the_record_of_an_import_is_that_of_a_run_and_names_the_table(imported, scored, table):
    records = []
    for dataset in (imported, scored):
        (key,) = dataset.list_runs()
        records.append(dataset.get_run_info(key).config.serialize())
    ours, theirs = records
    same = ("method", "preset", "crop_protocol", "versions", "counts", "samples", "faces")
    assert {k: ours[k] for k in same} == {k: theirs[k] for k in same}
    assert ours["state"] == "finished" and ours["complete"] is True
    assert ours["parameters"]["scores"] == str(table) and set(ours) == set(theirs)


def test_panel_filter_and_delete_take_imported_scores_for_their_own(pictures, table, operate, part):
    dataset = make_dataset(*pictures.values())
    operate(dataset, table)
    foo.execute_operator(FILTER, {"dataset": dataset}, params={"value": 100, "view_name": "low"})
    dataset.reload()
    assert len(dataset.load_saved_view("low")) == 2
    counts = part("dataset.statuses").count_statuses(dataset, "faceqgen")
    assert counts == {"scored": 2, "no_face": 1, "unreadable": 1}
    export = foo.get_operator("@faceqgen/face-quality/export_faces")
    rows = export(dataset, path=str(table.parent / "export.csv"), value=100)
    assert rows
    delete = "@faceqgen/face-quality/delete_face_quality"
    foo.execute_operator(delete, {"dataset": dataset}, params={"confirm": True})
    dataset.reload()
    assert not dataset.has_field("faceqgen") and not dataset.list_runs()
    dataset.delete()


def test_scoring_goes_on_after_an_import_where_the_table_ends(pictures, table, change, operate):
    dataset = make_dataset(*pictures.values())
    half = change(lambda rows: rows.__delitem__(slice(1, None)))
    summary = operate(dataset, half)
    assert summary["counts"] == {"scored": 1} and summary["done"] == 1
    summary = operate(dataset, table)
    assert summary["skipped"] == 1 and summary["done"] == 3
    # what failed is looked at again, what is done stays
    again = operate(dataset, table)
    assert again["skipped"] == 3 and again["counts"] == {"unreadable": 1}
    assert operate(dataset, table, skip_scored=False)["done"] == 4
    dataset.delete()


def test_rows_of_files_that_are_not_in_the_data_set_are_counted_and_told(one_face, table, operate):
    summary = operate(one_face, table)
    assert summary["done"] == 1 and summary["unknown"] == 4 and summary["refused"] == 0
    assert any("4 row(s) of 3 image(s) are not in the data set" in n for n in summary["notices"])


def test_a_broken_row_is_refused_with_its_number_and_nothing_else_is_lost(
    dataset, change, operate, capsys
):
    def spoil(rows: Rows) -> None:
        assert [row["face"] for row in rows] == ["0", "0", "1", "0", "0"]
        rows[0]["quality"] = "a lot"
        rows[2]["ssim"] = "7"
        rows[3]["preset"] = "other@12345678"

    dataset.name = "faceqgen-broken"
    spoiled = change(spoil)
    assert main(["import-scores", str(spoiled), "--dataset", dataset.name]) == 1
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "row 2: quality: 'a lot' is not a number"
    assert told[1] == "row 4: ssim: 7 is not within -1 to 1"
    assert told[2].startswith("row 5: of the preset other@12345678, not faceqgen")
    dataset.reload()
    assert dataset.values("faceqgen.status") == [None, "scored", None, "unreadable"]
    assert [len(faces or ()) for faces in dataset.values("faceqgen_faces.detections")] == [
        0,
        1,
        0,
        0,
    ]
    (key,) = dataset.list_runs()
    config = dataset.get_run_info(key).config
    assert config.counts == {"scored": 1, "unreadable": 1} and config.state == "finished"
    assert operate(dataset, spoiled)["refusals"].keys() == {2, 4, 5}


def test_an_image_without_its_primary_face_is_refused_as_a_whole_and_so_is_a_second_set_of_rows(
    dataset, change, operate
):
    def spoil(rows: Rows) -> None:
        rows[1]["box_width"] = ""
        rows.append(dict(rows[0]))

    summary = operate(dataset, change(spoil))
    assert summary["refusals"] == {
        3: "box_x, box_y, box_width, box_height: all four, or none",
        4: "the row of the primary face (face 0) cannot be used",
        7: "the image has rows before, from row 2",
    }
    assert dataset.values("faceqgen.status") == ["scored", None, "no_face", "unreadable"]


def test_scores_of_another_preset_beside_those_of_the_field_are_refused_before_anything_is_written(
    dataset, table, change, operate
):
    other = change(lambda rows: [row.update(preset="other@12345678") for row in rows[1:]])
    assert operate(dataset, other)["counts"] == {"scored": 1}
    with pytest.raises(ValueError, match="holds scores of preset faceqgen"):
        operate(dataset, other, of_preset="other@12345678")
    with pytest.raises(ValueError, match="no row of the preset third; it names"):
        operate(dataset, table, of_preset="third")
    dataset.reload()
    assert len(dataset.list_runs()) == 1


def test_ids_of_samples_find_them_where_the_files_lie_elsewhere(pictures, one_face, table, change):
    def elsewhere(rows: Rows) -> None:
        del rows[1:]
        rows[0]["filepath"] = "s3://bucket/one.png"

    path = change(elsewhere)
    lines = path.read_text(encoding="utf-8").splitlines()
    sample_id = one_face.first().id
    path.write_text(f"{lines[0]},sample_id\n{lines[1]},{sample_id}\n", encoding="utf-8")
    assert foo.get_operator(IMPORT)(one_face, str(path))["counts"] == {"scored": 1}
    assert one_face.first().faceqgen.status == "scored"
    path.write_text(f"{lines[0]},sample_id\n{lines[1]},{'0' * 24}\n", encoding="utf-8")
    assert foo.get_operator(IMPORT)(one_face, str(path))["unknown"] == 1


def test_parquet_in_parts_is_imported_with_all_digits(pictures, table, scored, tmp_path, operate):
    pytest.importorskip("pyarrow", reason="Parquet is the extra parquet")
    from faceqgen_core.assessor import FaceQualityAssessor
    from faceqgen_core.tables.score_parquet import write_rows
    from faceqgen_core.tables.score_table import values

    found = list(FaceQualityAssessor().assess(pictures.values(), all_faces=True))
    for part, rows in enumerate((found[:1], found[1:])):
        write_rows(str(tmp_path / f"part-{part}.parquet"), [values(row) for row in rows])
    dataset = make_dataset(*pictures.values())
    assert operate(dataset, tmp_path)["counts"] == {"scored": 2, "no_face": 1, "unreadable": 1}
    for here, there in zip(dataset, scored, strict=True):
        assert_same(plain(here.faceqgen), plain(there.faceqgen))
    dataset.delete()


def test_scores_of_other_networks_need_their_description_and_keep_their_direction(
    one_face, table, tmp_path, operate
):
    lines = table.read_text(encoding="utf-8").splitlines()
    path = tmp_path / "more.csv"
    more = f"{lines[0]},other,other_network\n{lines[1]},3.5,other@12345678\n"
    path.write_text(more, encoding="utf-8")
    summary = operate(one_face, path)
    assert any("the scores of other are left out" in notice for notice in summary["notices"])
    assert "other" not in one_face.first().faceqgen.field_names
    description = tmp_path / "other.json"
    description.write_text('{"name": "other", "file": "other.onnx", "higher_is_better": false}')
    operate(one_face, path, skip_scored=False, extra_scores=str(description))
    assert one_face.first().faceqgen.other == 3.5
    assert one_face.first().faceqgen_faces.detections[0].other == 3.5
    assert "LOWER is better" in one_face.get_field("faceqgen.other").description


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "scores is not given"),
        ({"scores": "/nowhere/scores.csv"}, "No such file"),
        ({"scores": "~/x.csv", "field": "a b"}, "cannot name a field"),
        ({"scores": "a.csv", "skip_scored": "no"}, "skip_scored must be True or False"),
        ({"scores": "a.csv", "feild": "x"}, "do you mean 'field'"),
        ({"scores": os.devnull}, "no column filepath"),
    ],
)
def test_what_cannot_be_imported_is_refused_before_anything_is_written(one_face, params, message):
    with pytest.raises(foo.executor.ExecutionError, match=f"{message}|Invalid value type|Required"):
        foo.execute_operator(IMPORT, {"dataset": one_face}, params=params)
    one_face.reload()
    assert not one_face.has_field("faceqgen") and not one_face.list_runs()


def test_a_table_of_an_earlier_version_and_a_data_set_that_is_not_there_are_told(
    table, tmp_path, capsys
):
    old = tmp_path / "old.csv"
    old.write_text("filepath,face,status\na.png,0,scored\n", encoding="utf-8")
    assert main(["import-scores", str(table), "--dataset", "faceqgen-nowhere"]) == 2
    assert "there is no data set 'faceqgen-nowhere'" in capsys.readouterr().err
    dataset = make_dataset()
    assert main(["import-scores", str(old), "--dataset", dataset.name]) == 2
    assert "no column reason, quality" in capsys.readouterr().err
    dataset.delete()
