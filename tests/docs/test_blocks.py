"""The blocks of all other pages: Python that can be read, operators and commands that exist with the options they are shown with."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest
import yaml
from sybil import Document
from sybil.parsers.markdown import PythonCodeBlockParser

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
MANIFEST = yaml.safe_load((ROOT / "fiftyone.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_python_of_a_page_can_be_read(page):
    for block in Document.parse(str(page), PythonCodeBlockParser()).examples():
        ast.parse(str(block.parsed), filename=f"{page.name}:{block.line}")


def test_every_operator_that_a_page_names_is_registered():
    known = {f"{MANIFEST['name']}/{name}" for name in MANIFEST["operators"]}
    for page in (*PAGES, *(ROOT / "docs" / "tutorials").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        named = set(re.findall(re.escape(MANIFEST["name"]) + r"/\w+", text))
        assert named <= known, page.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_have_the_options_that_they_are_shown_with(page, capsys):
    from faceqgen_core.cli import main

    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in re.findall(r"^(?:    )?(faceqgen \w+ .*--.*)$", text, re.MULTILINE):
        _, command, *options = shlex.split(line.split("#")[0])
        with pytest.raises(SystemExit):
            main([command, "--help"])
        known = capsys.readouterr().out
        for option in options:
            option = option.strip("[]")
            assert not option.startswith("--") or option in known, line
