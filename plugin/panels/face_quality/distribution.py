"""Section "Distribution": the histogram of a measure with the threshold in it; its bars open the samples behind them."""

from __future__ import annotations

from typing import Any

from fiftyone.operators import types

from faceqgen_core.vocabulary import SCORES

from ...queries.histogram import Histogram, bar_view, histogram
from ...queries.thresholds import higher_is_better
from . import layout
from .layout import number
from .scope import PanelScope

HEIGHT = 260


def count(scope: PanelScope) -> None:
    """Count the bars."""
    if scope.fields:
        scope.counts.shape = histogram(scope.view, scope.field, scope.measure)


def draw(scope: PanelScope, page: types.Object, panel: Any) -> None:
    """Draw the measures to choose from and the histogram."""
    shape, measure, threshold = scope.counts.shape, scope.measure, scope.threshold
    if shape is None:
        return
    measures = layout.row(page, "measures")
    for name, score in SCORES.items():
        layout.button(
            measures,
            f"measure_{name}",
            f"{name} {'↑' if score.higher_is_better else '↓'}",
            panel.on_measure,
            params={"measure": name},
            active=name == scope.measure,
            title=score.description,
        )
    layout.plot(
        page,
        "histogram",
        [_bars(shape, measure, threshold)],
        _axes(shape, measure, threshold),
        height=HEIGHT,
        on_click=panel.on_bar,
    )


def show_bar(scope: PanelScope, bar: int) -> None:
    """Let the grid show the samples in a bar, worst first."""
    shape, field, measure = scope.counts.shape, scope.field, scope.measure
    if shape is None:
        return
    view = bar_view(scope.view, field, measure, shape, bar)
    scope.show(
        view.sort_by(f"{field}.{measure}", reverse=not higher_is_better(measure)),
        f"{measure} {_range(shape, measure, bar)}",
        shape.counts[bar],
    )


def _range(shape: Histogram, measure: str, bar: int) -> str:
    left, right = map(number, shape.edges(bar))
    if measure != "quality" and bar == 0:
        return f"up to {right}"
    if measure != "quality" and bar == len(shape.counts) - 1:
        return f"from {left}"
    return f"{left} to {right}"


def _bars(shape: Histogram, measure: str, threshold: float) -> dict[str, Any]:
    edges = [shape.edges(bar) for bar in range(len(shape.counts))]
    better = higher_is_better(measure)
    kept = [(left >= threshold) if better else (right <= threshold) for left, right in edges]
    # The bar that holds the threshold belongs to the side of its larger part.
    for bar, (left, right) in enumerate(edges):
        if left < threshold < right:
            kept[bar] = (right - threshold > threshold - left) == better
    return {
        "type": "bar",
        "name": measure,
        "x": [(left + right) / 2 for left, right in edges],
        "y": shape.counts,
        "width": 0.94 * shape.width,
        "marker": {
            "color": [layout.KEPT_COLOUR if k else layout.DISCARDED_COLOUR for k in kept],
            "line": {"width": 0},
        },
        "text": [_range(shape, measure, bar) for bar in range(len(edges))],
        "textposition": "none",
        "hovertemplate": "%{text}<br>%{y} samples, click to see them<extra></extra>",
    }


def _axes(shape: Histogram, measure: str, threshold: float) -> dict[str, Any]:
    better = higher_is_better(measure)
    direction = f"{measure}, higher is better ⟶" if better else f"⟵ {measure}, lower is better"
    left = threshold < (shape.low + shape.high) / 2
    return {
        "bargap": 0,
        "dragmode": False,
        "margin": {"t": 24, "l": 44, "r": 12, "b": 44},
        "xaxis": {
            "title": {"text": direction},
            "range": [shape.low, shape.high],
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
        "yaxis": {"title": {"text": "samples"}, "fixedrange": True, "rangemode": "tozero"},
        "shapes": [layout.threshold_line(threshold)],
        "annotations": [
            {
                "x": threshold,
                "y": 1,
                "yref": "paper",
                "yanchor": "bottom",
                "xanchor": "left" if left else "right",
                "showarrow": False,
                "text": f"threshold {number(threshold)}",
            }
        ],
    }
