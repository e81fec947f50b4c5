"""The panel "Face Quality" wherever it can be: beside an open sample, on patches, on what has no scores, in each theme."""

from __future__ import annotations

import fiftyone as fo
import numpy as np
import pytest

from tests.app.browser import App
from tests.app.panel_page import PanelPage
from tests.app.readable import faults_of, words_of

pytestmark = pytest.mark.usefixtures("without_errors")
QUALITY = "faceqgen.quality"
FACES = "faceqgen_faces"
UNSCORED = "faceqgen-unscored-test"
EMPTY = "faceqgen-empty-test"


@pytest.fixture(scope="module")
def dataset(build, demo, preset):
    """Twelve demo images, scored; beside them a data set that is not scored and one that is empty."""
    dataset = build("faceqgen-places-test", "blur", "low resolution", "noise", "occlusion")
    dataset.clone(UNSCORED, persistent=True)
    fo.Dataset(EMPTY, persistent=True)
    demo.score(dataset, preset=preset)
    dataset.reload()
    return dataset


@pytest.fixture
def app(app, dataset) -> App:
    app.open(dataset.name, len(dataset))
    return app


@pytest.fixture
def panel(app) -> PanelPage:
    """The panel beside the grid, closed as yet."""
    panel = PanelPage(app)
    panel.close()
    return panel


@pytest.fixture
def beside(app) -> PanelPage:
    """The panel beside the open sample."""
    return PanelPage(app, within="#modal")


def _place(dataset, sample) -> str:
    ranked = dataset.exists(QUALITY).sort_by(QUALITY).values("id")
    return f"{sample.filename} · {ranked.index(sample.id) + 1} of {len(ranked)}, worst first"


def test_it_opens_from_the_grid_from_the_menu_and_from_the_result_of_a_run(
    app, panel, dataset, preset
):
    panel.open_from_grid()
    panel.says("Worst 25 %")
    panel.close()
    panel.open_from_menu()
    panel.says("Worst 25 %")
    panel.close()
    form = app.open_operator("Score face quality")
    if preset != "faceqgen-128":
        app.name_preset(form, preset)
    execute = form.get_by_role("button", name="Execute")
    app.until(execute.is_enabled, "the form is valid")
    execute.click()
    app.page.get_by_role("button", name="Open the Face Quality panel").click()
    app.part("operators-prompt-view-modal").wait_for(
        state="detached"
    )  # it would lie over the panel
    panel.says(f"Scored: {len(dataset.exists(QUALITY))} ")
    panel.says("Worst 25 %")


def test_beside_an_open_sample_it_looks_at_that_sample_and_stays_on_the_chosen_tab(
    app, beside, dataset
):
    samples = list(dataset.limit(4))
    app.open_sample(1)
    beside.open_from_tab()
    beside.says(_place(dataset, samples[1]))
    beside.shows_its_pictures()
    assert beside.open_tab() == "Look"
    app.shoot("panel-8-open-sample")

    app.next_sample()
    beside.says(_place(dataset, samples[2]))
    beside.shows_its_pictures()
    for tab, text in (("Trust", "Error versus discard"), ("Decide", "Worst 25 %")):
        beside.tab(tab)
        beside.says(text)
        assert beside.open_tab() == tab
    app.next_sample()  # the tab stays, the sample is followed
    beside.is_still(lambda: beside.open_tab() == "Decide" and "Worst 25 %" in beside.text())
    for tab in ("Look", "Decide", "Trust", "Look"):  # faster than the server answers
        beside.tab(tab)
    beside.says(_place(dataset, samples[3]))
    beside.is_still(
        lambda: beside.open_tab() == "Look" and _place(dataset, samples[3]) in beside.text()
    )

    app.close_sample()
    app.open_sample(0)
    beside.open_from_tab()
    beside.says(_place(dataset, samples[0]))
    app.close_sample()


def test_beside_an_open_sample_the_arrows_of_the_app_lie_over_no_picture(app, beside):
    app.open_sample(1)
    beside.open_from_tab()
    app.page.set_viewport_size({"width": 1280, "height": 800})
    beside.shows_its_pictures()
    assert not faults_of(beside.part)
    arrow = app.part("nav-left-button").locator("xpath=..").bounding_box()
    picture = beside.part.locator("img").first.bounding_box()
    assert picture["x"] >= arrow["x"] + arrow["width"]
    app.close_sample()


