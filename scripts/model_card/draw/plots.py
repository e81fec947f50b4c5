"""Plots of the model card, from the numbers in ``validity.json`` alone."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from faceqgen_core.measures import MEASURES
from scripts.model_card.measure.distributions import BINS
from scripts.model_card.measure.validity import PEERS

_OWN = {
    "quality": ("C3", "-", 2.4),
    "discriminator": ("C0", "-", 1.6),
    "ssim": ("C2", "-", 1.6),
    "mse": ("C1", "--", 1.6),
}
_PEER = {"lightqnet": ("0.25", "-"), "embedding_norm": ("0.5", "-"), "laplacian": ("0.65", "--")}
_GAINS = tuple(
    f"psnr_gain_{family}_0.6"
    for family in ("gaussian_blur", "low_resolution", "noise", "occlusion", "jpeg", "dark")
)
_SHOWN = 0.5
"""Discard fraction up to which curves are drawn."""


def _figure(size: tuple[float, float]) -> Figure:
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=90, metadata={"Software": None})


def edc(facts: dict[str, Any], curves: dict[str, Any], name: str, path: Path) -> None:
    """Error versus discard characteristic of one set."""
    figure = _figure((9.6, 4.8))
    axis = figure.subplots()
    table = facts["sets"][name]["methods"]
    at = np.array(curves["discarded"])
    keep = at <= _SHOWN

    def draw(method: str, label: str, **style: Any) -> None:
        area = table[method]["pauc0.3"]
        values = 100 * np.array(curves["sets"][name][method])[keep]
        axis.step(at[keep], values, where="post", label=f"{label} ({area:.2f})", **style)

    for method, (colour, line, width) in _OWN.items():
        label = f"-{method}" if method == "mse" else method
        draw(method, label, color=colour, linestyle=line, linewidth=width)
    for method, (colour, line) in _PEER.items():
        draw(method, PEERS[method], color=colour, linestyle=line, linewidth=1.2)
    chance = 100 * facts["sets"][name]["fnmr"]
    axis.axhline(chance, color="0.6", linestyle=":", linewidth=1.4, label="random (1.00)")
    draw("oracle", "oracle", color="black", linestyle=":", linewidth=1.4)
    axis.axvspan(0, 0.3, color="0.96", zorder=0)
    axis.set(
        title=f"Errors that stay, {name} set",
        xlabel="share of mated pairs discarded, lowest quality first",
        ylabel="FNMR in % at FMR 0.1 %",
        xlim=(0, _SHOWN),
    )
    axis.set_ylim(bottom=0)
    axis.grid(alpha=0.3)
    figure.legend(loc="outside right center", fontsize=9, title="pAUC at 0.3 in brackets")
    _save(figure, path)


def distributions(facts: dict[str, Any], path: Path) -> None:
    """Quality of good faces, poor faces and pictures without a face."""
    figure = _figure((9, 5.6))
    kinds = {k: v for k, v in facts["kinds"].items() if k != "no face, all"}
    axes = figure.subplots(len(kinds), 1, sharex=True)
    width = BINS[1] - BINS[0]
    for axis, (kind, values), i in zip(axes, kinds.items(), range(len(kinds)), strict=True):
        share = np.array(values["histogram"]) / max(values["count"], 1)
        colour = ("C2", "C2", "C1", "C3", "0.4", "0.4")[i]
        axis.bar(BINS[:-1], share, width=width, align="edge", color=colour, alpha=0.8)
        axis.axvline(values["median"], color="black", linewidth=1)
        axis.set(yticks=[], xlim=(0, 100))
        axis.set_ylabel(
            f"{kind}\n{values['count']:,} images, median {values['median']:.0f}",
            rotation=0,
            ha="right",
            va="center",
            fontsize=9,
        )
    axes[-1].set_xlabel("quality")
    _save(figure, path)


def families(facts: dict[str, Any], path: Path) -> None:
    """Means of quality and of each measure against strength, a line for each family."""
    figure = _figure((13, 7.5))
    strengths = [0.0, *facts["strengths"]]
    names = ["quality", *MEASURES]
    axes = dict(zip(names, figure.subplots(2, 2).flat, strict=True))
    for i, (family, values) in enumerate(facts["families"].items()):
        line = "-" if i < 10 else "--"
        for name in names:
            means = [facts["clean"][name], *values["means"][name]]
            axes[name].plot(strengths, means, line, color=f"C{i % 10}", label=family)
    for name, axis in axes.items():
        better = "higher" if name == "quality" or MEASURES[name].higher_is_better else "LOWER"
        axis.set(title=f"{name} ({better} is better)", xlabel="strength of the degradation")
        axis.grid(alpha=0.3)
    axes["quality"].set_ylim(0, 100)
    handles, labels = axes["quality"].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center")
    _save(figure, path)


def subgroups(facts: dict[str, Any], path: Path) -> None:
    """Boxes of quality by group: quartiles, and whiskers from the 5th to the 95th percentile."""
    groups = facts["groups"]
    figure = _figure((9, 0.32 * len(groups) + 1))
    axis = figure.subplots()
    boxes = []
    for name, values in groups.items():
        low, first, middle, third, high = values["percentiles"]
        label = f"{name} ({values['count']})"
        boxes.append(
            {"label": label, "whislo": low, "q1": first, "med": middle, "q3": third, "whishi": high}
        )
    axis.bxp(boxes[::-1], showfliers=False, orientation="horizontal", widths=0.6)
    axis.axvline(facts["acceptable"], color="C3", linewidth=1, linestyle="--")
    axis.set(xlabel="quality (dashed: the threshold acceptable)", xlim=(0, 100))
    axis.grid(alpha=0.3, axis="x")
    _save(figure, path)


def read_curves(folder: Path) -> dict[str, list[dict[str, float]]]:
    """Rows of the training curves that lie beside the weights, by file name without suffix."""
    found = {}
    for name in ("grading", "curves"):
        if (folder / f"{name}.csv").is_file():
            with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as file:
                rows = [{k: float(v) for k, v in r.items() if v} for r in csv.DictReader(file)]
            if rows:
                found[name] = rows
    return found


def training(curves: dict[str, list[dict[str, float]]], path: Path) -> bool:
    """Training curves; returns False where there are none."""
    panels = (
        ("grading", "discriminator: losses", ("verdict", "similarity", "naming", "identity")),
        ("grading", "discriminator: held-back correlation", ("d_", "similarity_")),
        (
            "curves",
            "generator: losses",
            ("pixel", "1-ssim", "naming", "share", "identity", "adversarial"),
        ),
        ("curves", "held-back order of the measures (0.5 is chance)", ("order",)),
        ("curves", "held-back gain of PSNR in dB, strength 0.6", _GAINS),
    )
    shown = [p for p in panels if p[0] in curves]
    if not shown:
        return False
    figure = _figure((5 * min(3, len(shown)), 3.6 * -(-len(shown) // 3)))
    axes = np.atleast_1d(figure.subplots(-(-len(shown) // 3), min(3, len(shown)))).ravel()
    for axis, (source, title, names) in zip(axes, shown, strict=False):
        rows = curves[source]
        columns = list(dict.fromkeys(k for row in rows for k in row))
        for column in columns:
            exact = "losses" in title
            if (column in names) if exact else column.startswith(names):
                points = [(row["step"], row[column]) for row in rows if column in row]
                axis.plot(*zip(*points, strict=True), label=column)
        axis.set(title=title, xlabel="step")
        axis.grid(alpha=0.3)
        axis.legend(fontsize=7)
    for axis in axes[len(shown) :]:
        axis.set_visible(False)
    _save(figure, path)
    return True
