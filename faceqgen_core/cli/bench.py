"""``faceqgen bench``: how fast it is here, beside what it is measured against, and which targets are met."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    from faceqgen_core.bench.bench import NAMES
    from faceqgen_core.bench.compared.sizes import Sizes
    from faceqgen_core.presets import DEFAULT_PRESET

    full, quick = Sizes(), Sizes.quick()
    parser.add_argument(
        "--only", nargs="+", choices=NAMES, default=NAMES, metavar="ROW", help=f"{', '.join(NAMES)}"
    )
    parser.add_argument("--quick", action="store_true", help="small sizes: minutes, not hours")
    parser.add_argument("--output", type=Path, help="JSON file for all numbers")
    parser.add_argument("--preset", default=DEFAULT_PRESET, help="name or folder (%(default)s)")
    parser.add_argument("--device", default="auto", help="auto, cpu, gpu or gpu:N (%(default)s)")
    for name, meaning in _SIZES.items():
        several = {"nargs": "+"} if name == "samples" else {}
        parser.add_argument(
            f"--{name}",
            type=int,
            metavar="N",
            help=f"{meaning} ({_shown(full, name)}, quick {_shown(quick, name)})",
            **several,  # type: ignore[arg-type]
        )
    parser.add_argument(
        "--lfw", type=Path, metavar="FOLDER", help="take LFW's pictures, in place of composed ones"
    )
    parser.add_argument("--lightqnet", type=Path, metavar="FILE", help="LightQNet's graph, a .pb")


_SIZES = {
    "crops": "aligned crops",
    "photographs": "photographs of 1 to 3 megapixels",
    "pictures": "pictures of LFW's size",
    "memory": "crops scored to see whether memory grows",
    "slow": "images that a slow side takes in each round",
    "rounds": "rounds, of which the median counts",
    "samples": "sizes of the data sets whose results are written",
    "scored": "the largest of these that is really scored",
    "panel": "samples under the panel",
    "runs": "of the operator in one App server",
}


def _shown(sizes: object, name: str) -> str:
    value = getattr(sizes, name)
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from faceqgen_core.bench.bench import run_bench
    from faceqgen_core.bench.compared.sizes import Sizes
    from faceqgen_core.bench.table import document
    from faceqgen_core.whole_files import written_whole

    given = {name: getattr(args, name) for name in _SIZES}
    chosen = {name: value for name, value in given.items() if value is not None}
    if args.samples is not None:
        chosen["samples"] = tuple(args.samples)
    with tempfile.TemporaryDirectory(prefix="faceqgen-bench-") as folder:
        result = run_bench(
            Path(folder),
            replace(Sizes.quick() if args.quick else Sizes(), **chosen),
            preset=args.preset,
            device=args.device,
            only=args.only,
            quick=args.quick,
            lfw=args.lfw,
            lightqnet_file=args.lightqnet,
            say=lambda text: print(text, file=sys.stderr, flush=True),
        )
    print(document(result))
    if args.output is not None:
        with written_whole(args.output) as temporary:
            temporary.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0
