"""``faceqgen doctor``: prints what the doctor found; exit code 1 if something makes the main job impossible."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from faceqgen_core.doctor import Check, Level, diagnose


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--json", action="store_true", help="a JSON list instead of lines")


def line(check: Check) -> str:
    """One finding as text, its hint below it."""
    text = f"{check.level.value:4s}  {check.name}: {check.detail}"
    return f"{text}\n      -> {check.hint}" if check.hint else text


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    checks = []
    for check in diagnose():
        checks.append(check)
        if not args.json:
            print(line(check), flush=True)  # some checks take seconds
    if args.json:
        print(json.dumps([asdict(check) for check in checks], indent=1))
    return int(any(check.level is Level.FAIL for check in checks))
