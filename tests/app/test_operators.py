"""The operators beside scoring, in a real Chromium: from their buttons to what they leave in files and in the data set."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.app.browser import App

QUALITY = "faceqgen.quality"
SECOND = "second"


@pytest.fixture(scope="module")
def dataset(build):
    """Ten demo images in FiftyOne."""
    return build("faceqgen-operators-test", "blur", "low resolution", "noise")


@pytest.fixture(scope="module")
def scored(dataset, demo, preset):
    """The demo images, scored twice: as photographs, and as if each were a face crop."""
    import fiftyone.operators as foo

    demo.score(dataset, preset=preset)
    operator = foo.get_operator(demo.OPERATOR)
    portraits = dataset.match_tags("portrait")
    operator(portraits, preset=preset, faces="crop", field=SECOND, restored=False)
    dataset.reload()
    return dataset


@pytest.fixture
def app(app, scored) -> App:
    app.open(scored.name, len(scored))
    return app


def _form(app: App, icon: str):
    """Press the button with an operator's icon; returns the form."""
    app.page.locator(f'img[src*="{icon}.svg"]').first.click()
    form = app.part("operators-prompt-modal")
    form.wait_for()
    return form


def _execute(app: App, form) -> None:
    execute = form.get_by_role("button", name="Execute")
    app.until(execute.is_enabled, "the form is valid")
    execute.click()


def test_the_kept_faces_are_exported_from_the_grid(app, scored, tmp_path):
    kept = scored.match({QUALITY: {"$gte": 50}}).values("filepath")
    form = _form(app, "export")
    form.get_by_text(f"{len(kept)} of {len(scored)} samples").wait_for()
    app.shoot("operator-export")
    taken, path = tmp_path / "taken.csv", tmp_path / "kept.csv"
    taken.write_text("mine")
    app.field(form, "File").fill(str(taken))
    form.get_by_text("there is a file").wait_for()
    app.until(form.get_by_role("button", name="Execute").is_disabled, "the form is not valid")
    app.field(form, "File").fill(str(path))
    form.get_by_text("there is a file").wait_for(state="hidden")
    _execute(app, form)
    app.page.get_by_text(f"faces exported: {len(kept)}").wait_for()
    with path.open(newline="") as file:
        assert [row["filepath"] for row in csv.DictReader(file)] == kept
    assert taken.read_text() == "mine"


def test_the_best_shot_of_each_subject_is_shown(app, scored):
    form = _form(app, "best")
    app.field(form, "Tag them").fill("best")
    app.shoot("operator-best-shots")
    _execute(app, form)
    app.wait_for_count("2 samples")
    scored.reload()
    best = scored.match_tags("best")
    for subject in scored.exists(QUALITY).distinct("subject"):
        qualities = scored.match({"subject": subject}).values(QUALITY)
        highest = max(q for q in qualities if q is not None)
        assert best.match({"subject": subject}).values(QUALITY) == [highest]


def test_two_runs_are_compared_in_a_plot_and_the_grid_shows_where_they_disagree(app, scored):
    form = app.open_operator("Compare face quality runs")
    app.field(form, "Samples that disagree most, to show").fill("4")
    _execute(app, form)
    app.page.get_by_text("Rank correlation (Spearman)").wait_for()
    both = scored.exists(QUALITY).exists(f"{SECOND}.quality")
    points = app.page.locator(".scatterlayer .point")
    app.until(lambda: points.count() == len(both), "every face is a point")
    app.shoot("operator-compare")
    app.page.get_by_role("button", name="Close").click()
    app.wait_for_count("4 samples")


def test_the_report_opens_beside_the_app(app, scored, tmp_path):
    form = app.open_operator("Face quality report")
    path = tmp_path / "report.html"
    app.field(form, "File").fill(str(path))
    _execute(app, form)
    with app.page.context.expect_page() as opened:
        app.page.get_by_text("Open the report").click()
    report = opened.value
    report.get_by_role("heading", name="The worst faces").wait_for()
    scored_count = len(scored.exists(QUALITY))
    assert report.locator("figure").count() == scored_count
    pictures = report.locator("figure img")
    assert pictures.evaluate_all("all => all.every(i => i.complete && i.naturalWidth > 0)")
    assert pictures.count() == 3 * scored_count
    App(report, app.screenshots).shoot("operator-report")
    report.close()
    assert path.is_file()


def test_deleting_shows_what_would_go_asks_and_takes_only_that(app, scored):
    files = [path for path in scored.values("faceqgen.restored_path") if path]
    folder = Path(files[0]).parent
    stranger = folder / "notes.txt"
    stranger.write_text("mine")
    form = app.open_operator("Delete face quality")
    form.get_by_text("This would be deleted:").wait_for()
    execute = form.get_by_role("button", name="Execute")
    app.until(execute.is_disabled, "it waits for a yes")
    app.shoot("operator-delete")
    form.get_by_label("Yes, delete this for good").check()
    _execute(app, form)
    app.page.get_by_text("files deleted:").wait_for()
    scored.reload()
    assert not scored.has_field("faceqgen") and scored.has_field(SECOND)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    stranger.unlink()
