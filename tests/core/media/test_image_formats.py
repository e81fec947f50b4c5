"""Product code opens no image in just any format: some of Pillow's readers start programs."""

from __future__ import annotations

import ast
from pathlib import Path

from faceqgen_core.media.formats import FORMATS

ROOT = Path(__file__).resolve().parents[3]


def test_every_image_is_opened_by_an_explicit_list_of_formats():
    """``image_io`` asks the readers of the list in ``media.formats`` one by one; all others name the formats to Pillow."""
    open_to_all = []
    for package in ("faceqgen_core", "plugin"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                    continue
                of = ast.unparse(node.func)
                named = "formats" in {keyword.arg for keyword in node.keywords}
                if of.endswith(("Image.open", "PillowImage.open")) and not named:
                    open_to_all.append(f"{path.relative_to(ROOT)}: {of}")
    assert open_to_all == []


def test_no_reader_that_starts_a_program_is_on_the_list():
    assert not {"EPS", "WMF", "FPX", "MIC", "PDF"} & {format_.name for format_ in FORMATS}
