"""The frame of the command line: help, wrong calls, commands that hand on to others."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import types
from pathlib import Path

import pytest

from faceqgen_core import cli
from faceqgen_core.cli import COMMANDS, demo, main

HEAVY = ("tensorflow", "keras", "fiftyone", "cv2", "skimage", "matplotlib", "mtcnn")


def run_module(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)


def test_help_names_every_command_and_loads_no_heavy_library() -> None:
    code = (
        "import json, sys\n"
        "from faceqgen_core.cli import main\n"
        "try:\n    main(['--help'])\n"
        f"finally:\n    print(json.dumps([m for m in {HEAVY} if m in sys.modules]))\n"
    )
    run = run_module(code)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout.splitlines()[-1]) == []
    for name, (_, summary) in COMMANDS.items():
        assert name in run.stdout
        assert summary in run.stdout


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "demo"])
def test_every_command_explains_its_options_without_tensorflow(command: str) -> None:
    code = (
        "import sys\n"
        "from faceqgen_core.cli import main\n"
        f"try:\n    main([{command!r}, '--help'])\n"
        "finally:\n    print('tensorflow' in sys.modules)\n"
    )
    run = run_module(code)
    assert run.returncode == 0, run.stderr
    assert f"usage: faceqgen {command}" in run.stdout
    assert run.stdout.splitlines()[-1] == "False"


def test_the_module_can_be_run_where_nothing_is_installed() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "faceqgen_core.cli", "--version"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0
    assert run.stdout.startswith("faceqgen ")


@pytest.mark.parametrize(
    "call",
    [[], ["paint"], ["score"], ["score", "x.jpg"], ["score", "x.jpg", "--output", "o", "--wings"]],
)
def test_a_wrong_call_ends_with_code_2_and_says_why(
    call: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(call)
    assert end.value.code == 2
    assert "usage: faceqgen" in capsys.readouterr().err


def _command(monkeypatch: pytest.MonkeyPatch, run: object) -> None:
    module = types.ModuleType("made_up_command")
    module.add_arguments = lambda parser: parser.add_argument("--fast", action="store_true")  # type: ignore[attr-defined]
    module.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "made_up_command", module)
    monkeypatch.setitem(cli.COMMANDS, "made-up", ("made_up_command", "nothing"))


def test_a_command_gets_its_options_and_its_code_is_the_exit_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _command(monkeypatch, lambda args: 7 if args.fast else 0)
    assert main(["made-up"]) == 0
    assert main(["made-up", "--fast"]) == 7


def test_what_is_wrong_is_said_in_one_line_and_with_verbose_where(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(args: argparse.Namespace) -> int:
        raise ValueError("the moon is too far")

    _command(monkeypatch, run)
    assert main(["made-up"]) == 2
    assert capsys.readouterr().err == "faceqgen made-up: error: the moon is too far\n"
    with pytest.raises(ValueError, match="moon"):
        main(["--verbose", "made-up"])


def test_ctrl_c_ends_with_code_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(args: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    _command(monkeypatch, run)
    assert main(["made-up"]) == 130


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose demo writes down its options and ends with code 5."""
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "__init__.py").touch()
    (tmp_path / "demo" / "__main__.py").write_text(
        "import json, pathlib, sys\n"
        "import faceqgen_core\n"
        f"pathlib.Path({str(tmp_path / 'options.json')!r}).write_text(json.dumps(sys.argv[1:]))\n"
        "sys.exit(5)\n"
    )
    monkeypatch.setattr(demo, "CHECKOUT", tmp_path)
    return tmp_path


def test_the_demo_gets_all_its_options_and_gives_its_exit_code(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(cli.__file__).parents[2]))
    assert main(["demo", "--output", "somewhere", "--app", "--help", "-v"]) == 5
    options = json.loads((checkout / "options.json").read_text())
    assert options == ["--output", "somewhere", "--app", "--help", "-v"]


def test_the_demo_says_that_fiftyone_is_missing(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo.importlib.util, "find_spec", lambda name: None)
    assert main(["demo"]) == 2
    assert "FiftyOne, which is not installed" in capsys.readouterr().err
    assert not (checkout / "options.json").exists()


def test_the_demo_says_that_it_needs_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "CHECKOUT", tmp_path)
    assert main(["demo"]) == 2
    assert "clone the repository" in capsys.readouterr().err
