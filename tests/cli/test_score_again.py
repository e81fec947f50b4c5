"""``faceqgen score`` ends in whatever way, and the same call again completes it: nothing lost, nothing done twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from faceqgen_core.cli import main
from faceqgen_core.image_io import save_png
from faceqgen_core.tables.score_journal import ScoreJournal, file_state
from faceqgen_core.whole_files import temporary_beside
from tests.cli import toy_score
from tests.cli.test_score import rows_of
from tests.images import jpeg_bytes, plain

ROOT = Path(__file__).resolve().parents[2]
IMAGES = 24
KILLS = int(os.environ.get("FACEQGEN_KILLS", "5"))


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Images of different grey levels; one is broken."""
    folder = tmp_path / "images"
    for index in range(IMAGES):
        level = 20 + 9 * index
        save_png(folder / f"{index:03d}.png", plain(160, 160, (level, level, level)))
    (folder / "007.png").write_bytes(b"no image")
    return folder


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The command runs in this process, with a toy for a network; the sizes of its batches."""
    batches: list[int] = []

    class Network(toy_score.ToyNetwork):
        def __init__(self, *args: object, **options: object) -> None:
            super().__init__()
            self.batches = batches

    monkeypatch.setattr("faceqgen_core.restoration.Restorer", Network)
    monkeypatch.setattr(
        "faceqgen_core.assessor.MTCNNDetector", lambda **options: toy_score.ToyDetector()
    )
    return batches


def call(images: Path, output: Path, *options: str) -> list[str]:
    return [str(images), "--output", str(output), "--batch-size", "2", *options]


def journal_of(output: Path) -> Path:
    return output.with_name(f".{output.name}.journal")


def scored_in(output: Path) -> int:
    """Images of which the journal has a whole line; the broken one, which is tried each time, apart."""
    try:
        lines = journal_of(output).read_bytes().split(b"\n")[1:-1]
    except OSError:
        return 0
    return len({json.loads(line)["path"] for line in lines if b"unreadable" not in line})


def test_killed_at_random_points_and_called_again_it_ends_as_if_nothing_had_been(
    images: Path, tmp_path: Path, toy: list[int]
) -> None:
    """An old output was cut to nothing at once; a run killed at 90 % had lost all earlier rows."""
    output, restored = tmp_path / "out" / "scores.csv", tmp_path / "restored"
    undisturbed = tmp_path / "undisturbed.csv"
    options = ["--restored-dir", str(restored)]
    assert main(["score", *call(images, undisturbed, *options)]) == 0
    before = {path: path.read_bytes() for path in restored.iterdir()}
    for path in before:
        path.unlink()
    output.parent.mkdir()
    output.write_text(precious := "filepath,status\nof,an earlier run\n")
    chance = random.Random(len(before))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = 0
    for _ in range(KILLS):
        program = [sys.executable, "-m", "tests.cli.toy_score", *call(images, output, *options)]
        process = subprocess.Popen(program, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL)
        goal = min(done + chance.randint(0, 4), IMAGES - 6)
        while process.poll() is None and scored_in(output) < goal:
            time.sleep(0.002)
        time.sleep(chance.random() * 0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert output.read_text() == precious
        assert scored_in(output) >= done  # nothing is lost
        done = scored_in(output)
    toy.clear()
    assert main(["score", *call(images, output, *options)]) == 0
    assert sum(toy) == IMAGES - 1 - done  # and nothing is scored twice
    assert output.read_bytes() == undisturbed.read_bytes()
    assert {path: path.read_bytes() for path in restored.iterdir()} == before


def test_the_same_call_again_scores_what_is_new_changed_or_was_unreadable(
    images: Path, tmp_path: Path, toy: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "scores.csv"
    assert main(["score", *call(images, output)]) == 0
    assert sum(toy) == IMAGES - 1
    first = rows_of(output)
    toy.clear()
    assert main(["score", *call(images, output)]) == 0
    assert toy == []
    assert rows_of(output) == first
    assert f"{IMAGES - 1} of the images had their scores" in capsys.readouterr().out
    save_png(images / "007.png", plain(160, 160, (7, 7, 7)))  # readable now
    save_png(images / "new.png", plain(160, 160, (200, 200, 200)))
    save_png(images / "003.png", plain(170, 160, (3, 3, 3)))
    assert main(["score", *call(images, output)]) == 0
    assert sum(toy) == 3
    rows = rows_of(output)
    assert len(rows) == IMAGES + 1
    assert {row["status"] for row in rows} == {"scored"}
    (images / "000.png").unlink()
    assert main(["score", *call(images, output)]) == 0
    assert len(rows_of(output)) == IMAGES


def test_overwrite_and_other_settings_begin_anew(
    images: Path, tmp_path: Path, toy: list[int]
) -> None:
    output = tmp_path / "scores.csv"
    for options in ([], ["--overwrite"], ["--crops"], ["--max-pixels", "30000"]):
        toy.clear()
        assert main(["score", *call(images, output, *options)]) == 0
        assert sum(toy) == IMAGES - 1
    toy.clear()
    assert main(["score", *call(images, output, "--max-pixels", "100")]) == 0
    assert {row["status"] for row in rows_of(output)} == {"too_large", "unreadable"}


def test_a_folder_that_takes_no_more_files_costs_these_and_the_next_call_makes_them(
    images: Path,
    tmp_path: Path,
    toy: list[int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output, restored = tmp_path / "scores.csv", tmp_path / "restored"
    restored.mkdir()
    from faceqgen_core import image_io

    original, made = image_io.save_png, []

    def save(path: Path, array: object) -> None:
        if len(made) == 5:  # somebody puts a file where the folder was
            for old in restored.iterdir():
                old.rename(tmp_path / old.name)
            restored.rmdir()
            restored.write_text("")
        made.append(path)
        original(path, array)  # type: ignore[arg-type]

    monkeypatch.setattr(image_io, "save_png", save)
    options = ["--restored-dir", str(restored)]
    assert main(["score", *call(images, output, *options)]) == 0
    rows = [row for row in rows_of(output) if row["status"] == "scored"]
    assert len(rows) == IMAGES - 1
    assert sum(not row["restored_path"] for row in rows) == IMAGES - 1 - 5
    told = capsys.readouterr().out
    assert f"{IMAGES - 6} restored images are missing in {restored}" in told
    assert "not a directory" in told or "file exists" in told
    monkeypatch.setattr(image_io, "save_png", original)
    restored.unlink()
    assert main(["score", *call(images, output, *options)]) == 0
    rows = [row for row in rows_of(output) if row["status"] == "scored"]
    assert all(os.path.isfile(row["restored_path"]) for row in rows)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a disk that is full")
def test_a_full_disk_under_the_journal_costs_no_row_of_this_run(
    images: Path, tmp_path: Path, toy: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "scores.csv"
    journal_of(output).symlink_to("/dev/full")  # reading it would never end
    assert main(["score", *call(images, output)]) == 2  # refused before any work
    assert "no plain file" in capsys.readouterr().err
    assert toy == []
    settings = {"preset": "x"}
    with ScoreJournal(tmp_path / "journal", settings) as journal:
        journal.add("a.png", (1, 2), [{"status": "scored"}])
        healthy, journal._file = journal._file, open("/dev/full", "a+b", 0)  # noqa: SIM115
        journal.add("b.png", (1, 2), [{"status": "no_face"}])
        journal._file.close()
        journal._file = healthy
        assert "No space left" in journal.problem
        assert [row["status"] for row in journal.rows("b.png")] == ["no_face"]
        assert [row["status"] for row in journal.rows("a.png")] == ["scored"]


def test_a_torn_line_is_cut_off_and_what_follows_is_whole(tmp_path: Path) -> None:
    path, image = tmp_path / "journal", tmp_path / "a.png"
    save_png(image, plain())
    with ScoreJournal(path, {"a": 1}) as journal:
        journal.add(str(image), file_state(image), [{"status": "scored"}])
    whole = path.read_bytes()
    for torn in (b'{"path": "b.png", "sta', b"\xff\x00\n", b'{"path": 3}\n', b"[]\n"):
        path.write_bytes(whole + torn)
        with ScoreJournal(path, {"a": 1}) as journal:
            assert journal.unchanged(str(image))
            assert not journal.unchanged("b.png")
            journal.add("c.png", None, [{"status": "no_face"}])
        lines = path.read_bytes().splitlines()
        assert len(lines) == 3
        assert all(json.loads(line) for line in lines)


def test_what_a_killed_run_has_left_half_written_is_swept_at_once_and_nothing_else(
    images: Path, tmp_path: Path, toy: list[int]
) -> None:
    """It had stayed for an hour: a run that was begun again at once left it behind."""
    output, restored = tmp_path / "out" / "scores.csv", tmp_path / "restored"
    options = ["--restored-dir", str(restored)]
    assert main(["score", *call(images, output, *options)]) == 0
    made = sorted(restored.iterdir())
    ours = [temporary_beside(made[0]), temporary_beside(output)]
    others = [temporary_beside(restored / "x-0123456789abcdef-face0.png")]
    others += [temporary_beside(output.with_name("other.csv")), restored / ".notes.tmp"]
    for path in (*ours, *others):
        path.write_bytes(b"half")
    assert main(["score", *call(images, output, *options)]) == 0
    assert [path.exists() for path in ours] == [False, False]
    assert all(path.exists() for path in others)
    assert set(made) <= set(restored.iterdir())


def test_a_second_run_into_the_same_file_is_refused(tmp_path: Path) -> None:
    with (
        ScoreJournal(tmp_path / "journal", {}),
        pytest.raises(ValueError, match="another run is writing"),
    ):
        ScoreJournal(tmp_path / "journal", {})
    with ScoreJournal(tmp_path / "journal", {}):
        pass


def test_remote_images_keep_their_scores_until_they_change(tmp_path: Path, toy: list[int]) -> None:
    fsspec = pytest.importorskip("fsspec")
    system, output = fsspec.filesystem("memory"), tmp_path / "scores.csv"
    system.store.clear()
    for name in ("a", "b"):
        system.pipe(f"/faces/{name}.jpg", jpeg_bytes(plain(160, 160)))
    command = ["score", "memory://faces", "--output", str(output)]
    for expected in (2, 2):
        assert main([*command, "--restored-dir", str(tmp_path / "restored")]) == 0
        assert sum(toy) == expected
    system.pipe("/faces/b.jpg", jpeg_bytes(plain(160, 160, (9, 9, 9))))
    assert main([*command, "--restored-dir", str(tmp_path / "restored")]) == 0
    assert sum(toy) == 3
    assert [row["filepath"][-11:] for row in rows_of(output)] == ["faces/a.jpg", "faces/b.jpg"]
    system.store.clear()


def test_a_call_with_a_wrong_option_costs_no_row_of_the_run_that_it_should_have_gone_on_with(
    images: Path, tmp_path: Path, toy: list[int]
) -> None:
    """The journal of a run killed at 90 % was emptied at once, and with it days of work."""
    output = tmp_path / "scores.csv"
    assert main(["score", *call(images, output)]) == 0
    first = output.read_bytes()
    output.unlink()  # as if it had been killed before it was written
    assert main(["score", *call(images, output, "--crops")]) == 0
    toy.clear()
    assert main(["score", *call(images, output)]) == 0
    assert toy == [] and output.read_bytes() == first
    assert main(["score", *call(images, output, "--crops", "--overwrite")]) == 0
    assert (
        len(journal_of(output).read_bytes().splitlines()) == 1 + IMAGES
    )  # --overwrite forgets all


def test_a_damaged_line_in_the_midst_of_the_journal_costs_its_own_row_alone(tmp_path: Path) -> None:
    path, image = tmp_path / "journal", tmp_path / "a.png"
    save_png(image, plain())
    with ScoreJournal(path, {"a": 1}) as journal:
        for name in ("b.png", str(image)):
            journal.add(name, file_state(image), [{"status": "scored"}])
    path.write_bytes(path.read_bytes().replace(b'{"path": "b.png"', bytes(16)))  # a power cut
    with ScoreJournal(path, {"a": 1}) as journal:
        assert journal.unchanged(str(image)) and not journal.rows("b.png")
        assert journal.rows(str(image)) == [{"status": "scored"}]


@pytest.mark.parametrize("content", ["a,b\n1,2\n", "\xff\xfe\x00", "x" * 200_000, "=1+1"])
def test_a_file_of_somebody_elses_is_not_replaced_unless_that_is_said(
    images: Path, tmp_path: Path, toy: list[int], capsys: pytest.CaptureFixture[str], content: str
) -> None:
    """``--output`` with the list of one's own images in place of a new file: the list was gone."""
    output = tmp_path / "mine.csv"
    output.write_text(content, "latin-1")
    assert main(["score", *call(images, output)]) == 2
    assert "has not written" in capsys.readouterr().err
    assert output.read_text("latin-1") == content and toy == []
    assert not journal_of(output).exists()
    assert main(["score", *call(images, output, "--overwrite")]) == 0
    assert len(rows_of(output)) == IMAGES
    assert main(["score", *call(images, output)]) == 0  # ours now


def test_a_folder_in_the_place_of_the_output_is_refused_before_any_work(
    images: Path, tmp_path: Path, toy: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", *call(images, tmp_path)]) == 2
    assert "is a folder" in capsys.readouterr().err and toy == []


def test_runs_with_other_settings_into_one_folder_replace_no_picture_of_each_other(
    images: Path, tmp_path: Path, toy: list[int]
) -> None:
    """Names were made of the images alone: the table of the first run named the pictures of the second."""
    restored = tmp_path / "restored"
    made: list[dict[str, int]] = []
    for name, *options in (("a.csv",), ("b.csv", "--crops"), ("a.csv", "--overwrite")):
        output = tmp_path / name
        command = [*call(images, output), "--restored-dir", str(restored), *options]
        assert main(["score", *command]) == 0
        paths = [row["restored_path"] for row in rows_of(output) if row["restored_path"]]
        assert len(paths) == IMAGES - 1
        made.append({path: os.stat(path).st_ino for path in paths})
    assert not set(made[0]) & set(made[1]) and set(made[0]) == set(made[2])
    assert {path: os.stat(path).st_ino for path in made[1]} == made[1]
