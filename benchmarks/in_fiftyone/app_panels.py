"""The panel on a large data set: its own events, and in the App beside FiftyOne's own histograms in the same run.

An opening ends when bars are drawn. A click on a bar ends when the panel has answered; beside it stands the choice of a field
in FiftyOne's histograms, which ends when its bars are drawn.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks.panel import events as panel_events
from benchmarks.scored_dataset import make
from faceqgen_core.bench.compared.sizes import Sizes
from faceqgen_core.bench.row import Row
from tests.app.browser import App, app_server, find_chromium, new_page
from tests.app.panel_page import PanelPage

OPEN, CLICK = "opening", "clicking a bar"
_EVENTS = {OPEN: "open the panel", CLICK: "click a bar"}
_THEIRS = {
    OPEN: "opening FiftyOne's histograms",
    CLICK: "choosing a field in FiftyOne's histograms",
}
_FIELDS = ("faceqgen.quality", "faceqgen.ssim", "faceqgen.mse")
_BARS = (0.4, 0.6, 0.8)
"""Shares of the way from the first bar to the last."""


def panel_rows(folder: Path, sizes: Sizes) -> list[Row]:
    """Rows of the panel's own work, and of what the App shows beyond FiftyOne's own panel."""
    dataset = make(sizes.panel, folder)
    try:
        return _rows_of(dataset, folder, sizes)
    finally:
        dataset.delete()


def _rows_of(dataset: Any, folder: Path, sizes: Sizes) -> list[Row]:
    events = panel_events(dataset, sizes.rounds)
    rows, own = [], {}
    for what, event in _EVENTS.items():
        own[what] = statistics.median(events[event])
        note = f"{sizes.panel:,} samples, worst of {len(events[event])}: {max(events[event]):.2f} s"
        rows.append(
            Row("panel", f"the panel's own work, {what}", own[what], "s", bound="panel", note=note)
        )
    chromium = find_chromium()
    if chromium is None:
        note = "no Chromium here: install one, or name it in CHROMIUM"
        return rows + [
            Row("panel", f"in the App, {w}", bound="panel, beside", note=note) for w in own
        ]
    ours, theirs = _in_the_app(chromium, dataset, sizes.rounds, folder)
    for what, work in own.items():
        mine, other = statistics.median(ours[what]), statistics.median(theirs[what])
        note = f"{mine:.2f} s, of them {work:.2f} s our own work; {_THEIRS[what]} {other:.2f} s"
        beyond = f"in the App, {what}: beyond FiftyOne's own panel"
        rows.append(Row("panel", beyond, mine - other, "s", bound="panel, beside", note=note))
    return rows


Times = dict[str, list[float]]


def _in_the_app(chromium: str, dataset: Any, rounds: int, folder: Path) -> tuple[Times, Times]:
    """Seconds of ours and of FiftyOne's in turn, each round with a server and a page of its own."""
    from playwright.sync_api import sync_playwright

    ours: Times = {OPEN: [], CLICK: []}
    theirs: Times = {OPEN: [], CLICK: []}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for number in range(rounds):
            # The server opens the next page with the panels that the last one had: each gets one of its own.
            for measure, found in ((_our_panel, ours), (_their_panel, theirs)):
                log = folder / f"server-{number}-{measure.__name__}.log"
                with app_server(log) as address:
                    page = new_page(browser, address, patience_ms=120_000)
                    app = App(page, folder)
                    app.visit(dataset.name)
                    app.part("fo-grid").locator('[data-cy="looker"]').first.wait_for()
                    measure(app, found)
                    page.close()
        browser.close()
    return ours, theirs


def _our_panel(app: App, found: Times) -> None:
    panel = PanelPage(app)
    start = time.perf_counter()
    panel.open_from_menu()
    panel.part.locator(".barlayer .point").first.wait_for(state="attached")
    found[OPEN].append(time.perf_counter() - start)
    for share in _BARS:
        panel.wait_for_rest()
        found[CLICK].append(panel.click_bar(int(share * len(panel.bars()))))


def _their_panel(app: App, found: Times) -> None:
    start = time.perf_counter()
    app.part("new-panel-btn").first.click()
    app.part("new-panel-option-Histograms").click()
    histograms = app.part("histograms-container")
    drawn = histograms.locator('[id^="histogram-"] .recharts-bar-rectangle')
    # It opens with the first of the fields, which may have no values.
    drawn.first.or_(histograms.get_by_text("No Data")).first.wait_for(state="attached")
    found[OPEN].append(time.perf_counter() - start)
    for field in _FIELDS:
        selector = app.part("selector-histograms")
        selector.click()
        selector.fill(field)
        result = app.part(f"selector-result-{field}")
        result.wait_for()
        start = time.perf_counter()
        result.click()
        bars = histograms.locator(f'[id="histogram-{field}"] .recharts-bar-rectangle')
        bars.first.wait_for(state="attached")
        found[CLICK].append(time.perf_counter() - start)
