"""Seconds until the panel answers on 50,000 samples: ``python benchmarks/panel.py [--samples N] [--rounds N]``.

The data set has synthetic fields of the same shape, types and indexes as a scoring run writes. Two sets of figures, medians
and worst of several rounds: the panel's own events, from the request to the drawn page as JSON; and, where a Chromium is
on the machine, what a curator waits for in the App: the counts and the bars after opening the panel, the counts after a click on
the slider, the panel's answer after a click on a bar; and, for information, when the App's grid has followed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))
import numpy as np  # noqa: E402

from benchmarks.own_database import own_database  # noqa: E402

LIMIT = 1.0


def timed(action: Callable[[], Any]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def events(dataset: Any, rounds: int) -> dict[str, list[float]]:
    """The panel's own answers."""
    from tests.plugin.panels.panel_state import Page

    page = Page(dataset)
    rng = np.random.default_rng(1)
    found: dict[str, list[float]] = {}

    def add(name: str, action: Callable[[], Any]) -> None:
        found.setdefault(name, []).append(timed(action))

    for _ in range(rounds):
        add("open the panel", lambda: page.do("on_load"))
        add("move the slider", lambda: page.do("on_slider", value=float(rng.uniform(5, 95))))
        add("click a bar", lambda: page.do("on_bar", idx=int(rng.integers(10, 40))))
        add("worst 5 %", lambda: page.do("on_worst", percent=5))
        add("another measure", lambda: page.do("on_measure", measure="mse"))
        page.do("on_measure", measure="quality")
        add("rules per identity", lambda: page.do("on_subject", value="subject"))
        page.do("on_subject", value="(none)")
        page.do("on_tab", value="look")
        add("look at a face", lambda: page.do("on_better"))
        page.do("on_tab", value="decide")
    return found


def in_the_app(dataset: Any, rounds: int, folder: Path) -> dict[str, list[float]]:
    """What a curator waits for in a real Chromium; {} where there is none."""
    from tests.app.browser import App, app_server, find_chromium, new_page

    chromium = find_chromium()
    if chromium is None:
        return {}
    from playwright.sync_api import Error as PlaywrightError
    from playwright.sync_api import sync_playwright

    from tests.app.panel_page import PanelPage

    found: dict[str, list[float]] = {}
    grid: list[float] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            # A server of its own for each round: it would open the next page with the panel that the last one opened.
            for number in range(rounds):
                with app_server(folder / f"server-{number}.log") as address:
                    page = new_page(browser, address, patience_ms=60_000)
                    _one_round(PanelPage(App(page, folder)), dataset, found, grid)
                    page.close()
        except PlaywrightError as error:
            print(f"the App did not answer: {error}")
            found["failed"] = [float("inf")]
        browser.close()
    if grid:
        median = statistics.median(grid)
        print(f"the App's own grid has followed a bar after {median:.2f} s (median of {len(grid)})")
    return found


def _one_round(panel: Any, dataset: Any, found: dict[str, list[float]], grid: list[float]) -> None:
    app, page = panel.app, panel.page
    qualities = dataset.exists("faceqgen.quality").values("faceqgen.quality")
    counts, _ = np.histogram(qualities, bins=50, range=(0, 100))
    app.visit(dataset.name)
    app.part("fo-grid").locator('[data-cy="looker"]').first.wait_for()
    start = time.perf_counter()
    panel.open_from_menu()
    panel.part.get_by_text("discarded").first.wait_for()
    found.setdefault("open: the counts", []).append(time.perf_counter() - start)
    panel.part.locator(".barlayer .point").first.wait_for(state="attached")
    found.setdefault("open: the bars", []).append(time.perf_counter() - start)
    panel.wait_for_rest()
    for share in (0.3, 0.6, 0.8):
        before = panel.counts()
        start = time.perf_counter()
        panel.move_slider(share)
        page.wait_for_function(
            "before => document.querySelector('[data-cy=\"panel-content-face_quality\"]')"
            ".innerText.match(/Kept [\\d,]+/)?.[0] !== before",
            arg=before,
        )
        found.setdefault("move the slider", []).append(time.perf_counter() - start)
        panel.wait_for_rest()
    for bar in (20, 30, 40):
        seconds = panel.click_bar(bar)
        start = time.perf_counter() - seconds
        found.setdefault("click a bar", []).append(seconds)
        page.get_by_text(f"quality {2 * bar} to {2 * bar + 2}").wait_for()
        app.wait_for_count(f"{counts[bar]:,} samples")
        grid.append(time.perf_counter() - start)
        panel.wait_for_rest()


def report(title: str, found: dict[str, list[float]]) -> bool:
    """Print the figures; True if every median is within the limit."""
    print(title)
    good = True
    for name, seconds in found.items():
        median = statistics.median(seconds)
        good &= median <= LIMIT
        print(f"  {name:20s} {median:6.2f} s median, {max(seconds):6.2f} s worst of {len(seconds)}")
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-browser", action="store_true", help="the panel's own events alone")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, own_database("panel", folder := Path(name)):
        from benchmarks.scored_dataset import make

        dataset = make(args.samples, folder)
        print(f"{len(dataset):,} samples; load of the machine {os.getloadavg()[0]:.1f}")
        good = report("the panel's events:", events(dataset, args.rounds))
        if not args.no_browser:
            found = in_the_app(dataset, max(1, args.rounds // 2), folder)
            good &= report("in the App:", found) if found else True
    print(f"every median within {LIMIT:g} s: {'yes' if good else 'NO'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
