"""A wheel is enough: installed by itself it holds the presets and scores an image, and FiftyOne need not be there."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from faceqgen_core import __version__
from faceqgen_core.image_io import save_png
from faceqgen_core.presets import WEIGHTS, list_presets, load_preset, models_folder, sha256_of
from tests.images import astronaut

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("faceqgen_core", "models", "pyproject.toml", "setup.py", "README.md", "LICENSE")

# Neither the checkout nor FiftyOne can be imported, as in an environment of other people.
ALONE = """
import sys

class Blocked:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.split(".")[0] == "fiftyone":
            raise ModuleNotFoundError("FiftyOne is blocked", name=name)

sys.meta_path = [Blocked, *(f for f in sys.meta_path if "editable" not in repr(f).lower())]
"""


def _run(*command: str | Path, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        env={**os.environ, **environment},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from a copy: a build leaves its files beside the sources, and takes up what lies there."""
    copy = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.png", "*.jpg")
            shutil.copytree(ROOT / name, copy / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, copy / name)
    # An older setuptools cannot read the licence of pyproject.toml; pip then fetches one that can.
    isolation = [] if int(version("setuptools").split(".")[0]) < 77 else ["--no-build-isolation"]
    pip = ["-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    _run(*pip, *isolation, "--wheel-dir", copy / "dist", copy, cwd=copy)
    (path,) = (copy / "dist").glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The folder into which the wheel has been installed, by itself."""
    folder = tmp_path_factory.mktemp("installed")
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    _run(*pip, "--target", folder, wheel, cwd=folder)
    return folder


@pytest.mark.slow
def test_an_installed_wheel_scores_an_image_where_fiftyone_cannot_be_imported(installed, tmp_path):
    save_png(tmp_path / "astronaut.png", astronaut())
    code = f"""{ALONE}
import json
import faceqgen_core
from faceqgen_core.cli import main
from faceqgen_core.presets import load_preset
code = main(["score", "astronaut.png", "--output", "scores.csv"])
loaded = [name for name in sys.modules if name.split(".")[0] == "fiftyone"]
print(json.dumps([code, faceqgen_core.__file__, str(load_preset().folder), loaded]))
"""
    printed = _run("-c", code, cwd=tmp_path, PYTHONPATH=str(installed))
    done, package, preset, loaded = json.loads(printed.splitlines()[-1])
    assert done == 0 and loaded == []
    assert Path(package) == installed / "faceqgen_core" / "__init__.py"
    assert Path(preset) == installed / "faceqgen_core" / "models" / "faceqgen-128"
    with (tmp_path / "scores.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["status"] == "scored" and row["preset"] == load_preset().identifier
    assert 0 <= float(row["quality"]) <= 100


@pytest.mark.slow
def test_the_wheel_holds_what_a_score_depends_on_and_no_pictures(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        for preset in list_presets():
            for file in ("config.json", "README.md", *WEIGHTS):
                path = models_folder() / preset / file
                assert archive.read(f"faceqgen_core/models/{preset}/{file}") == path.read_bytes()
        (metadata,) = (n for n in names if n.endswith(".dist-info/METADATA"))
        text = archive.read(metadata).decode()
    assert {"faceqgen_core/py.typed", "faceqgen_core/reasons/face_model.npz"} <= names
    modules = {str(p.relative_to(ROOT)) for p in (ROOT / "faceqgen_core").rglob("*.py")}
    assert modules <= names
    assert not [
        n for n in names if n.endswith((".png", ".jpg")) or n.startswith(("plugin", "demo"))
    ]
    assert f"\nVersion: {__version__}\n" in text
    required = re.findall(r"^Requires-Dist: (.*)$", text, re.MULTILINE)
    (fiftyone,) = (line for line in required if line.startswith("fiftyone"))
    assert fiftyone.endswith('extra == "fiftyone"')


def test_the_weights_stand_once_in_the_repository():
    (folder,) = {path.parent.parent for path in ROOT.glob("*/**/config.json") if _ours(path)}
    assert folder == models_folder() == ROOT / "models"
    hashes = [sha256_of(path) for path in ROOT.glob("*/**/*.weights.h5") if _ours(path)]
    assert len(hashes) == len(set(hashes)) == len(WEIGHTS) * len(list_presets())


def _ours(path: Path) -> bool:
    return not {".venv", "build", "dist"} & set(path.relative_to(ROOT).parts)


def test_the_version_of_the_citation_and_of_the_changelog_is_that_of_the_package():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert str(citation["version"]) == __version__
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", changes, re.MULTILINE)
    assert all(re.fullmatch(r"Unreleased|\d+\.\d+\.\d+ - \d{4}-\d{2}-\d{2}", h) for h in headings)
    assert next(h.split()[0] for h in headings if h != "Unreleased") == __version__
