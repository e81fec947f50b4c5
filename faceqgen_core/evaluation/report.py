"""The report of an evaluation: JSON for machines, a plot of the EDC curves for people.

Lower areas are better everywhere. Columns whose lower values are better (``mse``) are turned round before.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.evaluation import edc
from faceqgen_core.evaluation.recognition import Comparisons, match_paths
from faceqgen_core.measures import MEASURES, QUALITY
from faceqgen_core.tables.score_table import ScoreTable

FORMAT = 1
"""Version of the keys of the JSON report; raised when one changes its meaning."""

GRID = np.round(np.arange(0, 1, 0.01), 2)
"""Discard fractions at which the JSON report lists the curves."""

SHOWN = 0.5
"""Discard fraction at which the plot ends: beyond it a handful of errors decides."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """An evaluated scores table.

    Attributes:
        facts: the JSON report.
        curves: EDC by name: the score columns, then "random" and "oracle".
    """

    facts: dict[str, Any]
    curves: dict[str, edc.Curve]


def higher_is_better(column: str, lower_is_better: Collection[str] = ()) -> bool:
    """Direction of a column: from the table of measures; others are higher-is-better unless named."""
    known = {QUALITY.name: QUALITY, **MEASURES}
    return known[column].higher_is_better if column in known else column not in lower_is_better


def evaluate(
    scores: ScoreTable,
    comparisons: Comparisons,
    *,
    fmr: float = 1e-3,
    resamples: int = 1000,
    seed: int = 0,
    lower_is_better: Collection[str] = (),
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> Evaluation:
    """Compute EDC curves and partial areas of every score column.

    An image without a row or without a value has the quality ``-inf``: it is discarded first and counted.

    Args:
        scores: scores by image.
        comparisons: mated and non-mated comparisons.
        fmr: target false match rate at no discard.
        resamples: bootstrap resamples; 0 for no intervals.
        seed: start of the bootstrap's draw.
        lower_is_better: columns beside the known measures whose lower values are better.
        progress: wraps the bootstrap's loop.

    Raises:
        ValueError: too few non-mated comparisons, paths that do not match or match twice, resamples below 0.
    """
    if resamples < 0:
        raise ValueError(f"the number of bootstrap resamples must be 0 or more, got {resamples}")
    threshold = edc.fmr_threshold(comparisons.non_mated, fmr)
    errors = (comparisons.mated <= threshold).astype(np.float64)
    rows = match_paths(comparisons.images, scores.paths)
    values = {name: _by_image(v, rows) for name, v in scores.columns.items()}
    signs = {name: 1 if higher_is_better(name, lower_is_better) else -1 for name in values}
    qualities = {
        name: edc.pair_quality(
            signs[name] * v[comparisons.first], signs[name] * v[comparisons.second]
        )
        for name, v in values.items()
    }
    curves = {name: edc.edc_curve(q, errors) for name, q in qualities.items()}
    baselines = {"random": edc.random_curve(errors), "oracle": edc.oracle_curve(errors)}

    columns: dict[str, Any] = {}
    for name, curve in curves.items():
        columns[name] = {
            "higher_is_better": signs[name] > 0,
            "images_without_value": int(np.isnan(values[name]).sum()),
            "pairs_without_value": int(np.isneginf(qualities[name]).sum()),
            **_numbers(curve),
        }
    if resamples:
        samples = edc.bootstrap(
            qualities,
            errors,
            groups=comparisons.subjects,
            resamples=resamples,
            seed=seed,
            progress=progress,
        )
        _add_intervals(columns, samples)
    facts = {
        "format": FORMAT,
        "presets": scores.presets,
        "crop_protocols": scores.protocols,
        "target_fmr": fmr,
        "threshold": threshold,
        "fmr": float(np.mean(comparisons.non_mated > threshold)),
        "fnmr": float(errors.mean()),
        "mated_pairs": len(errors),
        "non_mated_pairs": len(comparisons.non_mated),
        "images": len(comparisons.images),
        "images_without_row": int((rows < 0).sum()),
        "bootstrap": {
            "resamples": resamples,
            "unit": "pair" if comparisons.subjects is None else "subject",
            "confidence": 0.95,
            "seed": seed,
        },
        "discard_fractions": GRID.tolist(),
        "columns": columns,
        "baselines": {name: _numbers(curve) for name, curve in baselines.items()},
    }
    return Evaluation(facts, {**curves, **baselines})


def _by_image(values: NDArray[np.float64], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.where(rows < 0, np.nan, values[rows])


def _none_if_nan(value: float) -> float | None:
    return None if math.isnan(value) else value


def _numbers(curve: edc.Curve) -> dict[str, Any]:
    """Areas and sampled curve; an undefined normalised area (no error at all) is None."""
    return {
        "pauc": {
            str(limit): {
                "raw": edc.partial_area(curve, limit),
                "normalised": _none_if_nan(edc.normalised_partial_area(curve, limit)),
            }
            for limit in edc.LIMITS
        },
        "fnmr": curve.at(GRID).tolist(),
    }


def _add_intervals(columns: dict[str, Any], samples: dict[str, edc.Resampled]) -> None:
    """Add an interval to each area, and the paired differences to every other column."""
    for name, mine in samples.items():
        for limit in edc.LIMITS:
            entry = columns[name]["pauc"][str(limit)]
            entry["raw_interval"] = edc.interval(mine.raw[limit])
            entry["normalised_interval"] = edc.interval(mine.normalised[limit])
            entry["normalised_minus"] = {
                other: edc.interval(mine.normalised[limit] - theirs.normalised[limit])
                for other, theirs in samples.items()
                if other != name
            }


def write_json(evaluation: Evaluation, path: Path) -> None:
    """Write the facts."""
    path.write_text(json.dumps(evaluation.facts, indent=1, allow_nan=False) + "\n", "utf-8")


def plot(evaluation: Evaluation, path: Path) -> None:
    """Draw the curves as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure  # no pyplot: it keeps figures and picks a display

    facts = evaluation.facts
    figure = Figure(figsize=(9, 5), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for name, curve in evaluation.curves.items():
        style: dict[str, Any] = {"linewidth": 1.8 if name == QUALITY.name else 1.2}
        entry = (facts["baselines"] if name in facts["baselines"] else facts["columns"])[name]
        if name in facts["baselines"]:
            style = {
                "linewidth": 1,
                "color": "0.45",
                "linestyle": "--" if name == "random" else ":",
            }
        area = entry["pauc"][str(edc.LIMITS[-1])]["normalised"]
        label = f"{name}  {area:.3f}" if area is not None else name
        axes.step(curve.discarded, curve.fnmr, where="post", label=label, **style)
    for limit in edc.LIMITS:
        axes.axvline(limit, color="0.85", linewidth=0.8, zorder=0)
    axes.set(
        xlim=(0, SHOWN),
        xlabel="share of pairs discarded, lowest quality first",
        ylabel="false non-match rate of the pairs that stay",
        title=f"Error versus discard, FMR {facts['target_fmr']:g} at no discard "
        f"({facts['mated_pairs']:,} mated, {facts['non_mated_pairs']:,} non-mated)",
    )
    axes.title.set_fontsize(10)
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)
    title = f"normalised pAUC to {edc.LIMITS[-1]:g},\nlower is better"
    figure.legend(title=title, frameon=False, loc="outside right upper")
    figure.savefig(path, format="png")
