"""The cases: each a clean environment, a way into it, and what is then run there."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from scripts.compatibility.environment import Environment, Failed
from scripts.compatibility.plugin_server import NAME, archive, served

SMOKE = Path(__file__).with_name("smoke.py")
PLUGIN = "@faceqgen/face-quality"
AGREE = 0.05
"""Of 100: command and operator run the same networks."""

FAST = ("-m", "not slow", "-q", "-p", "no:cacheprovider", "tests/core")


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        key: its name on the command line.
        title: what it tries, in words.
        python: version of its Python.
        install: puts the project into the environment; the second argument is the folder of its sources.
        ways: what is scored with: "command", "operator".
        tests: whether the core's fast tests are run, too.
    """

    key: str
    title: str
    python: str
    install: Callable[[Environment, Path], None]
    ways: tuple[str, ...] = ("command",)
    tests: bool = False

    def run(self, place: Path, *, tests: bool = True) -> str:
        """Run it in an empty folder; returns what came of it.

        Args:
            place: the folder.
            tests: whether the core's fast tests may be run.

        Raises:
            Failed: a step failed; the message says which.
        """
        source = unpack(place)
        environment = Environment(place / "environment", self.python)
        self.install(environment, source)
        with environment.database() if "operator" in self.ways else nullcontext():
            told = smoke(environment, place / "smoke", self.ways)
        if self.tests and tests:
            environment.install("pytest", "setuptools")
            told += f"; core tests: {core_tests(environment, source)}"
        return told


def unpack(place: Path) -> Path:
    """The committed sources in a folder of their own; returns it."""
    with zipfile.ZipFile(archive(place / "sources.zip")) as file:
        file.extractall(place)  # our own archive
    return place / NAME


def smoke(environment: Environment, place: Path, ways: tuple[str, ...]) -> str:
    """Score one photograph in an environment; returns versions and qualities in words.

    Raises:
        Failed: nothing came of it, the two ways disagree, or the core is that of another place.
    """
    place.mkdir(exist_ok=True)
    printed = environment.run("-c", SMOKE.read_text(encoding="utf-8"), place, *ways, cwd=place)
    found = json.loads(printed.splitlines()[-1])
    if environment.place.parent not in Path(found["core"]).resolve().parents:
        raise Failed(f"the core was imported from {found['core']}")
    qualities = [found[way] for way in ways]
    if max(qualities) - min(qualities) > AGREE:
        raise Failed(f"{' and '.join(ways)} disagree: {qualities}")
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    return f"quality {qualities[0]:.1f} by {' and '.join(ways)} ({versions})"


def core_tests(environment: Environment, source: Path) -> str:
    """Run the core's fast tests in an environment; returns their closing line.

    Raises:
        Failed: one fails.
    """
    return environment.run("-m", "pytest", *FAST, cwd=source).splitlines()[-1].strip("= ")


def _pip(environment: Environment, source: Path) -> None:
    environment.install(source)


def _wheel(environment: Environment, source: Path) -> None:
    environment.run("-m", "pip", "wheel", "-q", "--no-deps", "-w", source / "dist", source)
    (wheel,) = (source / "dist").glob("*.whl")
    environment.install(wheel)


def _download(environment: Environment, source: Path) -> None:
    environment.install("fiftyone")
    with served(source.parent) as address:
        environment.tool("fiftyone", "plugins", "download", f"{address}/sources.zip")
    environment.tool("fiftyone", "plugins", "requirements", PLUGIN, "--install")


def _symlink(environment: Environment, source: Path) -> None:
    environment.install("-e", f"{source}[fiftyone]")
    (environment.plugins / NAME).symlink_to(source, target_is_directory=True)


def _versions(
    *, lowest: bool = False, pins: tuple[str, ...] = ()
) -> Callable[[Environment, Path], None]:
    def install(environment: Environment, source: Path) -> None:
        environment.install(f"{source}[fiftyone]", lowest=lowest, pins=pins)
        shutil.copytree(source, environment.plugins / NAME)

    return install


CASES = (
    Case("pip", "`pip install .`", "3.11", _pip),
    Case("wheel", "the built wheel", "3.12", _wheel),
    Case(
        "download",
        "`fiftyone plugins download` of a zip on 127.0.0.1, `plugins requirements --install`",
        "3.11",
        _download,
        ("operator",),
    ),
    Case(
        "symlink",
        '`pip install -e ".[fiftyone]"` and a link in the plugins folder',
        "3.11",
        _symlink,
        ("command", "operator"),
    ),
    Case(
        "lowest",
        "Python 3.10 with the lowest versions that pyproject.toml allows",
        "3.10",
        _versions(lowest=True),
        ("command", "operator"),
        tests=True,
    ),
    Case(
        "numpy-1",
        "Python 3.11 with NumPy 1.26, all else newest",
        "3.11",
        _versions(pins=("numpy<2",)),
        ("command", "operator"),
        tests=True,
    ),
    Case(
        "newest",
        "Python 3.12 with the newest versions",
        "3.12",
        _versions(),
        ("command", "operator"),
        tests=True,
    ),
)
