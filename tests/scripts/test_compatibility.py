"""The command behind docs/compatibility.md: what a run finds goes into the page, and what it names is there."""

from __future__ import annotations

import json
import urllib.request
import zipfile
from pathlib import Path

import pytest

from scripts.compatibility import cases, page
from scripts.compatibility.environment import ROOT, Environment, Failed, find_python
from scripts.compatibility.lines import LINES
from scripts.compatibility.plugin_server import NAME, archive, served


def test_each_line_names_tests_that_are_there():
    for line in LINES:
        for test in line.tests:
            file, _, name = test.partition("::")
            assert (ROOT / file).is_file(), file
            assert f"def {name}" in (ROOT / file).read_text(encoding="utf-8")
    keys = [entry.key for entry in (*cases.CASES, *LINES)]
    assert len(keys) == len(set(keys))


def test_a_result_replaces_the_one_of_its_case_alone(tmp_path):
    copy = tmp_path / "page.md"
    copy.write_text(page.PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    page.write({"pip": page.dated("first")}, copy)
    page.write({"newest": page.dated("one\n| two"), "levels": page.dated("3 passed")}, copy)
    found = page.read(copy)
    assert found["pip"].startswith("first (") and found["newest"].startswith("one / two (")
    assert found["levels"].startswith("3 passed (")
    again = copy.read_text(encoding="utf-8")
    page.write({}, copy)
    assert copy.read_text(encoding="utf-8") == again


def test_the_page_has_a_row_for_each_case_and_line():
    text = page.PAGE.read_text(encoding="utf-8")
    for case in cases.CASES:
        assert f"| `{case.key}` | {case.title} |" in text
    for line in LINES:
        assert f"| {line.words} |" in text


def test_what_is_committed_is_served_as_a_zip_with_one_folder(tmp_path):
    archive(tmp_path / "sources.zip")
    with (
        served(tmp_path) as address,
        urllib.request.urlopen(f"{address}/sources.zip", timeout=20) as answer,
    ):
        (tmp_path / "copy.zip").write_bytes(answer.read())
    with zipfile.ZipFile(tmp_path / "copy.zip") as file:
        names = file.namelist()
    assert f"{NAME}/fiftyone.yml" in names and all(n.startswith(f"{NAME}/") for n in names)


class _Told(Environment):
    """An environment whose Python tells what it is given."""

    def __init__(self, place: Path, **found: object) -> None:
        self.place = place
        self._found = found

    def run(self, *arguments: str | Path, cwd: Path | None = None) -> str:
        return "noise\n" + json.dumps(self._found)


def test_ways_that_disagree_and_a_core_of_elsewhere_are_failures(tmp_path):
    inside = str(tmp_path / "environment" / "faceqgen_core" / "__init__.py")
    ways = ("command", "operator")
    versions = {"python": "3.11.7", "numpy": "1.26.4"}

    def told(core: str = inside, operator: float = 71.22) -> str:
        environment = _Told(
            tmp_path / "environment", versions=versions, core=core, command=71.2, operator=operator
        )
        return cases.smoke(environment, tmp_path / "smoke", ways)

    assert told() == "quality 71.2 by command and operator (python 3.11.7, numpy 1.26.4)"
    with pytest.raises(Failed, match="disagree"):
        told(operator=60.0)
    with pytest.raises(Failed, match="imported from"):
        told(core="/elsewhere/faceqgen_core/__init__.py")


def test_a_python_that_is_not_there_is_named():
    with pytest.raises(Failed, match=r"no Python 2\.1 here"):
        find_python("2.1")
