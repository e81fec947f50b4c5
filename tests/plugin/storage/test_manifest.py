"""The manifest of a folder: nothing that a crash or a stranger does to it makes a wrong file go, or a right one get lost."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def manifest(part, tmp_path) -> Any:
    return part("storage.manifest").Manifest(tmp_path)


@pytest.fixture
def entry(part) -> Any:
    return part("storage.manifest").Entry


def _files(manifest: Any) -> list[list[str]]:
    return [entry.files for entry in manifest.read()]


def test_a_line_that_a_crash_has_cut_off_does_not_swallow_the_next(manifest, entry):
    manifest.add([entry("a", ["a.png"])])
    with manifest.path.open("ab") as file:
        file.write(b'{"sample": "b", "files": ["b.p')
    manifest.add([entry("c", ["c.png"])])
    assert _files(manifest) == [["a.png"], ["c.png"]]


def test_it_is_compacted_to_one_line_for_each_sample_without_the_damaged_ones(manifest, entry):
    for _ in range(3):
        manifest.add([entry("a", ["a.png"], "set"), entry("b", ["b.png"], "set")])
    manifest.add([entry("a", ["a2.png"], "set")])
    with manifest.path.open("ab") as file:
        file.write(b"rubbish\n")
    manifest.compact()
    lines = manifest.path.read_text().splitlines()
    assert [json.loads(line)["files"] for line in lines] == [["a.png", "a2.png"], ["b.png"]]
    assert [p.name for p in manifest.folder.iterdir()] == ["manifest.jsonl"]


def test_what_is_forgotten_goes_and_what_others_added_meanwhile_stays(manifest, entry):
    manifest.add([entry("a", ["a.png"])])
    manifest.add([entry("b", ["b.png"])])
    assert manifest.forget(["a.png"]) is True and _files(manifest) == [["b.png"]]
    assert manifest.forget(["b.png"]) is False and not manifest.exists()


@pytest.mark.parametrize("way", ["link", "folder", "rubbish", "numbers", "pipe"])
def test_one_that_says_nothing_to_be_trusted_is_refused(part, manifest, tmp_path, way):
    if way == "link":
        (tmp_path / "elsewhere").write_text('{"sample": "a", "files": ["a.png"]}\n')
        manifest.path.symlink_to(tmp_path / "elsewhere")
    elif way == "folder":
        manifest.path.mkdir()
    elif way == "pipe":
        os.mkfifo(manifest.path)
    else:
        manifest.path.write_bytes(b"\xff\xfe\0\0" if way == "rubbish" else b'{"files": 7}\n[1]\n')
    with pytest.raises(part("storage.manifest").BrokenManifest):
        manifest.read()


def test_a_folder_that_is_a_link_is_not_written_to(part, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    storage = part("storage.restored_files")
    with pytest.raises(ValueError, match="is a link"):
        storage.RestoredFiles(tmp_path / "link", whole_crops=True)
    assert not list((tmp_path / "real").iterdir())


def test_temporary_files_of_a_killed_run_are_swept_and_those_of_others_are_not(
    part, manifest, entry, tmp_path
):
    mine, other = "a" * 24, "b" * 24
    manifest.add([entry(mine, [f"{mine}.jpg"], "me"), entry(other, [f"{other}.jpg"], "another")])
    names = {
        "mine": f".{mine}.jpg.{'0' * 32}.tmp",
        "another": f".{other}.jpg.{'1' * 32}.tmp",
        "old": f".{other}.jpg.{'2' * 32}.tmp",
        "strange": ".something.tmp",
    }
    for name in names.values():
        (tmp_path / name).write_bytes(b"half")
    long_ago = 1_000_000_000
    os.utime(tmp_path / names["old"], (long_ago, long_ago))
    os.utime(tmp_path / names["strange"], (long_ago, long_ago))
    assert part("storage.temporary").sweep(tmp_path, "me") == 2
    left = {path.name for path in Path(tmp_path).iterdir()}
    assert left == {"manifest.jsonl", names["another"], names["strange"]}


def test_what_no_run_has_written_is_not_replaced(part, tmp_path):
    import numpy as np

    from faceqgen_core.types import Assessment, Status

    key = "c" * 24
    (tmp_path / f"{key}_face0.png").write_text("somebody else's")
    files = part("storage.restored_files").RestoredFiles(tmp_path, whole_crops=True)
    assessment = Assessment("x.png", 0, Status.SCORED, restored=np.zeros((8, 8, 3), np.uint8))
    (written,) = part("storage.restored_files").write_files(files, [(key, "x.png", [assessment])])
    assert (tmp_path / f"{key}_face0.png").read_text() == "somebody else's"
    assert written.faces == {} and "no run has written" in written.missing[0].why
