"""The panel "Face Quality" on a page of the App, in the panel's own terms."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from tests.app.browser import App

CLICKS = 5
"""How often a bar is clicked: a click is lost where the plot is drawn anew at that moment."""
PATIENCE_MS = 10_000
"""How long each click waits for its answer, and the pointer for the label of a bar."""


class PanelPage:
    """The panel beside the grid, or, within "#modal", the one beside the open sample."""

    def __init__(self, app: App, *, within: str = "#root") -> None:
        self.app = app
        self.page = app.page
        self.within = within
        self.place = app.page.locator(within)
        self.part = self.place.locator('[data-cy="panel-content-face_quality"]')

    def open_from_grid(self) -> None:
        """Open it with its button above the grid."""
        self.page.locator('img[src*="panel.svg"]').first.click()
        self.part.wait_for()

    def open_from_menu(self) -> None:
        """Open it from the menu of panels."""
        self.app.part("new-panel-btn").first.click()
        self.app.part("new-panel-option-face_quality").click()
        self.part.wait_for()

    def open_from_tab(self) -> None:
        """Turn to it where it is there already: the App puts it behind each sample that is opened."""
        self.place.locator('[data-cy="panel-tab-face_quality"]').click()
        self.part.wait_for()

    def close(self) -> None:
        """Close it if it is open: the server remembers what another page has opened."""
        tab = self.place.locator('[data-cy="panel-tab-face_quality"]')
        while tab.count():
            tab.first.locator("svg").last.click()
            self.app.until(lambda: not self.part.count(), "the panel closes")

    def shows_its_pictures(self) -> None:
        """Wait until original, restored, difference, drawn face and trust are there; they stand in one row, or in two."""
        images = self.part.locator("img")
        wanted = dict.fromkeys(("Original", "Restored", "Difference", "Drawn", "Trust"), 128)

        def widths() -> dict[str, int]:
            return dict(images.evaluate_all("all => all.map(i => [i.alt, i.naturalWidth])"))

        self.app.until(lambda: widths() == wanted, "the pictures are side by side")
        tops = images.evaluate_all("all => all.map(i => Math.round(i.getBoundingClientRect().y))")
        assert len(set(tops)) <= 2, "the pictures stand in one row, or in two"

    def is_still(self, condition: Callable[[], object]) -> None:
        """Wait until something holds and has held for a second: nothing that is told late undoes it."""
        held: list[bool] = []

        def long_enough() -> bool:
            held.append(bool(condition()))
            return len(held) > 4 and all(held[-5:])

        self.app.until(long_enough, "it holds, and goes on to hold")

    def button(self, name: str | re.Pattern[str]):
        """A button by its label, or by the start of it."""
        label = re.compile(rf"^{re.escape(name)}") if isinstance(name, str) else name
        return self.part.get_by_role("button", name=label).first

    def says(self, text: str) -> None:
        """Wait until the panel shows a text."""
        self.app.until(lambda: text in self.text(), f"the panel says {text!r}")

    def text(self) -> str:
        """All that the panel says, in one line."""
        return " ".join(self.part.inner_text().split()) if self.part.count() else ""

    def tab(self, name: str) -> None:
        """Turn to a tab."""
        self.part.get_by_role("tab", name=name).click()

    def open_tab(self) -> str:
        """Name of the tab that is turned to; "" before there are tabs."""
        tabs = self.part.locator("[role=tab][aria-selected=true]")
        return tabs.first.inner_text() if tabs.count() else ""

    def choose(self, label: str, option: str) -> None:
        """Choose from the drop-down list below a label."""
        title = self.part.get_by_text(label, exact=True)
        title.locator("xpath=following::*[@role='combobox'][1]").click()
        self.page.get_by_role("option", name=option, exact=True).click()

    def fill(self, label: str, text: str) -> None:
        """Type into the field below a label."""
        self.app.field(self.part, label).fill(text)

    def bars(self) -> list[dict[str, float]]:
        """Where the bars of the histogram are on the page."""
        return self.part.locator(".barlayer .point path").evaluate_all(
            "bars => bars.map(bar => {const b = bar.getBoundingClientRect();"
            "return {x: b.x, y: b.y, width: b.width, height: b.height}})"
        )

    def click_bar(self, number: int) -> float:
        """Click a bar of the histogram until the panel says that the grid shows another part.

        Returns:
            Seconds from the click that was answered to the answer.

        Raises:
            AssertionError: no click was answered, or the bar has no label to click it by.
        """
        said = f"""(document.querySelector('{self.within} [data-cy="panel-content-face_quality"]')?.innerText ?? '')
            .match(/The grid shows (?!the whole view).*/)?.[0]"""
        before = self.page.evaluate(said)
        for _ in range(CLICKS):
            if not self.point_at_bar(number):
                continue
            start = time.perf_counter()
            self.page.mouse.down()
            self.page.mouse.up()
            if _comes(
                self.page.wait_for_function,
                f"before => {{const now = {said}; return now && now !== before}}",
                arg=before,
            ):
                return time.perf_counter() - start
        raise AssertionError(
            f"bar {number} of the histogram was clicked {CLICKS} times, and the panel did not answer within "
            f"{PATIENCE_MS / 1000:g} s: a bar of height 0, or the one that is shown already? The panel says: {self.text()}"
        )

    def point_at_bar(self, number: int) -> bool:
        """Move the pointer to a bar once the histogram stands still.

        Returns:
            Whether its label has appeared: then it can be clicked.
        """
        self.wait_for_rest()
        bar = self.bars()[number]
        x, y = bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2
        self.page.mouse.move(x - 2, y)
        self.page.mouse.move(x, y)
        return _comes(self.part.locator(".hoverlayer .hovertext").first.wait_for)

    def wait_for_rest(self) -> None:
        """Wait until the histogram is drawn and stands still."""
        seen = [self.bars()]

        def at_rest() -> bool:
            seen.append(self.bars())
            return bool(seen[-1]) and seen[-1] == seen[-2]

        self.app.until(at_rest, "the histogram is drawn")

    def threshold(self) -> float:
        """The threshold as the panel says it; 0 before it says one."""
        found = re.search(r"Threshold ([\d.]+) ·", self.text())
        return float(found.group(1)) if found else 0.0

    def counts(self) -> str | None:
        """The number of kept samples as the panel says it: "Kept 1,234"."""
        found = re.search(r"Kept [\d,]+", self.text())
        return found and found.group()

    def move_slider(self, share: float) -> None:
        """Put the slider at a share of its length."""
        box = self.part.locator(".MuiSlider-root").bounding_box()
        self.page.mouse.click(box["x"] + share * box["width"], box["y"] + box["height"] / 2)


def _comes(wait: Callable[..., object], *args: object, **options: object) -> bool:
    """Whether what Playwright waits for comes in time."""
    from playwright.sync_api import TimeoutError as NotInTime

    try:
        wait(*args, timeout=PATIENCE_MS, **options)
    except NotInTime:
        return False
    return True
