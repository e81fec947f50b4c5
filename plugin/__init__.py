"""Entry of the FiftyOne plugin: registers operators and panels, nothing else (FiftyOne executes it anew on every request)."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

if importlib.util.find_spec("faceqgen_core") is None:
    # Installed with `fiftyone plugins download`: the core lies beside this folder. Appended, never put first: the
    # checkout has folders with common names.
    sys.path.append(str(Path(__file__).resolve().parent.parent))

from .operators import OPERATORS
from .panels import PANELS


def register(plugin: Any) -> None:
    """Register all operators and panels with FiftyOne."""
    for part in (*OPERATORS, *PANELS):
        plugin.register(part)
