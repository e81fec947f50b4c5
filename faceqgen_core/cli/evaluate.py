"""``faceqgen evaluate``: scores and pairs -> EDC curves and partial areas."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

JSON_NAME = "evaluation.json"
PLOT_NAME = "edc.png"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--scores", type=Path, required=True, help="CSV of faceqgen score")
    parser.add_argument(
        "--pairs",
        type=Path,
        required=True,
        help="CSV with a, b (image paths), similarity, mated (0 or 1) and, if known, subject",
    )
    parser.add_argument(
        "--output", type=Path, required=True, help=f"folder for {JSON_NAME} and {PLOT_NAME}"
    )
    parser.add_argument(
        "--fmr", type=float, default=1e-3, help="false match rate at no discard (%(default)s)"
    )
    parser.add_argument("--columns", nargs="+", help="score columns; all known ones by default")
    parser.add_argument(
        "--lower-is-better",
        nargs="+",
        default=[],
        metavar="COLUMN",
        help="columns of --columns that are no measure of ours and whose lower values are better",
    )
    parser.add_argument(
        "--extra-score",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="JSON file of a network of --extra-score of faceqgen score: takes its column, in its direction",
    )
    parser.add_argument(
        "--bootstrap",
        type=int,
        default=1000,
        metavar="N",
        help="resamples, 0 for none (%(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from tqdm import tqdm

    from faceqgen_core.evaluation import evaluate, plot, read_pairs, write_json
    from faceqgen_core.onnx_quality.description import read_description
    from faceqgen_core.tables.score_table import SCORES, read_scores

    columns, lower_is_better = args.columns, list(args.lower_is_better)
    extra = [read_description(path) for path in args.extra_score]
    if extra:
        names = [network.name for network in extra]
        columns = [*(columns or SCORES), *(n for n in names if n not in (columns or ()))]
        lower_is_better += [n.name for n in extra if not n.higher_is_better]
    scores = read_scores(args.scores, columns=columns)
    if unknown := sorted(set(lower_is_better) - set(scores.columns)):
        raise ValueError(f"--lower-is-better {' '.join(unknown)}: not among the evaluated columns")
    evaluation = evaluate(
        scores,
        read_pairs(args.pairs),
        fmr=args.fmr,
        resamples=args.bootstrap,
        lower_is_better=lower_is_better,
        progress=lambda steps: tqdm(steps, "bootstrap", file=sys.stderr),
    )
    args.output.mkdir(parents=True, exist_ok=True)
    write_json(evaluation, args.output / JSON_NAME)
    plot(evaluation, args.output / PLOT_NAME)
    print(table(evaluation.facts))
    print(f"\n{args.output / JSON_NAME}\n{args.output / PLOT_NAME}")
    return 0


def table(facts: dict[str, Any]) -> str:
    """The areas as text."""
    lines = [
        f"threshold {facts['threshold']:.6g} (FMR {facts['fmr']:.3g} of {facts['non_mated_pairs']} non-mated), "
        f"FNMR {facts['fnmr']:.4g} of {facts['mated_pairs']} mated pairs",
        f"images in mated pairs: {facts['images']}, without a row in the scores: {facts['images_without_row']}",
    ]
    if len(facts["presets"]) > 1 or len(facts["crop_protocols"]) > 1:
        named = ", ".join(facts["presets"] + facts["crop_protocols"])
        lines.append(f"WARNING: scores of several presets or crop protocols are mixed: {named}")
    lines.append("\nnormalised pAUC, 1 is no benefit, lower is better")
    for name, entry in {**facts["columns"], **facts["baselines"]}.items():
        areas = "   ".join(
            f"@{limit} {_area(a['normalised'], a.get('normalised_interval'))}"
            for limit, a in entry["pauc"].items()
        )
        missing = entry.get("images_without_value", 0)
        lines.append(f"  {name:15s} {areas}" + (f"   {missing} without value" if missing else ""))
    return "\n".join(lines)


def _area(value: float | None, bounds: tuple[float, float] | None) -> str:
    if value is None:
        return "undefined (no error at no discard)"
    return f"{value:.3f}" + (f" [{bounds[0]:.3f}, {bounds[1]:.3f}]" if bounds else "")
