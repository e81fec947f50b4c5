"""The plugin as FiftyOne finds it, in processes of their own."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import faceqgen_core

ROOT = Path(__file__).resolve().parents[2]
REPORT = """
import json, sys
from fiftyone.operators import Panel
from fiftyone.operators.registry import OperatorRegistry
registry = OperatorRegistry()
OperatorRegistry()  # FiftyOne executes the entry on every request
light = ("faceqgen_core", "faceqgen_core.types", "faceqgen_core.vocabulary")
heavy = [m for m in sys.modules if m.split(".")[0] in ("tensorflow", "keras", "mtcnn", "faceqgen_core") and m not in light]
found = registry.list_operators(builtin=False)
operators = [o for o in found if not isinstance(o, Panel)]
print(json.dumps({
    "panels": {o.uri: o.config.label for o in found if isinstance(o, Panel)},
    "errors": registry.list_errors(),
    "operators": {o.uri: [o.config.label, o.config.description, o.config.risk_level.value] for o in operators},
    "heavy": heavy,
}))
"""


def _report(code: str, **environment: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        cwd=Path(sys.executable).parent,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def report() -> dict:
    return _report(REPORT)


def test_the_plugin_loads_without_errors_and_offers_its_operators(report):
    assert report["errors"] == []
    assert {uri: label for uri, (label, _, _) in report["operators"].items()} == {
        "@faceqgen/face-quality/score_faces": "Score face quality",
        "@faceqgen/face-quality/filter_faces": "Filter by face quality",
        "@faceqgen/face-quality/open_face_quality": "Open the Face Quality panel",
        "@faceqgen/face-quality/best_shots": "Best shots",
        "@faceqgen/face-quality/compare_runs": "Compare face quality runs",
        "@faceqgen/face-quality/export_faces": "Export faces by quality",
        "@faceqgen/face-quality/face_quality_report": "Face quality report",
        "@faceqgen/face-quality/faces_dataset": "Faces data set",
        "@faceqgen/face-quality/import_scores": "Import face quality scores",
        "@faceqgen/face-quality/delete_face_quality": "Delete face quality",
        "@faceqgen/face-quality/clean": "Clean up face quality files",
    }


def test_the_plugin_offers_its_panel(report):
    assert report["panels"] == {"@faceqgen/face-quality/face_quality": "Face Quality"}


def test_every_operator_says_what_it_does_and_how_risky_that_is(report):
    for uri, (_, description, risk) in report["operators"].items():
        assert len(description) > 20
        # those that cannot be undone say so, and the one that changes nothing
        others = {
            "delete_face_quality": "dangerous",
            "open_face_quality": "low",
            "clean": "dangerous",
        }
        assert risk == others.get(uri.rsplit("/", 1)[1], "medium")


def test_loading_the_plugin_loads_neither_tensorflow_nor_the_core(report):
    assert report["heavy"] == []


def test_the_manifest_names_the_operators_and_panels_that_register(report):
    manifest = yaml.safe_load((ROOT / "fiftyone.yml").read_text(encoding="utf-8"))
    names = {f"{manifest['name']}/{name}" for name in manifest["operators"]}
    assert names == set(report["operators"])
    assert {f"{manifest['name']}/{name}" for name in manifest["panels"]} == set(report["panels"])
    assert (ROOT / manifest["py_entry"]).is_file()


def test_the_manifest_and_the_package_have_one_version():
    manifest = yaml.safe_load((ROOT / "fiftyone.yml").read_text(encoding="utf-8"))
    assert manifest["version"] == faceqgen_core.__version__
    assert _project()["dynamic"] == [
        "version"
    ]  # setuptools reads it from the package: it stands once


def test_requirements_txt_is_what_the_package_and_the_plugin_need():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    project = _project()
    needed = project["dependencies"] + project["optional-dependencies"]["fiftyone"]
    assert sorted(wanted) == sorted(needed)
    assert not [line for line in project["dependencies"] if line.startswith("fiftyone")]
    assert not [line for line in wanted if re.match(r"opencv-python\b(?!-headless)", line)]


def test_mypy_is_strict_with_every_module():
    mypy = _toml()["tool"]["mypy"]
    assert mypy["strict"] and {"faceqgen_core", "demo", "plugin"} <= set(mypy["packages"])
    assert not [o for o in mypy["overrides"] if o.get("ignore_errors")]


def test_a_downloaded_plugin_finds_the_core_beside_it_though_nothing_is_installed(tmp_path):
    plugins = tmp_path / "plugins"
    here = plugins / "@faceqgen" / "face-quality"
    here.mkdir(parents=True)
    for name in ("fiftyone.yml", "requirements.txt"):
        shutil.copy(ROOT / name, here / name)
    for name in ("plugin", "faceqgen_core", "assets"):
        shutil.copytree(ROOT / name, here / name, ignore=shutil.ignore_patterns("__pycache__"))
    not_installed = f"""
import sys
sys.meta_path = [f for f in sys.meta_path if "editable" not in repr(f).lower()]
sys.path = [p for p in sys.path if p and not p.startswith({str(ROOT)!r} + "/faceqgen") and p != {str(ROOT)!r}]
{REPORT.replace("print(", "import faceqgen_core; print(").replace('"heavy": heavy', '"heavy": faceqgen_core.__file__')}
"""
    report = _report(not_installed, FIFTYONE_PLUGINS_DIR=str(plugins), PYTHONPATH="")
    assert report["errors"] == []
    manifest = yaml.safe_load((ROOT / "fiftyone.yml").read_text(encoding="utf-8"))
    assert len(report["operators"]) == len(manifest["operators"])
    assert report["heavy"] == str(here / "faceqgen_core" / "__init__.py")


def test_icons_of_the_operators_are_files_of_the_plugin(operator):
    from fiftyone.operators import get_operator

    manifest = yaml.safe_load((ROOT / "fiftyone.yml").read_text(encoding="utf-8"))
    icons = [get_operator(f"{manifest['name']}/{n}").config.icon for n in manifest["operators"]]
    assert len(set(icons)) == len(icons)
    assert all((ROOT / icon.lstrip("/")).is_file() for icon in icons)


def test_the_buttons_of_the_operators_are_where_the_work_is_and_only_if_they_can_do_something(
    scored, one_face
):
    from fiftyone.operators import get_operator
    from fiftyone.operators.executor import ExecutionContext

    grid, histograms = "samples-grid-secondary-actions", "histograms-actions"
    places = {
        "best_shots": grid,
        "export_faces": grid,
        "compare_runs": histograms,
        "face_quality_report": histograms,
        "clean": None,
        "delete_face_quality": None,  # nobody shall press it by accident
    }
    for name, place in places.items():
        operator = get_operator(f"@faceqgen/face-quality/{name}")
        there, not_there = (
            operator.resolve_placement(ExecutionContext({"dataset_name": d.name, "params": {}}))
            for d in (scored, one_face)
        )
        assert (there and there.place.value) == place
        assert not_there is None


def _project() -> dict:
    return _toml()["project"]


def _toml() -> dict:
    # Python 3.10 has no reader of TOML; pytest brings one there.
    tomllib = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