def test_in_patches_faces_are_counted_shown_tagged_and_looked_at(app, panel, dataset):
    panel.open_from_grid()
    app.show_patches(FACES)
    patches = dataset.to_patches(FACES)
    qualities = np.sort(patches.values(f"{FACES}.quality"))
    app.wait_for_count(f"{len(patches)} patches")
    panel.says(f"Scored: {len(patches)} Refresh")

    before = panel.threshold()
    panel.move_slider(0.5)
    app.until(lambda: panel.threshold() != before, "the threshold follows the slider")
    low = int(np.sum(qualities < panel.threshold()))
    assert low > 1
    panel.says(f"Show low ({low})")

    counts, _ = np.histogram(qualities, bins=50, range=(0, 100))
    fullest = int(np.argmax(counts))
    panel.click_bar(fullest)
    app.wait_for_count(f"{counts[fullest]} patch{'es' if counts[fullest] > 1 else ''}")
    panel.says(f"Scored: {len(patches)} Refresh")  # it still counts all faces
    panel.button("Show all").click()
    app.wait_for_count(f"{len(patches)} patches")

    panel.button("Show low").click()
    app.wait_for_count(f"{low} patches")
    panel.says("The grid shows quality below")
    panel.fill("Name of the tag or view", "poor")
    panel.button("Tag").click()
    app.page.get_by_text(f"Tagged {low} samples “poor”").wait_for()
    dataset.reload()
    tagged = dataset.select_labels(tags="poor", fields=FACES)
    found = tagged.values(f"{FACES}.detections.quality", unwind=True)
    assert np.sort(found) == pytest.approx(qualities[:low])
    assert not dataset.match_tags("poor")
    app.shoot("panel-9-patches")

    panel.tab("Look")
    panel.says(f"1 of {len(patches)}, worst first Quality {qualities[0]:.1f}")
    panel.shows_its_pictures()
    panel.button("Better").click()
    panel.says(f"2 of {len(patches)}, worst first Quality {qualities[1]:.1f}")


def test_every_word_is_whole_and_readable_in_both_themes_and_at_both_widths(app, panel):
    panel.open_from_grid()
    pages = (
        ("Decide", "discarded"),
        ("Look", "Better than"),
        ("Trust", "Box: quartiles of quality"),
    )
    panel.tab("Trust")
    panel.choose("Field", "degradation")
    for other in ("Light mode", "Dark mode"):
        for width, height in ((1920, 1000), (1280, 800)):
            app.page.set_viewport_size({"width": width, "height": height})
            for tab, text in pages:
                panel.tab(tab)
                panel.says(text)
                app.until(
                    lambda: not faults_of(panel.part),
                    f"{tab} can be read at {width} pixels",
                    seconds=10,
                )
                assert len(words_of(panel.part)) > 15
        app.page.get_by_title(other).click()
        app.page.get_by_title(other).wait_for(state="detached")


def test_what_has_no_scores_is_said_and_not_an_error(app, panel, dataset):
    app.visit(UNSCORED)
    panel.open_from_grid()
    panel.says(f"Not yet scored: {len(dataset)}")
    panel.says("No face of this data set is scored yet")
    for tab in ("Decide", "Look", "Trust"):
        assert tab not in panel.text()
    panel.button("Not yet scored").click()
    app.wait_for_count(f"{len(dataset)} samples")

    faceless = dataset.match({"faceqgen.status": "no_face"})
    dataset.save_view("faceless", faceless)
    app.page.goto(f"/datasets/{dataset.name}?view=faceless")
    app.wait_for_count(f"{len(faceless)} sample")
    if not panel.part.count():
        panel.open_from_grid()
    panel.says("No face: 1")
    panel.says("None of the samples in this view has a score")
    app.part("btn-clear-view-bar").click()
    panel.says("Worst 25 %")


def test_an_empty_data_set_opens_and_offers_no_panel(app, panel):
    app.page.goto(f"/datasets/{EMPTY}")
    # Its name is in the list of data sets as well, which is hidden.
    for words in (EMPTY, "No samples"):
        app.page.get_by_text(words).locator("visible=true").first.wait_for()
    assert not panel.part.count()
