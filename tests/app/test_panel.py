"""A curator's work in the panel "Face Quality", in a real Chromium: score, decide, look, trust."""

from __future__ import annotations

import csv
import re

import numpy as np
import pytest

from tests.app.browser import App
from tests.app.panel_page import PanelPage

QUALITY = "faceqgen.quality"
STATUS = "faceqgen.status"
PROGRESS = re.compile(r"Loading the preset|\d+ of \d+ samples")


@pytest.fixture
def panel(app) -> PanelPage:
    return PanelPage(app)


def test_a_curator_scores_decides_tags_saves_exports_and_looks(
    app, panel, dataset, preset, tmp_path
):
    app.open(dataset.name, len(dataset))
    panel.open_from_grid()
    _score(app, panel, dataset, preset)
    _click_a_bar(app, panel, dataset)
    _move_the_slider(app, panel, dataset)
    _tag_and_save(app, panel, dataset)
    _export(app, panel, dataset, tmp_path)
    _look(app, panel, dataset)
    _make_the_window_narrow(app, panel)
    _trust(app, panel, dataset)
    _change_theme(app, panel)


def _score(app: App, panel: PanelPage, dataset, preset: str) -> None:
    panel.says(f"Not yet scored: {len(dataset)}")
    panel.says("No face of this data set is scored yet")
    app.shoot("panel-1-unscored")
    panel.button("Score the faces").click()
    form = app.part("operators-prompt-modal")
    execute = form.get_by_role("button", name="Execute")
    execute.wait_for()
    if preset != "faceqgen-128":
        app.name_preset(form, preset)
    app.until(execute.is_enabled, "the form is valid")
    execute.click()
    app.page.get_by_text(PROGRESS).first.wait_for()

    def all_have_a_status() -> bool:
        dataset.reload()
        return dataset.has_field(STATUS) and None not in dataset.values(STATUS)

    app.until(all_have_a_status, "every sample has its status", seconds=300)
    opener = app.page.get_by_role("button", name="Open the Face Quality panel")
    opener.wait_for()
    app.page.get_by_role("button", name="Done").click()
    scored = len(dataset.exists(QUALITY))
    panel.says(f"Scored: {scored} ")
    panel.says(f"of {scored} (")
    assert "Not yet scored" not in panel.text()
    app.shoot("panel-2-decide")


def _click_a_bar(app: App, panel: PanelPage, dataset) -> None:
    qualities = [q for q in dataset.values(QUALITY) if q is not None]
    counts, edges = np.histogram(qualities, bins=50, range=(0, 100))
    fullest = int(np.argmax(counts))
    panel.click_bar(fullest)
    app.wait_for_count(f"{counts[fullest]} sample{'s' if counts[fullest] > 1 else ''}")
    panel.says(f"The grid shows quality {edges[fullest]:g} to {edges[fullest + 1]:g}")
    panel.says(f"Scored: {len(qualities)} ")  # the panel still counts the whole view
    panel.button("Show all").click()
    app.wait_for_count(f"{len(dataset)} samples")


def _move_the_slider(app: App, panel: PanelPage, dataset) -> None:
    qualities = [q for q in dataset.values(QUALITY) if q is not None]
    before = panel.threshold()
    panel.move_slider(0.7)
    app.until(lambda: panel.threshold() != before, "the threshold follows the slider")
    value = panel.threshold()
    assert 60 < value < 80
    kept = sum(quality >= value for quality in qualities)
    share = 100 * kept / len(qualities)
    panel.says(f"Kept {kept} of {len(qualities)} ({share:.1f} %)")
    panel.button("Worst 25 %").click()
    discarded = int(np.ceil(0.25 * len(qualities)))
    panel.says(f"discarded {discarded} (")
    panel.says(f"Show low ({discarded})")
    # What the slider tells late of where it was must not undo it.
    app.page.wait_for_timeout(1000)
    panel.says(f"Show low ({discarded})")
    panel.fill("Type a threshold", "90")
    panel.says(f"Kept {sum(quality >= 90 for quality in qualities)} of {len(qualities)} (")
    panel.button("Worst 25 %").click()
    panel.says(f"Show low ({discarded})")


def _tag_and_save(app: App, panel: PanelPage, dataset) -> None:
    threshold = sorted(q for q in dataset.values(QUALITY) if q is not None)
    low = int(np.ceil(0.25 * len(threshold)))
    panel.button("Show low").click()
    app.wait_for_count(f"{low} samples")
    panel.says("The grid shows quality below")
    panel.fill("Name of the tag or view", "poor")
    panel.button("Tag").click()
    app.page.get_by_text(f"Tagged {low} samples “poor”").wait_for()
    dataset.reload()
    tagged = dataset.match_tags("poor")
    assert sorted(tagged.values(QUALITY)) == threshold[:low]
    panel.says("The grid shows quality below")
    app.shoot("panel-3-shown")
    panel.button("Save view").click()
    app.page.get_by_text(f"Saved {low} samples as “poor”").wait_for()
    dataset.reload()
    assert dataset.load_saved_view("poor").values(QUALITY) == threshold[:low]


