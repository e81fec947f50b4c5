"""Every block of every tutorial runs, in the order of its page, with the shipped preset and a real FiftyOne."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs import pages
from tests.docs.not_run import NOT_RUN
from tests.docs.pages import ROOT

TUTORIALS = ROOT / "docs" / "tutorials"


def run(name: str) -> dict[str, object]:
    """Run a tutorial in the current folder; returns what its names stand for at the end."""
    page = f"docs/tutorials/{name}.md"
    return pages.run(ROOT / page, skip=lambda line: (page, line) in NOT_RUN)


@pytest.fixture(autouse=True)
def _place(tmp_path, monkeypatch):
    """An empty folder to work in; data sets that a page makes do not outlive it."""
    monkeypatch.chdir(tmp_path)
    yield
    import sys

    if "fiftyone" in sys.modules:
        import fiftyone as fo

        for name in ("curate-a-folder", "two-cameras", "best-shots"):
            if fo.dataset_exists(name):
                fo.delete_dataset(name)


def test_a_folder_is_curated_as_its_page_says():
    found = run("curate-a-folder")
    statuses = found["dataset"].count_values("faceqgen.status")
    assert statuses == {"scored": 16, "no_face": 3, "unreadable": 1}
    assert len(list(Path("kept").glob("*.png"))) == found["kept"]["exported"] == 12
    assert found["table"]["exported"] == 4 and Path("report.html").is_file()


def test_two_cameras_are_compared_as_their_page_says():
    found = run("compare-two-cameras")
    assert found["gap"](found["people"]) > 20 and found["low"] > 0


def test_best_shots_are_chosen_as_their_page_says():
    found = run("best-shots")
    assert len(found["best"]) == 2 and not found["missing"]
    assert len(list(Path("album").glob("*.png"))) == 2


@pytest.mark.slow
@pytest.mark.training
def test_a_preset_is_trained_as_its_page_says():
    found = run("train-on-your-own-set")
    assert len(found["rows"]) == 12
    assert all(row["preset"].startswith("mine@") for row in found["rows"])


def test_every_tutorial_is_run_by_a_test():
    here = Path(__file__).read_text(encoding="utf-8")
    for page in TUTORIALS.glob("*.md"):
        assert f'run("{page.stem}")' in here, page.name
