"""The doctor of the plugin: a database and a FiftyOne that are missing, broken or well."""

from __future__ import annotations

import importlib.util
import json
import stat
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from faceqgen_core.doctor import ROOT, Check, Level, ProcessError

FILE = ROOT / "plugin" / "doctor.py"
PLUGIN = "@faceqgen/face-quality"


@pytest.fixture
def doctor() -> ModuleType:
    """The file as a module of its own: the plugin around it is not loaded."""
    spec = importlib.util.spec_from_file_location("plugin_doctor", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_without_fiftyone_both_findings_are_warnings_that_say_what_to_install(
    doctor: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_inside", lambda package: None)
    monkeypatch.delenv("FIFTYONE_DATABASE_URI", raising=False)
    monkeypatch.setenv("FIFTYONE_CONFIG_PATH", "no such file")
    found = [*doctor.check_mongod(), *doctor.check_plugin()]
    assert [check.level for check in found] == [Level.WARN] * 2
    assert all('pip install "fiftyone' in check.hint for check in found)


def test_started_as_a_program_it_prints_its_findings_in_one_line(tmp_path: Path) -> None:
    code = (
        "import importlib.util, os, runpy, sys\n"
        "real = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda n, *a: None if n == 'fiftyone' else real(n, *a)\n"
        "os.environ.pop('FIFTYONE_DATABASE_URI', None)\n"
        "os.environ['FIFTYONE_CONFIG_PATH'] = 'no such file'\n"
        "runpy.run_path(sys.argv[1], run_name='__main__')\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(FILE)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(run.stdout)
    assert [(check["name"], check["level"]) for check in found] == [
        ("mongod", "WARN"),
        ("plugin", "WARN"),
    ]


@pytest.fixture
def fiftyone_folder(doctor: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed FiftyOne with nothing in it, and no configured database."""
    monkeypatch.setattr(doctor, "_inside", lambda package: tmp_path)
    monkeypatch.delenv("FIFTYONE_DATABASE_URI", raising=False)
    monkeypatch.setenv("FIFTYONE_CONFIG_PATH", str(tmp_path / "config.json"))
    return tmp_path


def mongod(folder: Path, text: str, mode: int) -> None:
    path = folder / "db" / "bin" / "mongod"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    path.chmod(mode)


def test_mongod_is_found_where_fiftyone_looks_for_it(
    doctor: ModuleType, fiftyone_folder: Path
) -> None:
    mongod(fiftyone_folder, "#!/bin/sh\necho db version v6.0.5\n", stat.S_IRWXU)
    (check,) = doctor.check_mongod()
    assert check.level is Level.OK
    assert "v6.0.5" in check.detail


def test_a_missing_mongod_and_one_that_does_not_run_are_failures(
    doctor: ModuleType, fiftyone_folder: Path
) -> None:
    (check,) = doctor.check_mongod()
    assert check.level is Level.FAIL
    assert "missing" in check.detail
    assert "ensure_mongod.py" in check.hint
    mongod(fiftyone_folder, "#!/bin/sh\nexit 1\n", stat.S_IRWXU)
    (check,) = doctor.check_mongod()
    assert check.level is Level.FAIL
    assert "does not run" in check.detail


def test_a_configured_database_that_does_not_answer_fails_without_its_password(
    doctor: ModuleType, fiftyone_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(code: str, **environment: str) -> str:
        raise ProcessError(f"refused: {environment['FACEQGEN_DOCTOR_URI']}")

    monkeypatch.setattr(doctor, "ask", ask)
    monkeypatch.setenv("FIFTYONE_DATABASE_URI", "mongodb://ann:secret@db.example:27017")
    (check,) = doctor.check_mongod()
    assert check.level is Level.FAIL
    assert "db.example" in check.detail
    assert "secret" not in check.detail + check.hint


def test_a_database_in_the_configuration_file_counts(
    doctor: ModuleType, fiftyone_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (fiftyone_folder / "config.json").write_text('{"database_uri": "mongodb://localhost:1"}')
    monkeypatch.setattr(doctor, "ask", lambda code, **environment: "7.0.1")
    (check,) = doctor.check_mongod()
    assert check == Check("mongod", Level.OK, "7.0.1 at mongodb://localhost:1")


@pytest.mark.parametrize(
    ("plugins", "operators", "errors", "level", "words"),
    [
        ({}, [], [], Level.WARN, "does not find"),
        ({PLUGIN: ["/p", False]}, [], [], Level.WARN, "disabled"),
        ({PLUGIN: ["/p", True]}, [], ["faceqgen: no cv2"], Level.FAIL, "no cv2"),
        ({PLUGIN: ["/p", True]}, [f"{PLUGIN}/x"], [], Level.OK, "1 operators"),
    ],
)
def test_the_plugin_may_be_unknown_disabled_broken_or_well(
    plugins: dict[str, list[object]],
    operators: list[str],
    errors: list[str],
    level: Level,
    words: str,
    doctor: ModuleType,
    fiftyone_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = json.dumps({"plugins": plugins, "operators": operators, "errors": errors})
    monkeypatch.setattr(doctor, "ask", lambda code, **environment: answer)
    (check,) = doctor.check_plugin()
    assert check.level is level
    assert words in check.detail
    assert bool(check.hint) == (level is not Level.OK)
