"""FiftyOne with a database and a folder of its own for one program: nothing of the user's is touched, and nothing stays."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faceqgen_core.bench.programs import ROOT


@contextmanager
def own_database(name: str, folder: Path) -> Iterator[None]:
    """Give this process, and those that it starts, a database and a home; the database is dropped at the end.

    Args:
        name: what the database is called, before the number of the process.
        folder: of the program; its folder "home" is where pictures and records go.

    Raises:
        RuntimeError: FiftyOne was imported before, and has read the environment of the user.
    """
    if "fiftyone" in sys.modules:
        raise RuntimeError(
            "FiftyOne was imported already, with the user's database: import it inside own_database()"
        )
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["FACEQGEN_HOME"] = str(folder / "home")
    os.environ["FIFTYONE_DATABASE_NAME"] = f"faceqgen-{name}-{os.getpid()}"
    os.environ["FIFTYONE_PLUGINS_DIR"] = str(ROOT)
    os.environ["FIFTYONE_DO_NOT_TRACK"] = "true"
    os.environ["FIFTYONE_SHOW_PROGRESS_BARS"] = "false"
    os.environ["FIFTYONE_DATABASE_VALIDATION"] = "false"
    try:
        yield
    finally:
        if "fiftyone" in sys.modules:
            import fiftyone.core.odm as odm

            odm.drop_database()
