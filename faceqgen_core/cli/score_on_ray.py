"""``faceqgen score --engine ray``: the same on a Ray cluster, images -> a folder of Parquet files."""

from __future__ import annotations

import argparse

ENGINES = ("local", "ray")
PART_SIZE = 1000

_OWN = {"address": None, "actors": None, "part_size": PART_SIZE}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the choice of the engine, and what belongs to a cluster alone."""
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        default="local",
        help='local: this machine; ray: a Ray cluster, for which the extra "ray" is needed: --output is then a folder of '
        "Parquet files, and a PATH may also be a list, a CSV or Parquet file with a column filepath (%(default)s)",
    )
    parser.add_argument(
        "--address",
        help="of the Ray cluster; by default what RAY_ADDRESS says, else one is started on this machine",
    )
    parser.add_argument(
        "--actors",
        type=int,
        metavar="N",
        help="at most so many copies of the networks in the cluster; by default as many as it has room for",
    )
    parser.add_argument(
        "--part-size",
        type=int,
        default=PART_SIZE,
        metavar="N",
        help="images of a Parquet file: what a machine that dies loses at most (%(default)s)",
    )


def is_chosen(args: argparse.Namespace) -> bool:
    """Whether the call is one for a cluster.

    Raises:
        ValueError: it is not, but has options of one.
    """
    if args.engine == "ray":
        return True
    if wrong := [name for name, usual in _OWN.items() if getattr(args, name) != usual]:
        raise ValueError(f"--{wrong[0].replace('_', '-')} belongs to --engine ray")
    return False


def run(args: argparse.Namespace) -> int:
    """Run the command on a cluster.

    Raises:
        ValueError: an option that does not fit, or what ``distributed.score`` says.
        OSError: a list cannot be read, or the folder cannot be written.
    """
    from faceqgen_core.distributed import score

    if args.format != "csv" or args.restored_dir is not None:
        raise ValueError("--engine ray writes Parquet alone: leave --format and --restored-dir out")
    if not args.paths or args.output is None:
        args.wrong_call("--engine ray needs a PATH and --output, the folder of the Parquet files")
    done = score(
        [str(path) for path in args.paths],
        args.output,
        preset=args.preset,
        faces="crop" if args.crops else "detect",
        all_faces=args.all_faces,
        find_turned=args.find_turned,
        extra_scores=args.extra_score,
        batch_size=args.batch_size,
        device=args.device,
        max_pixels=args.max_pixels,
        part_size=args.part_size,
        actors=args.actors,
        address=args.address,
        overwrite=args.overwrite,
    )
    print(done)
    return 0
