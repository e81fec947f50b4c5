"""Section "Trust", first part: do recognition errors fall while the faces of lowest quality are discarded?"""

from __future__ import annotations

from typing import Any

from fiftyone.operators import types

from ...queries.subjects import subject_fields
from ...results.recognition import (
    PAIRS_FILE,
    embedding_sources,
    evaluate_embeddings,
    evaluate_pairs,
)
from . import layout
from .scope import Workspace

HEIGHT = 300
SHOWN = 50
"""Percent of the pairs discarded at which the plot ends: beyond it a handful of errors decides."""

NEEDS = (
    "EDC curves need a field that names the **subject** of each sample and **embeddings** of a recogniser (a vector "
    "field, or an index of `compute_similarity`), or a **file of pairs** with similarities."
)


class TrustCurves:
    """Counts, draws and answers the section."""

    def draw_curves(self, ctx: Any, workspace: Workspace, page: types.Object) -> None:
        """Draw the choice of what to compare, and the curves once they are computed."""
        layout.title(page, "curves_title", "Error versus discard")
        subjects = subject_fields(workspace.view)
        sources = [*(embedding_sources(workspace.view) if subjects else []), PAIRS_FILE]
        choice = _Choice(ctx, subjects, sources)
        if len(sources) == 1:
            layout.text(page, "curves_needs", NEEDS)
        row = layout.row(page, "curve_choice")
        if choice.source != PAIRS_FILE:
            _dropdown(row, "subject", "Subject", subjects, choice.subject)
        _dropdown(row, "source", "Similarity from", sources, choice.source)
        if choice.source == PAIRS_FILE:
            row.str(
                "pairs",
                view=types.TextFieldView(
                    label="CSV with a, b, similarity, mated", componentsProps=layout.wide(300)
                ),
            )
        layout.button(row, "compute", "Compute", self.on_compute, active=True)
        problem = workspace.facts.curves_problem
        if problem:
            page.view("curves_problem", types.Warning(label=problem))
        curves = workspace.facts.curves
        if curves:
            layout.plot(page, "edc", _traces(curves), _axes(), height=HEIGHT)
            layout.text(page, "edc_text", _words(curves))

    def on_compute(self, ctx: Any) -> None:
        """Compute the curves."""
        workspace = Workspace(ctx)
        subjects = subject_fields(workspace.view)
        sources = [*(embedding_sources(workspace.view) if subjects else []), PAIRS_FILE]
        choice = _Choice(ctx, subjects, sources)
        known = workspace.facts
        known.curves_problem = known.curves = None
        try:
            if choice.source == PAIRS_FILE:
                report = evaluate_pairs(workspace.view, workspace.field, choice.pairs)
            else:
                report = evaluate_embeddings(
                    workspace.view, workspace.field, choice.subject, choice.source
                )
        except ValueError as error:  # too few images, no such file: for the curator to mend
            known.curves_problem = str(error)
            return
        known.curves = _shorten(report)


class _Choice:
    """What is chosen in the form, or the first of what there is."""

    def __init__(self, ctx: Any, subjects: list[str], sources: list[str]) -> None:
        def chosen(name: str, known: list[str]) -> str:
            value = ctx.panel.state.get(f"curve_choice.{name}")
            return str(value) if value in known else next(iter(known), "")

        self.subject = chosen("subject", subjects)
        self.source = chosen("source", sources)
        self.pairs = str(ctx.panel.state.get("curve_choice.pairs") or "").strip()


def _dropdown(row: types.Object, name: str, label: str, values: list[str], value: str) -> None:
    choices = types.DropdownView(label=label, componentsProps=layout.wide(200))
    for each in values:
        choices.add_choice(each, label=each)
    row.enum(name, choices.values(), default=value, view=choices)


def _shorten(facts: dict[str, Any]) -> dict[str, Any]:
    """What the page needs of the report: it travels with every event."""
    curves = {**facts["columns"], **facts["baselines"]}
    return {
        **{
            key: facts[key]
            for key in ("target_fmr", "fnmr", "mated_pairs", "non_mated_pairs", "images")
        },
        "curves": {
            name: {
                "fnmr": [round(value, 6) for value in curve["fnmr"][: SHOWN + 1]],
                "area": curve["pauc"]["0.3"]["normalised"],
            }
            for name, curve in curves.items()
        },
    }


def _traces(facts: dict[str, Any]) -> list[dict[str, Any]]:
    traces = []
    colours = iter(layout.LINE_COLOURS)
    for name, curve in facts["curves"].items():
        baseline = name in ("random", "oracle")
        area = curve["area"]
        dash = {"random": "dash", "oracle": "dot"}.get(name, "solid")
        colour = layout.GREY if baseline else next(colours, layout.GREY)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": name if area is None else f"{name}  {area:.3f}",
                "x": list(range(len(curve["fnmr"]))),
                "y": curve["fnmr"],
                "line": {
                    "shape": "hv",
                    "dash": dash,
                    "color": colour,
                    "width": 3 if name == "quality" else 1.8,
                },
                "hovertemplate": "%{x} % discarded: FNMR %{y:.4f}<extra>" + name + "</extra>",
            }
        )
    return traces


def _axes() -> dict[str, Any]:
    return {
        "showlegend": True,
        "legend": {
            "title": {"text": "normalised pAUC to 0.3", "font": {"size": 12}},
            "x": 1.01,
            "y": 1,
        },
        "dragmode": False,
        "margin": {"t": 8, "l": 60, "r": 12, "b": 44},
        "xaxis": {
            "title": {"text": "pairs discarded, lowest quality first, %"},
            "range": [0, SHOWN],
            "fixedrange": True,
        },
        "yaxis": {"title": {"text": "FNMR"}, "rangemode": "tozero", "fixedrange": True},
    }


def _words(facts: dict[str, Any]) -> str:
    pairs = (
        f"{facts['images']:,} images, {facts['mated_pairs']:,} mated and {facts['non_mated_pairs']:,} non-mated "
        f"comparisons, FMR {facts['target_fmr']:g} at no discard."
    )
    area = facts["curves"].get("quality", {}).get("area")
    if area is None:
        return (
            f"{pairs} No mated pair is rejected, so there is no error that discarding could lower."
        )
    verdict = (
        f"up to 30 % discard, discarding by quality lowers the error rate by {layout.percent(1 - area)} on average"
        if area < 1
        else "discarding by quality does **not** lower the errors here"
    )
    return (
        f"{pairs} Normalised pAUC of quality {area:.3f} (1 is random, lower is better): {verdict}."
    )
