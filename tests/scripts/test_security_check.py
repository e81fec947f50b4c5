"""The security check of ``make lint``: it is there, it is clean, and it finds what it is there for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _bandit(*paths: Path | str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bandit", "--quiet", "--configfile", "pyproject.toml"]
    return subprocess.run(
        [*command, "--recursive", *map(str, paths)], cwd=ROOT, capture_output=True, text=True
    )


def test_bandit_is_a_part_of_the_checks_and_installed_with_them():
    assert "bandit" in (ROOT / "Makefile").read_text().split("lint:")[1].split("test:")[0]
    assert '"bandit' in (ROOT / "pyproject.toml").read_text()
    assert "bandit" in (ROOT / "constraints.txt").read_text()
    assert "bandit" in (ROOT / ".pre-commit-config.yaml").read_text()


def test_bandit_finds_nothing_in_the_plugin():
    found = _bandit("plugin")
    assert (found.returncode, found.stdout) == (0, ""), found.stdout


def test_bandit_finds_what_opens_a_door(tmp_path):
    doors = {
        "shell.py": "import subprocess\nsubprocess.run(input(), shell=True)\n",
        "code.py": "eval(input())\n",
        "pickled.py": "import pickle\npickle.loads(b'')\n",
        "page.py": "from markupsafe import Markup\nMarkup(input())\n",
    }
    for name, text in doors.items():
        (tmp_path / name).write_text(text)
    found = _bandit(tmp_path)
    assert found.returncode == 1
    assert all(name in found.stdout for name in doors)
