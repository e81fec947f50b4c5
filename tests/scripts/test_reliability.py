"""``make reliability`` with small counts: the promises of docs/reliability.md, broken on purpose."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.reliability import __main__ as command
from benchmarks.reliability import batches, fuzz, kills, promises
from tests.core.toy_assessor import toy as toy_assessor

ROOT = Path(__file__).resolve().parents[2]
FILES = int(os.environ.get("FACEQGEN_FUZZ", "3000"))
KILLS = int(os.environ.get("FACEQGEN_KILLS", "2"))


def test_a_command_that_is_killed_is_completed_by_the_same_call(toys, tmp_path):
    found = kills.kill_cli(tmp_path, KILLS, seed=1)
    assert found.held, str(found)
    assert max(found.done) > 0


@pytest.mark.slow
def test_an_operator_that_is_killed_is_completed_by_another_run(toys, tmp_path):
    found = kills.kill_operator(tmp_path, KILLS, seed=1)
    assert found.held, str(found)
    assert max(found.done) > 0


@pytest.mark.slow
def test_a_delegated_run_that_is_killed_is_completed_when_it_is_queued_again(toys, tmp_path):
    found = kills.kill_operator(tmp_path, KILLS, seed=2, kind="delegated")
    assert found.held, str(found)
    assert max(found.done) > 0


def test_no_mutated_file_breaks_the_reader():
    found = fuzz.fuzz_apart("images", FILES, seed=1)
    assert found.held, f"{found}: {found.problems}"
    assert found.files == FILES and FILES / 20 < found.read < FILES


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_no_mutated_file_breaks_the_assessor():
    assessor, _ = toy_assessor(max_pixels=fuzz.PIXELS)
    found = fuzz.fuzz(fuzz.assess_with(assessor), min(FILES, 500), seed=1)
    assert found.problems == {} and found.slowest < fuzz.SECONDS
    assert found.read > 0


def test_a_mutated_file_can_be_made_again_from_its_number():
    files = fuzz.seeds()
    assert fuzz.mutated(files, 3, 7) == fuzz.mutated(files, 3, 7) != fuzz.mutated(files, 3, 8)


def test_what_breaks_the_reader_is_found():
    def broken(data):
        if len(data) % 2:
            raise IndexError("beyond the end")
        return "read"

    found = fuzz.fuzz(broken, 40, seed=1)
    assert not found.held and "IndexError: beyond the end" in found.problems.values()
    assert fuzz.Fuzzed(files=1, problems={}, slowest=6.0).held is False
    assert fuzz.Fuzzed(files=1, problems={}, megabytes=1200.0).held is False


def test_a_face_scores_the_same_in_any_batch(preset):
    found = batches.compare_batches(preset, faces=5, sizes=(1, 4))
    assert found.held, str(found)


@pytest.mark.slow
def test_a_face_scores_the_same_with_another_number_of_threads(preset):
    found = batches.compare_threads(preset, faces=3)
    assert found.held and found.counts == (1, 2), str(found)


def test_scores_that_lie_too_far_apart_break_the_promise():
    scores = batches.Scores(np.zeros((2, 4)), np.zeros((2, 8, 8, 3), np.uint8))
    other = batches.Scores(scores.numbers + 0.002, scores.restored + np.uint8(2))
    gap = scores.gap(other)
    assert (gap.quality, gap.native, gap.grey) == (0.002, 0.002, 2)
    assert scores.gap(scores).held and not gap.held
    assert not batches.Apart(2, (1, 3), batches.Gap(), (1, 2), threads=gap).held
    told = str(batches.Apart(2, (1, 3), batches.Gap(), (1, 2), threads=gap))
    assert "identical to the bit; with 1 and 2 threads: quality 2.0e-03 of 100" in told


def test_the_table_keeps_the_figures_of_what_was_not_run(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{promises.BEGIN}\n{promises.END}\nafter\n")
    promises.write_page({"cli": "20 kills"}, "today", page)
    promises.write_page({"images": "5 files"}, "tomorrow", page)
    text = page.read_text()
    assert "20 kills (today) |" in text and "5 files (tomorrow) |" in text
    assert text.startswith("before\n") and text.endswith("\nafter\n")
    assert text.count(promises.NOT_RUN) == 8
    with pytest.raises(ValueError, match="no place for the table"):
        (tmp_path / "empty.md").write_text("")
        promises.write_page({}, "", tmp_path / "empty.md")


def test_every_promise_on_the_page_has_a_test_that_is_there():
    page = promises.PAGE.read_text(encoding="utf-8")
    for promise in promises.PROMISES:
        file, name = promise.test.split(": ")
        source = (ROOT / file).read_text(encoding="utf-8")
        assert name == "*" or f"def {name}(" in source, promise.test
        assert f"| {promise.words} | `{file}`" in page, (
            "bring the page up to date: make reliability"
        )


def test_the_figures_on_the_page_say_how_much_was_run_and_when():
    page = promises.PAGE.read_text(encoding="utf-8")
    figures = promises._figures(page)
    assert set(figures) == {promise.figure for promise in promises.PROMISES if promise.figure}
    for figure in figures.values():
        assert figure == promises.NOT_RUN or re.search(r"\d.*\(\d{4}-\d\d-\d\d, ", figure)


def test_the_full_run_is_the_default_and_parts_can_be_chosen():
    assert vars(command.arguments([]))["kills"] == 20
    assert command.arguments([]).images == 200_000 and command.arguments([]).assessor == 5_000
    assert command.arguments(["--only", "images", "--images", "9"]).only == ["images"]
