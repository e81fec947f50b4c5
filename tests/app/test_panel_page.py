"""A click that the plot loses is made again: on a page that is drawn here, with neither the App nor a server."""

from __future__ import annotations

import pytest

from tests.app import panel_page
from tests.app.browser import App, new_page
from tests.app.panel_page import PanelPage

PAGE = """<body style="margin: 0"><div id="root"><div data-cy="panel-content-face_quality">
<p>The grid shows the whole view</p><svg width="400" height="100"><g class="barlayer">
<g class="point"><path d="M0 0h100v100h-100z"/></g><g class="point"><path d="M100 0h100v100h-100z"/></g></g></svg>
<div class="hoverlayer"></div></div></div><script>
let lost = LOST;
document.querySelectorAll('path').forEach((bar, number) => {
  bar.onmousemove = () => document.querySelector('.hoverlayer').innerHTML = '<i class="hovertext">a bar</i>';
  bar.onmouseup = () => {if (lost-- <= 0) document.querySelector('p').innerText = `The grid shows quality ${number}: 1 sample`};
});</script></body>"""


@pytest.fixture
def panel_that_loses(chromium, tmp_path, monkeypatch):
    """A panel whose plot loses so many clicks."""
    from playwright.sync_api import sync_playwright

    monkeypatch.setattr(panel_page, "PATIENCE_MS", 200)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])

        def make(clicks: int) -> PanelPage:
            page = new_page(browser, "http://127.0.0.1", patience_ms=5000)
            page.set_content(PAGE.replace("LOST", str(clicks)))
            return PanelPage(App(page, tmp_path))

        yield make
        browser.close()


def test_a_bar_is_clicked_until_the_panel_answers_and_the_lost_clicks_are_not_timed(
    panel_that_loses,
):
    panel = panel_that_loses(2)
    assert 0 < panel.click_bar(1) < 0.2
    assert "quality 1" in panel.text()
    assert panel.click_bar(0) > 0
    assert "quality 0" in panel.text()


def test_a_panel_that_never_answers_is_told_with_what_it_says(panel_that_loses):
    panel = panel_that_loses(99)
    with pytest.raises(AssertionError, match=r"clicked 5 times.*The grid shows the whole view"):
        panel.click_bar(1)