def _export(app: App, panel: PanelPage, dataset, folder) -> None:
    low = dataset.match_tags("poor").sort_by(QUALITY)
    target = folder / "poor.csv"
    panel.button("Export").click()
    form = app.part("operators-prompt-modal")
    form.wait_for()
    app.field(form, "File").fill(str(target))
    execute = form.get_by_role("button", name="Execute")
    app.until(execute.is_enabled, "the form is valid")
    app.shoot("panel-4-export")
    execute.click()
    app.until(target.is_file, "the table is written")
    app.page.get_by_role("button", name=re.compile("Done|Close")).first.click()
    with target.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["filepath"] for row in rows) == sorted(low.values("filepath"))


def _look(app: App, panel: PanelPage, dataset) -> None:
    panel.button("Show all").click()
    app.wait_for_count(f"{len(dataset)} samples")
    panel.tab("Look")
    ranked = dataset.exists(QUALITY).sort_by(QUALITY)
    names = [path.rsplit("/", 1)[1] for path in ranked.values("filepath")]
    panel.says(f"{names[0]} · 1 of {len(names)}, worst first")
    panel.shows_its_pictures()
    panel.says(f"Quality {ranked.first().faceqgen.quality:.1f}, worse than")
    app.shoot("panel-5-look")
    panel.button("Better").click()
    panel.says(f"{names[1]} · 2 of {len(names)}")
    panel.button("◀ Worse").click()
    panel.says(f"{names[0]} · 1 of {len(names)}")

    tile = app.part("fo-grid").locator('[data-cy="looker"]').nth(2)
    box = tile.bounding_box()
    app.page.mouse.move(box["x"] + 40, box["y"] + 40)
    app.page.mouse.click(box["x"] + 14, box["y"] + 14)  # its checkbox
    third = dataset.skip(2).first()
    panel.says(third.filename)
    panel.says(f"Quality {third.faceqgen.quality:.1f}")
    panel.shows_its_pictures()


def _make_the_window_narrow(app: App, panel: PanelPage) -> None:
    app.page.set_viewport_size({"width": 1280, "height": 800})
    panel.shows_its_pictures()
    overflow = panel.part.evaluate("part => part.scrollWidth - part.clientWidth")
    assert overflow <= 1, f"{overflow} pixels of the panel are cut off at 1280 pixels"
    app.page.set_viewport_size({"width": 1920, "height": 1000})


def _trust(app: App, panel: PanelPage, dataset) -> None:
    panel.tab("Trust")
    panel.choose("Field", "degradation")
    panel.says("Box: quartiles of quality")
    groups = {
        d.label
        for d, q in zip(*dataset.values(["degradation", QUALITY]), strict=True)
        if q is not None
    }
    panel.says(f"{sorted(groups)[0]} (")
    assert panel.part.locator(".boxlayer .trace path.box").count() == len(groups)
    # Each subject a threshold of its own: what it costs is said in numbers, and what goes is shown.
    panel.choose("Field", "subject")
    panel.button("The same fraction from each group").click()
    panel.says("that the single threshold of")
    shown = panel.button("Show low (")
    samples = int(re.search(r"\((\d+)\)", shown.inner_text())[1])
    assert 0 < samples < len(dataset)
    shown.click()
    app.wait_for_count(f"{samples} sample{'s' if samples > 1 else ''}")
    app.shoot("panel-6-trust")
    panel.button("Show all").click()
    app.wait_for_count(f"{len(dataset)} samples")


def _change_theme(app: App, panel: PanelPage) -> None:
    panel.tab("Decide")
    panel.says("Worst 25 %")
    dark = _colours(panel)
    app.page.get_by_title("Light mode").click()
    app.until(lambda: _colours(panel) != dark, "the colours change")
    app.page.get_by_title("Dark mode").wait_for()
    light = _colours(panel)
    app.shoot("panel-7-light")
    assert _contrast(dark) > 4.5 and _contrast(light) > 4.5
    assert _luminance(dark["paper"]) < 0.2 < 0.7 < _luminance(light["paper"])
    app.page.get_by_title("Dark mode").click()
    app.until(lambda: _colours(panel) == dark, "the dark page is back")


def _colours(panel: PanelPage) -> dict[str, str]:
    """Colours of the page: of the panel's text, and of what lies behind it."""
    text = panel.part.get_by_text("discarded").first
    return {
        "ink": text.evaluate("text => getComputedStyle(text).color"),
        "paper": text.evaluate(
            "part => {while (part && getComputedStyle(part).backgroundColor.endsWith(', 0)'))"
            " part = part.parentElement;"
            " return getComputedStyle(part || document.body).backgroundColor}"
        ),
    }


def _luminance(colour: str) -> float:
    values = np.array([float(v) for v in re.findall(r"[\d.]+", colour)[:3]]) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def _contrast(colours: dict[str, str]) -> float:
    low, high = sorted((_luminance(colours["paper"]), _luminance(colours["ink"])))
    return (high + 0.05) / (low + 0.05)
