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
os.environ["FACEQGEN_HOME"] = tempfile.mkdtemp(prefix="faceqgen-tests-")  # restored images go here
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Markers that the place or the fixtures of a test decide: nobody has to think of them."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.app)
        if item.path.is_relative_to(ROOT / "tests" / "training"):
            item.add_marker(pytest.mark.training)


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
    """Remove the restored images, and the tests' database if a test has used FiftyOne."""
    yield
    shutil.rmtree(os.environ["FACEQGEN_HOME"], ignore_errors=True)
    if "fiftyone" in sys.modules:
        import fiftyone.core.odm as foo

        foo.drop_database()
