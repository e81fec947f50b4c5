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
from .scope import PanelScope
from .state import EdcCurves

HEIGHT = 300
SHOWN = 50
"""Percent of the pairs discarded at which the plot ends: beyond it a handful of errors decides."""

NEEDS = (
    "EDC curves need a field that names the **subject** of each sample and **embeddings** of a recogniser (a vector "
    "field, or an index of `compute_similarity`), or a **file of pairs** with similarities."
)


def draw(ctx: Any, scope: PanelScope, page: types.Object, panel: Any) -> None:
    """Draw the choice of what to compare, and the curves once they are computed of just this view."""
    layout.title(page, "curves_title", "Error versus discard")
    form = _Form(ctx, scope)
    if len(form.sources) == 1:
        layout.text(page, "curves_needs", NEEDS)
    row = layout.row(page, "curve_choice")
    if form.source != PAIRS_FILE:
        layout.dropdown(row, "subject", form.subjects, form.subject, label="Subject", width=200)
    layout.dropdown(row, "source", form.sources, form.source, label="Similarity from", width=200)
    if form.source == PAIRS_FILE:
        row.str(
            "pairs",
            view=types.TextFieldView(
                label="CSV with a, b, similarity, mated", componentsProps=layout.wide(300)
            ),
        )
    layout.button(row, "compute", "Compute", panel.on_compute, active=True)
    curves = scope.counts.curves
    if curves is None or curves.of != scope.key:
        return
    if curves.problem:
        page.view("curves_problem", types.Warning(label=curves.problem))
    if curves.report:
        layout.plot(page, "edc", _traces(curves.report, scope.measure), _axes(), height=HEIGHT)
        layout.text(page, "edc_text", _words(curves.report, scope.measure))


def compute(ctx: Any, scope: PanelScope) -> None:
    """Compute the curves of the view."""
    form, of = _Form(ctx, scope), scope.key
    try:
        if form.source == PAIRS_FILE:
            report = evaluate_pairs(scope.view, scope.field, form.pairs)
        else:
            report = evaluate_embeddings(scope.view, scope.field, form.subject, form.source)
    except ValueError as error:  # too few images, no such file: for the curator to mend
        scope.counts.curves = EdcCurves(of, problem=str(error))
        return
    scope.counts.curves = EdcCurves(of, _shorten(report))


class _Form:
    """What can be compared in a view, and what of it is chosen in the form, or else the first there is."""

    def __init__(self, ctx: Any, scope: PanelScope) -> None:
        def chosen(name: str, known: list[str]) -> str:
            value = ctx.panel.state.get(f"curve_choice.{name}")
            return str(value) if value in known else next(iter(known), "")

        self.subjects = subject_fields(scope.view)
        self.sources = [*(embedding_sources(scope.view) if self.subjects else []), PAIRS_FILE]
        self.subject = chosen("subject", self.subjects)
        self.source = chosen("source", self.sources)
        self.pairs = str(ctx.panel.state.get("curve_choice.pairs") or "").strip()


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


def _traces(facts: dict[str, Any], measure: str) -> list[dict[str, Any]]:
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
                    "width": 3 if name == measure else 1.8,
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


def _words(facts: dict[str, Any], measure: str) -> str:
    pairs = (
        f"{facts['images']:,} images, {facts['mated_pairs']:,} mated and {facts['non_mated_pairs']:,} non-mated "
        f"comparisons, FMR {facts['target_fmr']:g} at no discard."
    )
    area = facts["curves"].get(measure, {}).get("area")
    if area is None:
        return (
            f"{pairs} No mated pair is rejected, so there is no error that discarding could lower."
        )
    verdict = (
        f"up to 30 % discard, discarding by {measure} lowers the error rate by {layout.percent(1 - area)} on average"
        if area < 1
        else f"discarding by {measure} does **not** lower the errors here"
    )
    return f"{pairs} Normalised pAUC of {measure} {area:.3f} (1 is random, lower is better): {verdict}."
