"""``faceqgen bench``: how fast it is here, beside what it is measured against."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    from faceqgen_core.bench.bench import Sizes
    from faceqgen_core.presets import DEFAULT_PRESET

    full = Sizes()
    parser.add_argument("--output", type=Path, help="JSON file for all numbers")
    parser.add_argument("--preset", default=DEFAULT_PRESET, help="name or folder (%(default)s)")
    parser.add_argument("--device", default="auto", help="auto, cpu, gpu or gpu:N (%(default)s)")
    for name, meaning in (
        ("crops", "aligned crops"),
        ("photographs", "photographs of 1 to 3 megapixels"),
        ("memory", "crops scored to see whether memory grows, 0 for none"),
        ("slow", "images that a slow side takes in each round"),
        ("rounds", "rounds, of which the median counts"),
    ):
        default = getattr(full, name)
        parser.add_argument(
            f"--{name}", type=int, default=default, metavar="N", help=f"{meaning} (%(default)s)"
        )
    parser.add_argument("--lightqnet", type=Path, metavar="FILE", help="LightQNet's graph, a .pb")


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from faceqgen_core.bench.bench import Sizes, run_bench
    from faceqgen_core.bench.table import table
    from faceqgen_core.whole_files import written_whole

    sizes = Sizes(args.crops, args.photographs, args.memory, args.slow, args.rounds)
    with tempfile.TemporaryDirectory(prefix="faceqgen-bench-") as folder:
        result = run_bench(
            Path(folder),
            sizes,
            preset=args.preset,
            device=args.device,
            lightqnet_file=args.lightqnet,
            say=lambda text: print(text, file=sys.stderr, flush=True),
        )
    print(table(result))
    if args.output is not None:
        with written_whole(args.output) as temporary:
            temporary.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0
