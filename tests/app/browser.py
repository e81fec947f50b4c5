"""A FiftyOne App server, and what tests do on a page of it in the App's own terms."""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from PIL import Image

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
PACE_MS = 250  # how often a condition is asked for; every wait ends on its condition


def find_chromium() -> str | None:
    """Path of a Chromium: the CHROMIUM variable if set, else the first on PATH."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    return next((path for path in map(shutil.which, CHROMIUM_NAMES) if path), None)


def chromium_or_reason() -> str:
    """Path of a Chromium. Without one the test is left out, and under continuous integration it fails: a browser
    that is no longer found there must not make all App tests vanish."""
    path = find_chromium()
    if path is None:
        names = ", ".join(CHROMIUM_NAMES)
        missing = f"App test: no Chromium on this machine ({names}, or CHROMIUM=path)"
        if os.environ.get("CI"):
            pytest.fail(f"{missing}, and CI is set")
        pytest.skip(missing)
    return path


@contextmanager
def app_server(log: Path) -> Iterator[str]:
    """Run the App's server on a free port until the block ends; yields its address. Its output goes to ``log``."""
    import fiftyone.server

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    main = Path(fiftyone.server.__file__).with_name("main.py")
    address = f"http://127.0.0.1:{port}"
    with log.open("w", encoding="utf-8") as sink:
        process = subprocess.Popen(
            [sys.executable, str(main), "--port", str(port), "--address", "127.0.0.1"],
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for_answer(address, process, log)
            yield address
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for_answer(address: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{address}/fiftyone", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(PACE_MS / 1000)
    raise RuntimeError(
        f"the App server did not come up:\n{log.read_text(encoding='utf-8')[-4000:]}"
    )


def new_page(browser, address: str, *, patience_ms: int):
    """A page for an App server, of the size that the screenshots have; waits so long for what it is asked for."""
    page = browser.new_page(viewport={"width": 1920, "height": 1000}, base_url=address)
    page.set_default_timeout(patience_ms)
    # Without these a pop-over about the Enterprise edition lies over every button.
    page.add_init_script(
        "window.IS_PLAYWRIGHT = true;"
        "localStorage.setItem('fiftyone-enterprise-tooltip-seen', 'true')"
    )
    return page


class App:
    """A page of the App and its parts by their ``data-cy`` names."""

    def __init__(self, page, screenshots: Path) -> None:
        self.page = page
        self.screenshots = screenshots
        self.media: set[str] = set()
        page.on("response", self._note_media)

    def _note_media(self, response) -> None:
        """Keep the paths of the image files that the page has loaded."""
        address = urlparse(response.url)
        if response.ok and address.path == "/media":
            self.media.update(parse_qs(address.query).get("filepath", []))

    def part(self, name: str):
        """The part of the page with this ``data-cy``."""
        return self.page.locator(f'[data-cy="{name}"]')

    def until(self, condition: Callable[[], object], what: str, *, seconds: float = 60) -> None:
        """Wait until a condition holds; the page stays alive meanwhile."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds:g} s: {what}")
            self.page.wait_for_timeout(PACE_MS)

    def visit(self, dataset: str) -> None:
        """Go to a data set; a server that was just started may answer the first visits with no data set."""
        counts, none = self.part("entry-counts"), self.page.get_by_text("No dataset selected")
        for _ in range(5):
            self.page.goto(f"/datasets/{dataset}")
            counts.or_(none).first.wait_for()
            for _ in range(20):  # the page may still be on its way from one to the other
                if counts.count():
                    return
                self.page.wait_for_timeout(PACE_MS)
        raise AssertionError(f"the App does not open the data set {dataset!r}")

    def open(self, dataset: str, tiles: int) -> None:
        """Open a data set whole and wait for its tiles."""
        self.visit(dataset)
        # The server remembers the view that another page has set, and the sample that it has opened.
        if "id" in parse_qs(urlparse(self.page.url).query):
            self.close_sample()
        self.part("btn-clear-view-bar").click()
        self.wait_for_count(f"{tiles} samples")
        self.wait_for_tiles(tiles)

    def open_sample(self, number: int) -> None:
        """Open a sample from its tile in the grid."""
        tile = self.part("fo-grid").locator('[data-cy="looker"]').nth(number)
        box = tile.bounding_box()
        # Far from its checkbox, at the upper left.
        tile.click(position={"x": 0.8 * box["width"], "y": 0.7 * box["height"]})
        self.part("modal").wait_for()

    def next_sample(self) -> None:
        """Go on to the next one with the arrow beside the open sample."""
        self.part("nav-right-button").click()

    def show_patches(self, field: str) -> None:
        """Show the patches of a field in the grid."""
        self.part("action-clips-patches").click()
        self.part(f"item-action-{field}").click()

    def close_sample(self) -> None:
        """Close the open sample."""
        self.part("modal").wait_for()
        self.page.mouse.click(8, 500)  # beside it
        self.part("modal").wait_for(state="detached")

    def wait_for_count(self, text: str) -> None:
        """Wait until the counter above the grid says this."""
        counts = self.part("entry-counts")
        self.until(
            lambda: counts.count() and counts.inner_text().strip() == text, f'count "{text}"'
        )

    def wait_for_tiles(self, number: int) -> None:
        """Wait until the grid shows this many tiles."""
        tiles = self.part("fo-grid").locator('[data-cy="looker"]')
        self.until(lambda: tiles.count() == number, f"{number} tiles in the grid")

    def tile_numbers(self, field: str) -> list[float]:
        """The numbers that the tiles show for a field, in reading order; tiles without one are left out."""
        tags = self.part("fo-grid").locator(f'[data-cy="tag-{field}"]')
        # One look at all tags: asked for one by one, some may be gone when their turn comes.
        found = tags.evaluate_all(
            "tags => tags.map(tag => {"
            "const box = tag.getBoundingClientRect(); return [box.y, box.x, tag.innerText]})"
        )
        # Tags of one row may differ by a pixel in height.
        placed = [(round(y / 20), x, float(text)) for y, x, text in found]
        return [number for _, _, number in sorted(placed)]

    def field(self, form, label: str):
        """The input of a form that stands below a label; the App does not link the two."""
        return form.get_by_text(label, exact=True).locator("xpath=following::input[1]")

    def name_preset(self, form, preset: str) -> None:
        """Name a preset in a form that offers those there are."""
        label = form.get_by_text("Preset", exact=True)
        label.locator("xpath=following::*[@role='combobox'][1]").click()
        self.page.get_by_role("option", name="Other path ...", exact=True).click()
        form.get_by_text("Path of the preset", exact=True).wait_for()
        self.field(form, "Path of the preset").fill(preset)

    def tile_pixels(self, field: str) -> bytes:
        """What the first tile that shows a number for a field looks like, as PNG."""
        tiles = self.part("fo-grid").locator('[data-cy="looker"]')
        return tiles.filter(has=self.part(f"tag-{field}")).first.screenshot()

    def open_operator(self, label: str):
        """Open an operator's form from the operator browser; returns the form."""
        self.part("action-browse-operations").click()
        self.part("operators-browser-search").fill(label)
        self.part("operators-browser").get_by_text(label, exact=True).click()
        form = self.part("operators-prompt-modal")
        form.wait_for()
        return form

    def shoot(self, name: str) -> None:
        """Save a screenshot once the page has come to rest: 1440 x 750, 256 colours."""
        # As a user would read it: the tests keep their files in a temporary folder.
        self.page.evaluate(
            "folder => {const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);"
            "while (texts.nextNode()) {const text = texts.currentNode;"
            "if (text.data.includes(folder)) text.data = text.data"
            ".replace(new RegExp(folder + '/faceqgen-tests-[^/]+'), '~/.faceqgen')"
            ".replace(new RegExp(folder + '/.*/'), '')}}",
            tempfile.gettempdir(),
        )
        self.page.mouse.move(960, 990)
        tips = self.page.get_by_role("tooltip")
        self.until(lambda: tips.count() == 0, "no tooltip is left over")
        looks = [self.page.screenshot()]

        def at_rest() -> bool:
            looks.append(self.page.screenshot())
            return looks[-1] == looks[-2]

        self.until(at_rest, "the page comes to rest")
        with Image.open(io.BytesIO(looks[-1])) as image:
            small = image.convert("RGB").resize((1440, 750), Image.Resampling.LANCZOS)
        palette = small.quantize(256)
        small.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).save(
            self.screenshots / f"{name}.png", optimize=True
        )
