"""``faceqgen export``: a preset -> one graph for other runtimes, aligned crop in, restoration and scores out."""

from __future__ import annotations

import argparse
from pathlib import Path

from faceqgen_core.presets import DEFAULT_PRESET, load_preset


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--format", required=True, choices=["onnx", "openvino"], help="what is written"
    )
    parser.add_argument("--output", type=Path, required=True, help="folder for the files")
    parser.add_argument("--preset", default=DEFAULT_PRESET, help="name or folder (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Run the command.

    Raises:
        ValueError: the preset or a package that is needed is missing.
        OSError: the files cannot be written.
    """
    from faceqgen_core.export.formats import export

    for file in export(load_preset(args.preset), args.format, args.output):
        print(file)
    return 0
