"""The documentation as a site: every page has its place, and every link leads somewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import faceqgen_core

ROOT = Path(__file__).resolve().parents[2]
NAMES = [name for name in faceqgen_core.__all__ if not name.startswith("_")]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site as ``make docs`` builds it, where what it needs is installed."""
    if find_spec("mkdocs") is None:
        missing = "the site needs the extra docs: pip install -e '.[docs]'"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    place = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(place)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "true"}  # the theme's word on another program
    done = subprocess.run(
        command, cwd=ROOT, env=quiet, capture_output=True, text=True, errors="replace"
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return place


def test_the_site_is_built_without_a_warning(site):
    assert "FaceQgen for FiftyOne" in (site / "index.html").read_text(encoding="utf-8")
    assert not list(site.rglob("*.h5"))  # the weights are no page


def test_every_public_name_of_the_core_is_in_the_reference(site):
    page = (site / "docs" / "reference.html").read_text(encoding="utf-8")
    assert [name for name in NAMES if f'id="faceqgen_core.{name}"' not in page] == []


def test_every_public_name_of_the_core_stands_on_the_page_that_the_reference_is_made_of():
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"::: faceqgen_core.{name}\n" not in page] == []
