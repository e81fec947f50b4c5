"""The App on the demo data set in a real Chromium: one server and one small data set for all tests of this folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.app.browser import App, app_server, chromium_or_reason, new_page


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium; where there is none, see ``chromium_or_reason``."""
    return chromium_or_reason()


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory) -> Path:
    """Where screenshots go: FACEQGEN_SCREENSHOTS, else a temporary folder."""
    folder = os.environ.get("FACEQGEN_SCREENSHOTS")
    path = Path(folder) if folder else tmp_path_factory.mktemp("screenshots")
    path.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture(scope="module")
def build(demo, tmp_path_factory) -> Callable[..., Any]:
    """Build a data set of demo images: two portraits, clean and under each of the degradations, and two faults."""
    import fiftyone as fo

    def data_set(name: str, *degradations: str) -> Any:
        if fo.dataset_exists(name):  # nothing is left of what another module's tests wrote
            fo.delete_dataset(name)
        return demo.build_dataset(
            tmp_path_factory.mktemp("images"),
            name=name,
            degradations=list(degradations),
            strengths=[0.5],
            lfw=0,
        )

    return data_set


@pytest.fixture(scope="module")
def dataset(build) -> Any:
    """Eighteen demo images in FiftyOne, not scored yet."""
    degradations = ["blur", "low resolution", "noise", "JPEG", "dark", "side light", "face mask"]
    return build("faceqgen-app-test", *degradations)


@pytest.fixture(scope="module")
def server_log(tmp_path_factory) -> Path:
    """Where the App server's output goes."""
    return tmp_path_factory.mktemp("server") / "server.log"


@pytest.fixture(scope="module")
def server(chromium, dataset, server_log) -> Iterator[str]:
    """Address of an App server; the data set is there before it starts."""
    with app_server(server_log) as address:
        yield address


@pytest.fixture
def without_errors(page, server_log) -> Iterator[None]:
    """A test that uses this fails if the page or the server has told an error meanwhile."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    of_the_app = ["entry is loading"]  # told by its grid where a sample is opened while tiles load
    before = len(server_log.read_text(encoding="utf-8"))
    yield
    assert not [error for error in errors if error not in of_the_app]
    told = server_log.read_text(encoding="utf-8")[before:]
    assert "Traceback" not in told and "[ERROR]" not in told, told


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Tell the page's fixture whether the test failed."""
    report = yield
    if report.when == "call":
        item.failed_in_call = report.failed
    return report


@pytest.fixture
def page(chromium, server, request, tmp_path):
    """A page of its own; if the test fails, what it showed and what it logged are kept and named."""
    from playwright.sync_api import sync_playwright

    messages: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = new_page(browser, server, patience_ms=60_000)
        page.on("console", lambda message: messages.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: messages.append(f"page error: {error}"))
        yield page
        if getattr(request.node, "failed_in_call", True):
            page.screenshot(path=tmp_path / "failure.png")
            (tmp_path / "console.log").write_text("\n".join(messages), encoding="utf-8")
            print(f"the page as it was and its console: {tmp_path}\n" + "\n".join(messages[-20:]))
        browser.close()


@pytest.fixture
def app(page, screenshots) -> App:
    """The App on that page, with nothing open."""
    return App(page, screenshots)
