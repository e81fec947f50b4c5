"""``faceqgen demo``: runs the demo of the checkout; its options are the demo's own."""

from __future__ import annotations

import argparse
import importlib.util
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
    if not (CHECKOUT / "demo" / "__main__.py").is_file():
        raise ValueError(
            f"the demo is part of the source checkout, and {CHECKOUT / 'demo'} is not there: "
            "clone the repository and run make demo"
        )
    if importlib.util.find_spec("fiftyone") is None:
        raise ValueError(
            'the demo needs FiftyOne, which is not installed: pip install -e ".[fiftyone]", '
            "or run make demo, which sets up everything"
        )
    # The checkout in place of the current folder, which Python would put first: a demo.py of the user's may be in it.
    code = (
        f"import runpy, sys; sys.path[0] = {str(CHECKOUT)!r}; "
        "runpy.run_module('demo', run_name='__main__', alter_sys=True)"
    )
    return subprocess.run([sys.executable, "-c", code, *args.rest], check=False).returncode
