"""A file is there whole or not at all, whatever happens while it is written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from faceqgen_core.whole_files import is_temporary, sweep, temporary_beside, written_whole

ROOT = Path(__file__).resolve().parents[2]


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "new" / "scores.csv"
    with written_whole(path) as temporary:
        temporary.write_text("first")
        assert not path.exists()
    with written_whole(path, durable=True) as temporary:
        temporary.write_text("second")
        assert path.read_text() == "first"
    assert path.read_text() == "second"
    assert list(path.parent.iterdir()) == [path]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError), written_whole(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError("disk full")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_appears_whole_too(tmp_path):
    with written_whole(tmp_path / "set") as temporary:
        temporary.mkdir()
        (temporary / "crops.npy").write_bytes(b"x")
        assert not (tmp_path / "set").exists()
    assert [p.name for p in (tmp_path / "set").iterdir()] == ["crops.npy"]
    with pytest.raises(RuntimeError), written_whole(tmp_path / "other") as temporary:
        temporary.mkdir()
        (temporary / "crops.npy").write_bytes(b"x")
        raise RuntimeError
    assert [p.name for p in tmp_path.iterdir()] == ["set"]


def test_a_killed_process_leaves_the_old_file_and_a_temporary_one_that_is_swept(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("old")
    code = (
        "import os, sys\n"
        "from faceqgen_core.whole_files import written_whole\n"
        "with written_whole(sys.argv[1]) as t:\n"
        "    t.write_text('half'); os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, check=False)
    assert path.read_text() == "old"
    (left,) = (p.name for p in tmp_path.iterdir() if p != path)
    assert is_temporary(left)
    assert sweep(tmp_path) == []  # it is young: its process may live
    old = time.time() - 7200
    os.utime(tmp_path / left, (old, old))
    assert sweep(tmp_path) == [left]
    assert list(tmp_path.iterdir()) == [path]


def test_only_temporary_files_are_swept_and_no_link_is_followed(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    kept = [".hidden.tmp", "scores.csv", "a.tmp", f"{'0' * 32}.tmp"]
    for name in kept:
        (inside / name).touch()
    precious = tmp_path / "precious"
    precious.touch()
    link = temporary_beside(inside / "link")
    link.symlink_to(precious)
    assert sweep(inside, older_than=-1) == []
    assert precious.exists()
    assert sorted(p.name for p in inside.iterdir()) == sorted([*kept, link.name])
    assert sweep(tmp_path / "missing") == []


def test_the_longest_file_name_has_room_for_its_temporary_one(tmp_path):
    for stem in ("x" * 251, "ä" * 125):
        path = tmp_path / f"{stem}.png"
        with written_whole(path) as temporary:
            temporary.write_bytes(b"x")
        assert path.is_file()


def test_files_are_renamed_into_place_in_one_function_alone():
    """The one place where the project replaces a file by another."""
    pattern = re.compile(
        r"\b\w*(?:temporary|tmp)\w*\.(?:replace|rename)\(|os\.(?:replace|rename)\("
    )
    sources = [p for room in ("faceqgen_core", "scripts") for p in (ROOT / room).rglob("*.py")]
    found = [
        p.relative_to(ROOT).as_posix()
        for p in sources
        if pattern.search(p.read_text(encoding="utf-8"))
    ]
    assert found == ["faceqgen_core/whole_files.py"]
