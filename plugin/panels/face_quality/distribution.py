"""Section "Distribution": the histogram of a measure with the threshold in it; its bars open the samples behind them."""

from __future__ import annotations

from typing import Any

from fiftyone.operators import types

from ...dataset.fields import SCORES
from ...queries.histogram import Histogram, bar_view, histogram
from ...queries.thresholds import higher_is_better
from . import layout
from .scope import Workspace
from .state import facts_of

HEIGHT = 260


class Distribution:
    """Counts, draws and answers the section."""

    def count_distribution(self, workspace: Workspace) -> None:
        """Count the bars."""
        if workspace.fields:
            workspace.facts.shape = histogram(workspace.view, workspace.field, workspace.measure)

    def draw_distribution(self, workspace: Workspace, page: types.Object) -> None:
        """Draw the measures to choose from and the histogram."""
        measures = layout.row(page, "measures")
        for name in SCORES:
            layout.button(
                measures,
                f"measure_{name}",
                f"{name} {'↑' if higher_is_better(name) else '↓'}",
                self.on_measure,
                params={"measure": name},
                active=name == workspace.measure,
                title=SCORES[name].description,
            )
        shape, measure = workspace.facts.shape, workspace.measure
        threshold = workspace.threshold
        layout.plot(
            page,
            "histogram",
            [_bars(shape, measure, threshold)],
            _axes(shape, measure, threshold),
            height=HEIGHT,
            on_click=self.on_bar,
        )

    def on_measure(self, ctx: Any) -> None:
        """Show the distribution of another measure."""
        known = facts_of(ctx)
        known.measure, known.threshold = ctx.params["measure"], None
        self.refresh(ctx)  # type: ignore[attr-defined]

    def on_bar(self, ctx: Any) -> None:
        """Show the samples in a bar."""
        workspace = Workspace(ctx)
        shape = workspace.facts.shape
        if shape is None:
            return
        bar = int(ctx.params["idx"])
        field, measure = workspace.field, workspace.measure
        view = bar_view(workspace.view, field, measure, shape, bar)
        workspace.show(
            view.sort_by(f"{field}.{measure}", reverse=not higher_is_better(measure)),
            f"{measure} {_range(shape, measure, bar)}",
            shape.counts[bar],
        )


def number(value: float) -> str:
    """A score as text, as short as it can be told apart."""
    return f"{value:.4g}"


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
        "shapes": [
            {
                "type": "line",
                "x0": threshold,
                "x1": threshold,
                "y0": 0,
                "y1": 1,
                "yref": "paper",
                "line": {"color": layout.DISCARDED_COLOUR, "width": 2, "dash": "dash"},
            }
        ],
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
