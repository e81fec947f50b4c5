"""A curator's work in the App, in a real Chromium: score, sort, filter, look at the restored faces."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.app.browser import App

QUALITY = "faceqgen.quality"
RESTORED = "faceqgen.restored_path"
HEATMAP = "faceqgen_heatmap"
PROGRESS = re.compile(r"Loading the preset|\d+ of \d+ samples")


def test_a_curator_scores_sorts_filters_and_sees_the_restored_faces(app, dataset, demo, preset):
    total = len(dataset)
    app.open(dataset.name, total)
    app.shoot("1-data-set")
    _score(app, dataset, preset)
    _sort(app, dataset)
    _filter(app, dataset)
    _switch_to_restored(app, dataset)
    _show_what_changed(app, dataset)
    demo.draw_sheet(dataset, app.screenshots / "contact-sheet.png")


def test_filter_by_face_quality_shows_the_worst_faces_and_tags_them(app, dataset, demo, preset):
    demo.score(dataset, preset=preset)
    qualities = sorted(value for value in dataset.values(QUALITY) if value is not None)
    limit = round((qualities[4] + qualities[5]) / 2, 4)
    worse = [value for value in qualities if value < limit]
    app.open(dataset.name, len(dataset))
    form = app.open_operator("Filter by face quality")
    app.field(form, "Value").fill(str(limit))
    app.field(form, "Tag the samples").fill("poor")
    execute = form.get_by_role("button", name="Execute")
    app.until(execute.is_enabled, "the form is valid")
    execute.click()
    app.wait_for_count(f"{len(worse)} samples")
    app.wait_for_tiles(len(worse))
    app.page.get_by_role("button", name="Close").click()
    app.shoot("9-worst-first")
    dataset.reload()
    assert sorted(dataset.match_tags("poor").values(QUALITY)) == worse


def test_a_run_that_cannot_start_says_why_on_the_page(app, dataset):
    app.open(dataset.name, len(dataset))
    form = app.open_operator("Score face quality")
    app.name_preset(form, "no-such-preset")
    execute = form.get_by_role("button", name="Execute")
    app.until(execute.is_enabled, "the form is valid")
    execute.click()
    app.page.get_by_text(re.compile("Not scored:.*no-such-preset")).wait_for()


def _score(app: App, dataset, preset: str) -> None:
    form = app.open_operator("Score face quality")
    execute = form.get_by_role("button", name="Execute")
    execute.wait_for()
    if preset != "faceqgen-128":
        app.name_preset(form, preset)
    form.get_by_label("Heatmap").check()
    app.until(execute.is_enabled, "the form is valid")
    app.shoot("2-form")
    execute.click()
    app.page.get_by_text(PROGRESS).first.wait_for()

    refusal = app.page.get_by_text("Not scored:")

    def all_have_a_status() -> bool:
        assert not refusal.count(), refusal.first.inner_text()
        dataset.reload()
        return dataset.has_field("faceqgen.status") and None not in dataset.values(
            "faceqgen.status"
        )

    app.until(all_have_a_status, "every sample has its status", seconds=300)
    statuses = dataset.values("faceqgen.status")
    by_degradation = dict(zip(dataset.values("degradation.label"), statuses, strict=True))
    assert by_degradation["clean"] == "scored"
    assert by_degradation["no face"] == "no_face"
    assert by_degradation["truncated file"] == "unreadable"
    for quality, status in zip(*dataset.values([QUALITY, "faceqgen.status"]), strict=True):
        assert (quality is not None and 0 <= quality <= 100) == (status == "scored")
    app.page.get_by_text(f"scored: {statuses.count('scored')}", exact=True).wait_for()
    app.shoot("3-result")
    app.page.get_by_role("button", name="Done").click()


def _sort(app: App, dataset) -> None:
    scored = dataset.exists(QUALITY)
    app.part("sidebar-group-FACEQGEN").click()
    app.part(f"checkbox-{QUALITY}").click()
    app.until(
        lambda: len(app.tile_numbers(QUALITY)) == len(scored), "each scored tile shows its number"
    )
    app.shoot("4-scores")
    app.part("selector-Sort by").click()
    app.part(f"selector-result-{QUALITY}").click()
    expected = scored.sort_by(QUALITY).values(QUALITY)
    app.until(
        lambda: app.tile_numbers(QUALITY) == pytest.approx(expected, abs=0.01),
        "the tiles are in ascending order of quality",
    )
    app.shoot("5-sorted")


def _filter(app: App, dataset) -> None:
    qualities = sorted(value for value in dataset.values(QUALITY) if value is not None)
    limit = round((qualities[3] + qualities[4]) / 2, 4)
    kept = [value for value in qualities if value <= limit]
    app.part(f"sidebar-field-arrow-enabled-{QUALITY}").click()
    highest = app.part("numeric-slider-container-faceqgen-quality").get_by_placeholder("max")
    highest.fill(str(limit))
    highest.press("Enter")
    app.wait_for_count(f"{len(kept)} samples")
    app.until(
        lambda: app.tile_numbers(QUALITY) == pytest.approx(kept, abs=0.01),
        "the grid keeps the faces up to the limit, worst first",
    )
    app.shoot("6-filtered")
    app.part(f"numeric-filter-{QUALITY}").get_by_text("Reset").click()
    app.wait_for_tiles(len(dataset))


def _switch_to_restored(app: App, dataset) -> None:
    before = app.tile_pixels(QUALITY)
    app.part("action-display-options").click()
    app.part(f"radio-button-{RESTORED}").click()
    app.part("action-display-options").click()
    restored = {path for path in dataset.values(RESTORED) if path}
    assert restored and all(Path(path).is_file() for path in restored)
    app.until(lambda: restored <= app.media, "the page has loaded every restored image")
    app.until(lambda: app.tile_pixels(QUALITY) != before, "a tile shows another picture")
    app.part(f"radio-button-{RESTORED}").wait_for(state="hidden")
    app.shoot("7-restored")


def _show_what_changed(app: App, dataset) -> None:
    maps = dataset.exists(f"{HEATMAP}.map_path").values(f"{HEATMAP}.map_path")
    assert len(maps) == len(dataset.exists(QUALITY)) and all(Path(path).is_file() for path in maps)
    before = app.tile_pixels(QUALITY)
    app.part("action-display-options").click()
    app.part("radio-button-filepath").click()
    app.part("action-display-options").click()
    app.part(f"checkbox-{HEATMAP}").click()
    app.until(lambda: app.media.issuperset(maps), "the page has loaded every map")
    app.until(lambda: app.tile_pixels(QUALITY) != before, "the maps lie over the originals")
    app.shoot("8-changed")
