"""Lists of images and their parts, without a cluster: names, order, what a rerun knows again."""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path

import pytest

from faceqgen_core.cli import main
from faceqgen_core.distributed import score
from faceqgen_core.distributed.parts import (
    Part,
    begin_attempt,
    clear_attempts,
    end_attempts,
    exists,
    list_images,
    make_parts,
    names_in,
    part_of,
    remove,
)
from faceqgen_core.image_io import save_png
from tests.images import plain

SETTINGS = {"identifier": "faceqgen-128@12345678"}


def names(images, size=2, **settings):
    return [part.name for part in make_parts(images, size, {**SETTINGS, **settings})]


def test_parts_hold_each_image_once_in_order_and_are_named_after_what_is_in_them():
    images = [(f"/{name}.png", None) for name in "abcab"]
    parts = list(make_parts(images, 2, SETTINGS))
    assert [part.images for part in parts] == [["/a.png", "/b.png"], ["/c.png"]]
    assert len({part.name for part in parts}) == 2 and sorted(names(images)) == names(images)
    # what is appended leaves the parts before it, other settings and ids of samples change them
    assert names([*images, ("/d.png", None)])[0] == parts[0].name
    assert not set(names(images, all_faces=True)) & set(names(images))
    assert names([("/a.png", "1" * 24)]) != names([("/a.png", None)])


def test_a_part_travels_with_names_that_are_no_utf8_and_with_the_ids_of_its_samples():
    odd = os.fsdecode(b"/caf\xe9.png")
    (part,) = make_parts([(odd, "0" * 24), ("/b.png", None)], 10, SETTINGS)
    assert part_of(part.row()) == part and part.images[0] == odd
    assert part.samples == ["0" * 24, None]


def test_folders_files_and_lists_are_taken_with_absolute_paths(tmp_path, monkeypatch):
    (tmp_path / "inside").mkdir()
    for name in ("a.png", "inside/b.png"):
        save_png(tmp_path / name, plain(8, 8))
    listed = tmp_path / "list.csv"
    with open(listed, "w", newline="") as file:
        csv.writer(file).writerows(
            [["filepath", "sample_id"], ["a.png", "1" * 24], ["s3://b/c.png", ""]]
        )
    monkeypatch.chdir(tmp_path)
    assert list(list_images(["inside", listed, "a.png"])) == [
        (str(tmp_path / "a.png"), "1" * 24),
        ("s3://b/c.png", None),
        (str(tmp_path / "inside" / "b.png"), None),
        (str(tmp_path / "a.png"), None),
    ]


def test_a_parquet_list_is_read_and_one_without_paths_is_refused(tmp_path):
    pytest.importorskip("pyarrow", reason="Parquet is the extra parquet")
    import pyarrow
    import pyarrow.parquet

    path = tmp_path / "list.parquet"
    table = pyarrow.table({"filepath": ["/a.png", "gs://b/c.png"], "sample_id": ["1" * 24, None]})
    pyarrow.parquet.write_table(table, path)
    assert list(list_images([path])) == [("/a.png", "1" * 24), ("gs://b/c.png", None)]
    pyarrow.parquet.write_table(table.rename_columns(["file", "id"]), path)
    with pytest.raises(ValueError, match="no column 'filepath'; found: file, id"):
        list(list_images([path]))
    path.write_bytes(b"no table")
    with pytest.raises(ValueError, match="is no Parquet file"):
        list(list_images([path]))


@pytest.mark.parametrize("place", ["here", "memory://scores/run"])
def test_parts_are_found_again_and_removed_here_and_in_object_stores(place, tmp_path):
    output = str(tmp_path) if place == "here" else place
    pytest.importorskip("pyarrow", reason="Parquet is the extra parquet")
    from faceqgen_core.tables.score_parquet import files_in, read_rows, write_rows

    (part,) = make_parts([("/a.png", None)], 2, SETTINGS)
    path = part.path(output)
    assert names_in(output) == set() and not exists(path)
    row = {"filepath": os.fsdecode(b"/\xe9.png"), "face": 0, "quality": 0.1 + 0.2}
    write_rows(path, [{**row, "reasons": ["blur"]}])
    assert exists(path) and names_in(output) == {part.name}
    assert [file.rpartition("/")[2] for file in files_in(output)] == [part.name]
    (read,) = read_rows(path)
    assert read["quality"] == 0.1 + 0.2 and read["reasons"] == ["blur"]
    assert read["filepath"] == "/\\xe9.png" and read["ssim"] is None
    remove(output, [part.name])
    assert names_in(output) == set()


def test_attempts_at_a_part_are_counted_until_it_is_done(tmp_path):
    path = Part("part-000000-0123456789abcdef.parquet", []).path(str(tmp_path))
    assert [begin_attempt(path) for _ in range(3)] == [0, 1, 2]
    end_attempts(path)
    assert begin_attempt(path) == 0 and names_in(str(tmp_path)) == set()
    clear_attempts(str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_what_is_missing_is_said_with_the_way_out(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ValueError, match=r'needs the extra "ray": pip install "faceqgen\[ray\]"'):
        score(["a.png"], tmp_path)
    assert main(["score", "a.png", "--engine", "ray", "--output", str(tmp_path)]) == 2
    assert 'pip install "faceqgen[ray]"' in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert main(["import-scores", str(tmp_path / "a.parquet"), "--dataset", "x"]) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--actors", "2"], "--actors belongs to --engine ray"),
        (["--part-size", "5"], "--part-size belongs to --engine ray"),
        (["--engine", "ray", "--restored-dir", "x"], "leave --format and --restored-dir out"),
        (["--engine", "ray", "--format", "faceqnet"], "leave --format and --restored-dir out"),
    ],
)
def test_options_that_do_not_fit_the_engine_are_refused(options, message, tmp_path, capsys):
    call = ["score", str(tmp_path), "--output", str(tmp_path / "out"), *options]
    assert main(call) == 2
    assert message in capsys.readouterr().err


def test_only_a_cluster_writes_to_a_remote_place(tmp_path, capsys):
    save_png(tmp_path / "a.png", plain(8, 8))
    assert main(["score", str(tmp_path), "--output", "memory://out/scores.csv"]) == 2
    assert "only --engine ray writes to a remote place" in capsys.readouterr().err
    assert not Path("memory:").exists()
