"""``faceqgen demo``: runs the demo of the checkout; its options are the demo's own."""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing: options go through to the demo, ``faceqgen demo --help`` shows them."""


def run(args: argparse.Namespace) -> int:
    """Run the demo in a process of its own, since FiftyOne reads its environment when it is imported.

    Raises:
        ValueError: the demo is not there, or FiftyOne is not installed.
    """
    script = CHECKOUT / "plugin" / "demo.py"
    if not script.is_file():
        raise ValueError(
            f"the demo is part of the source checkout, and {script} is not there: "
            "clone the repository and run make demo"
        )
    if importlib.util.find_spec("fiftyone") is None:
        raise ValueError(
            'the demo needs FiftyOne, which is not installed: pip install "fiftyone>=1.14,<2", '
            "or run make demo, which sets up everything"
        )
    environment = dict(os.environ)
    if not importlib.metadata.packages_distributions().get("faceqgen_core"):
        paths = [environment.get("PYTHONPATH", ""), str(CHECKOUT)]
        environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return subprocess.run(
        [sys.executable, str(script), *args.rest], check=False, env=environment
    ).returncode
