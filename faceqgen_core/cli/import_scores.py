"""``faceqgen import-scores``: a scores table -> the fields of a FiftyOne data set, by the plugin's operator."""

from __future__ import annotations

import argparse
import difflib
import importlib
import os
import sys
from pathlib import Path
from typing import Any

from faceqgen_core.vocabulary import PLUGIN

CHECKOUT = Path(__file__).resolve().parent.parent.parent
OPERATOR = f"{PLUGIN}/import_scores"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "scores",
        metavar="SCORES",
        help="CSV or Parquet file of faceqgen score, or folder of Parquet files; of Parquet an address, too",
    )
    parser.add_argument("--dataset", required=True, metavar="NAME", help="data set in FiftyOne")
    parser.add_argument(
        "--field", default="faceqgen", help="field to write, as of score_faces (%(default)s)"
    )
    parser.add_argument(
        "--preset",
        metavar="IDENTIFIER",
        help="rows of this preset are taken, others are refused; by default that of the first row",
    )
    parser.add_argument(
        "--replace",
        action="store_true",
        help="also where a sample has a status; by default it keeps it, unless it is unreadable or failed",
    )
    parser.add_argument(
        "--extra-score",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="JSON file of a network of --extra-score of faceqgen score: takes its column",
    )


def run(args: argparse.Namespace) -> int:
    """Run the command; 1 if rows were refused.

    Raises:
        ValueError: FiftyOne, the plugin or the data set is not there, or the table cannot be written to it.
    """
    operator, dataset = _operator(), _dataset(args.dataset)
    summary = operator(
        dataset,
        args.scores,
        field=args.field,
        of_preset=args.preset,
        skip_scored=not args.replace,
        extra_scores=",".join(map(str, args.extra_score)) or None,
    )
    print(_told(summary))
    for row, why in summary["refusals"].items():
        print(f"row {row}: {why}", file=sys.stderr)
    return int(bool(summary["refused"]))


def _fiftyone(module: str) -> Any:
    # FiftyOne reads its environment when it is imported: the plugin of a checkout is found without being installed.
    if (CHECKOUT / "fiftyone.yml").is_file():
        os.environ.setdefault("FIFTYONE_PLUGINS_DIR", str(CHECKOUT))
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ValueError(
            f'the scores go to FiftyOne, which cannot be used here: pip install "faceqgen[fiftyone]" ({error})'
        ) from error


def _operator() -> Any:
    operators = _fiftyone("fiftyone.operators")
    if not operators.operator_exists(OPERATOR):
        raise ValueError(
            f"FiftyOne does not find the plugin {PLUGIN}, or one without this operator: faceqgen doctor says why"
        )
    return operators.get_operator(OPERATOR)


def _dataset(name: str) -> Any:
    fiftyone = _fiftyone("fiftyone")
    if fiftyone.dataset_exists(name):
        return fiftyone.load_dataset(name)
    near = difflib.get_close_matches(name, fiftyone.list_datasets(), n=3)
    hint = f": do you mean {' or '.join(near)}?" if near else "; fiftyone datasets list names all"
    raise ValueError(f"there is no data set {name!r}{hint}")


def _told(summary: dict[str, Any]) -> str:
    lines = [f"{summary['rows']} rows; {summary['done']} samples written to {summary['field']!r}"]
    lines += [f"  {count:7d}  {status}" for status, count in summary["counts"].items()]
    if summary["skipped"]:
        lines.append(f"  {summary['skipped']} samples have a status already and keep it")
    return "\n".join([*lines, *(f"  {notice}" for notice in summary["notices"])])
