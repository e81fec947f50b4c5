"""The demo's files: where they go, and what becomes of the contact sheet when some are gone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import fiftyone as fo

from demo import __main__ as demo
from faceqgen_core.image_io import load_image, save_png
from tests.images import astronaut
from tests.plugin.conftest import make_dataset


def test_the_demo_writes_into_a_checkout_and_elsewhere_under_the_home(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "ROOT", tmp_path)
    assert demo.default_output() == Path(os.environ["FACEQGEN_HOME"]) / "demo"
    monkeypatch.delenv("FACEQGEN_HOME")
    assert demo.default_output() == Path.home() / ".faceqgen" / "demo"
    (tmp_path / ".git").mkdir()
    assert demo.default_output() == tmp_path / "demo-output"


def test_a_contact_sheet_is_drawn_without_the_files_that_are_gone(tmp_path):
    gone = str(tmp_path / "gone.png")
    save_png(tmp_path / "one.png", astronaut())
    result = fo.DynamicEmbeddedDocument(quality=50.0, status="scored", restored_path=gone)
    dataset = make_dataset(
        tmp_path / "one.png",
        tags=["portrait"],
        degradation=fo.Classification(label="none"),
        strength=0.0,
        faceqgen=result,
        faceqgen_heatmap=fo.Heatmap(map_path=gone),
    )
    demo.draw_sheet(dataset, tmp_path / "sheet.png")
    assert load_image(tmp_path / "sheet.png").size > 0
    dataset.delete()


def test_run_as_a_script_the_demo_lets_no_module_of_the_plugin_stand_in_for_another():
    root = Path(demo.__file__).parent.parent
    code = (
        f"import runpy, sys; sys.path.insert(0, {str(root)!r});"
        "runpy.run_module('demo', run_name='demo');"
        "from importlib.util import find_spec;"
        "assert all(find_spec(name) is None for name in ('restored_files', 'storage', 'images'))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
