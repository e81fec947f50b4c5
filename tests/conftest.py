"""Shared by all tests: the environment FiftyOne reads when it is imported, the preset under test, its own database."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
DATABASE = f"faceqgen-tests-{os.getpid()}"

# A running mongod of the same user is shared whatever its directory: only the database's name isolates the tests.
os.environ["FIFTYONE_DATABASE_NAME"] = DATABASE
os.environ["FIFTYONE_PLUGINS_DIR"] = str(ROOT)
os.environ["FIFTYONE_DO_NOT_TRACK"] = "true"
os.environ["FIFTYONE_SHOW_PROGRESS_BARS"] = "false"
os.environ["FIFTYONE_DATABASE_VALIDATION"] = "false"  # no advice on the version of MongoDB
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
"""Whether this is one of several processes that share the tests, ``pytest -n``."""
if IS_WORKER:
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
os.environ["FACEQGEN_HOME"] = tempfile.mkdtemp(prefix="faceqgen-tests-")  # restored images go here


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Markers that the place or the fixtures of a test decide: nobody has to think of them.

    Training takes longest: workers begin with it, so that none has it to do when the others are through.
    """
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.app)
        if item.path.is_relative_to(ROOT / "tests" / "training"):
            item.add_marker(pytest.mark.training)
    if IS_WORKER:
        items.sort(key=lambda item: item.get_closest_marker("training") is None)


def pytest_configure(config: pytest.Config) -> None:
    """Where workers share the tests, start the database that they share before them.

    FiftyOne starts a mongod where it finds none, and says to the processes that it starts where it is: here to the workers. It
    ends with the process that has started it, and a mongod that is about to end cannot be joined: none of the workers may
    have it, since nobody knows which is through first.
    """
    if _has_workers(config):
        import fiftyone.core.odm as foo

        foo.get_db_conn()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the restored images, and what FiftyOne has put into the database when it was opened for workers."""
    if _has_workers(config):
        _drop_database()
    shutil.rmtree(os.environ["FACEQGEN_HOME"], ignore_errors=True)


@pytest.fixture(scope="session")
def seed() -> int:
    """Start of what a test draws at random; ``scripts/sweep.py`` sets others."""
    return int(os.environ.get("FACEQGEN_TEST_SEED", "0"))


@pytest.fixture(scope="session")
def preset() -> str:
    """Name or folder of the preset under test."""
    return os.environ.get("FACEQGEN_TEST_PRESET", "faceqgen-128")


@pytest.fixture(scope="session")
def demo() -> ModuleType:
    """What ``python -m demo`` runs."""
    return importlib.import_module("demo.__main__")


@pytest.fixture(scope="session", autouse=True)
def _leave_nothing_behind() -> Iterator[None]:
    """Remove the tests' database."""
    yield
    _drop_database()


def _has_workers(config: pytest.Config) -> bool:
    return not IS_WORKER and bool(config.getoption("numprocesses", None))


def _drop_database() -> None:
    """Remove the database of this process if FiftyOne was used."""
    if "fiftyone" in sys.modules:
        import fiftyone.core.odm as foo

        foo.drop_database()
