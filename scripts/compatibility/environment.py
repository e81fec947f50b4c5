"""A clean environment: its own Python, its own packages, its own places for FiftyOne's data and for ours."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FORGOTTEN = (
    "PYTHONPATH",
    "PYTHONHOME",
    "VIRTUAL_ENV",
    "FIFTYONE_DATABASE_URI",
    "FIFTYONE_PLUGINS_DIR",
    "KERAS_BACKEND",
)
"""What the environment of the caller must not give on."""

_MONGOD = """
from importlib.util import find_spec
print(find_spec("fiftyone").submodule_search_locations[0] + "/db/bin/mongod")
"""


class Failed(Exception):
    """A step of a case failed; the message is the end of what it said."""


class Environment:
    """A virtual environment in a folder of its own.

    Args:
        place: an empty folder; the environment and all that is written lie below it.
        python: version, such as "3.11".

    Raises:
        Failed: there is no such Python, or the environment cannot be made.
    """

    def __init__(self, place: Path, python: str) -> None:
        self.place = place
        self.plugins = place / "plugins"
        self.plugins.mkdir(parents=True)
        self._uv = shutil.which("uv")
        self._database: dict[str, str] = {}
        self.python = place / "env" / "bin" / "python"
        interpreter = str(find_python(python))
        if self._uv:
            self._call([self._uv, "venv", "-q", "--seed", "--python", interpreter, place / "env"])
        else:
            self._call([interpreter, "-m", "venv", place / "env"])

    def install(self, *what: str | Path, lowest: bool = False, pins: tuple[str, ...] = ()) -> None:
        """Install packages, wheels or folders.

        Args:
            what: as pip takes them.
            lowest: take the lowest versions that our own bounds allow, of what they name.
            pins: bounds on other packages, such as "numpy<2".

        Raises:
            Failed: it cannot be installed; or ``lowest`` without uv on the path.
        """
        if lowest and not self._uv:
            raise Failed("the lowest versions are found by uv, which is not on the path")
        command: list[str | Path] = [self.python, "-m", "pip", "install", "-q"]
        if self._uv:
            command = [self._uv, "pip", "install", "-q", "--python", self.python]
        if lowest:
            command += ["--resolution", "lowest-direct"]
        if pins:
            constraints = self.place / "constraints.txt"
            constraints.write_text("\n".join(pins) + "\n", encoding="utf-8")
            command += ["--constraint", constraints]
        self._call([*command, *what])

    @contextmanager
    def database(self) -> Iterator[None]:
        """Run the environment's own mongod: FiftyOne would take that of any other FiftyOne which is at work on the machine.

        Raises:
            Failed: there is none, or it does not start within two minutes.
        """
        self.run(ROOT / "scripts" / "ensure_mongod.py")
        mongod = self.run("-c", _MONGOD).splitlines()[-1]
        data = self.place / "database"
        data.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
        where = ["--dbpath", str(data), "--port", str(port), "--bind_ip", "127.0.0.1"]
        process = subprocess.Popen(
            [mongod, *where, "--nounixsocket"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _wait_for(port, process)
            self._database = {"FIFTYONE_DATABASE_URI": f"mongodb://127.0.0.1:{port}"}
            yield
        finally:
            self._database = {}
            process.kill()
            process.wait()

    def run(self, *arguments: str | Path, cwd: Path | None = None) -> str:
        """Run the environment's Python; returns what it printed.

        Raises:
            Failed: it ended with an error.
        """
        return self._call([self.python, *arguments], cwd)

    def tool(self, name: str, *arguments: str | Path) -> str:
        """Run a program that a package has installed; returns what it printed.

        Raises:
            Failed: it ended with an error.
        """
        return self._call([self.python.with_name(name), *arguments])

    def _call(self, command: list[str | Path], cwd: Path | None = None) -> str:
        own = {
            "PATH": f"{self.python.parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "FACEQGEN_HOME": str(self.place / "home"),
            "FIFTYONE_DATABASE_NAME": f"faceqgen-compatibility-{os.getpid()}",
            "FIFTYONE_DATABASE_VALIDATION": "false",
            "FIFTYONE_DO_NOT_TRACK": "true",
            "FIFTYONE_PLUGINS_DIR": str(self.plugins),
            "FIFTYONE_SHOW_PROGRESS_BARS": "false",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        kept = {name: value for name, value in os.environ.items() if name not in _FORGOTTEN}
        done = subprocess.run(
            [str(part) for part in command],
            env={**kept, **own, **self._database},
            cwd=cwd or self.place,
            capture_output=True,
            text=True,
            errors="replace",
        )
        if done.returncode:
            told = (done.stdout + done.stderr).strip().splitlines()[-15:]
            raise Failed(
                f"{' '.join(map(str, command[:6]))}: exit {done.returncode}\n" + "\n".join(told)
            )
        return done.stdout


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        if process.poll() is not None:
            raise Failed(f"mongod: exit {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.5)
    raise Failed("mongod has not started within two minutes")


def find_python(version: str) -> Path:
    """An interpreter of a version, on the path or of pyenv.

    Raises:
        Failed: there is none.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    found = sorted(pyenv.glob(f"{version}.*/bin/python"))
    named = shutil.which(f"python{version}")
    if found:
        return found[-1]
    if named:
        return Path(named)
    raise Failed(f"no Python {version} here: on the path as python{version}, or of pyenv")
