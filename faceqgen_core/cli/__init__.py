"""``faceqgen``: one command line, one module per command.

A command's module offers ``add_arguments(parser)`` and ``run(args) -> exit code`` and is imported only when its command
is named: ``faceqgen --help`` loads no network library. Exit codes: 0 it ran, 1 a check failed, 2 the call was wrong or
a file cannot be read or written, 130 interrupted.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import logging
import os
import sys
from collections.abc import Sequence

from faceqgen_core import __version__

COMMANDS = {
    "score": ("faceqgen_core.cli.score", "score the faces in images, write a CSV"),
    "import-scores": (
        "faceqgen_core.cli.import_scores",
        "write a scores table to a FiftyOne data set",
    ),
    "evaluate": ("faceqgen_core.cli.evaluate", "EDC curves and pAUC from scores and pairs"),
    "doctor": ("faceqgen_core.cli.doctor", "what is installed, what is missing, how to mend it"),
    "export": ("faceqgen_core.cli.export", "the networks as one ONNX or OpenVINO graph"),
    "demo": ("faceqgen_core.cli.demo", "build and score the demo data set in FiftyOne"),
    "bench": ("faceqgen_core.cli.bench", "how fast it is here, beside what it is measured against"),
    "train": ("faceqgen_core.training.train", "train the restoration networks"),
    "calibrate": ("faceqgen_core.training.calibrate", "fit the quality head, write a preset"),
    "recalibrate": ("faceqgen_core.training.recalibrate", "lay the 0..100 scale for a camera"),
}
"""Module and summary by command."""

FORWARDING = ("demo",)
"""Commands whose options belong to another program, ``--help`` included."""


def build_parser(command: str | None) -> argparse.ArgumentParser:
    """Parser that knows all commands and the options of one of them."""
    parser = argparse.ArgumentParser(
        prog="faceqgen",
        description="Face image quality by restoration: quality 0..100, higher is better.",
    )
    parser.add_argument("--version", action="version", version=f"faceqgen {__version__}")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="log what happens; show where errors arise"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (module, summary) in COMMANDS.items():
        sub = commands.add_parser(
            name, help=summary, description=summary, add_help=name not in FORWARDING
        )
        if name == command:
            importlib.import_module(module).add_arguments(sub)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code.

    Raises:
        SystemExit: code 2 for a wrong call, 0 after ``--help`` and ``--version``.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    # TensorFlow reads this when it is loaded and otherwise fills the screen before the first result.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    named = next((a for a in arguments if not a.startswith("-")), None)
    parser = build_parser(named)
    args, rest = parser.parse_known_args(arguments)
    if rest and args.command not in FORWARDING:
        parser.error(f"unrecognized arguments: {' '.join(rest)}; see faceqgen {args.command} -h")
    args.rest = rest
    args.alone = argv is None  # called from a program, the process is not ours alone
    logging.basicConfig(level=logging.INFO if args.verbose else logging.WARNING, stream=sys.stderr)
    try:
        return int(importlib.import_module(COMMANDS[args.command][0]).run(args))
    except KeyboardInterrupt:
        print(f"faceqgen {args.command}: interrupted", file=sys.stderr)
        return 130
    except (ValueError, OSError, csv.Error) as error:
        if args.verbose:
            raise
        print(f"faceqgen {args.command}: error: {error}", file=sys.stderr)
        return 2
