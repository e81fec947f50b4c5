"""Rows, buttons and texts as the panel uses them: they wrap where the panel is narrow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fiftyone.operators import types

KEPT_COLOUR = "#3d8fd1"
DISCARDED_COLOUR = "#ff6d04"
LINE_COLOURS = ("#3d8fd1", "#2ca58d", "#b07cd8", "#d4a017", "#e0607e")
"""Middle tones: they can be told apart on the dark and on the light page, and by the colour-blind."""

GREY = "#8a8a8a"
PLOT_CONFIG = {
    "displayModeBar": False,
    "scrollZoom": False,
    "doubleClick": False,
    "responsive": True,
}
STYLE = {
    "color": "text.primary",
    # The App's own orange for these is hard to read, on white most of all.
    "& p > span, & p > strong > span": {"color": "inherit !important"},  # code in a text
    "& .MuiTab-root.Mui-selected": {"color": "inherit"},
    "& .MuiButton-contained:not(.Mui-disabled)": {"color": "black", "&:hover": {"color": "white"}},
    # So are the words of a chart; Plotly writes its colours beside each of them.
    "& :is(.xtitle, .ytitle, .annotation-text)": {"fill": "currentcolor !important"},
    # The App gives a table the width of a page.
    "& .MuiTable-root": {"minWidth": 0},
    # Beside an open sample two arrows of the App lie over the sides of the panel.
    "#modal &": {"paddingInline": "44px"},
}
"""Of the whole page."""


def whole(page: types.Object) -> types.Property:
    """The page as it is sent."""
    style = {"container": {"sx": STYLE}}
    return types.Property(page, view=types.ObjectView(componentsProps=style))


def row(page: types.Object, name: str, **options: Any) -> types.Object:
    """A row whose parts wrap into the next line where there is no room."""
    return page.grid(name, gap=1, align_x="left", align_y="end", px=1, **options)


def wide(width: str | int = "auto", **style: Any) -> dict[str, Any]:
    """Properties of a part of a row: as wide as it needs, or of a given width."""
    return {"item": {"sx": {"width": width, **style}}}


def button(
    row: types.Object,
    name: str,
    label: str,
    on_click: Callable[[Any], None],
    *,
    params: dict[str, Any] | None = None,
    active: bool = False,
    **options: Any,
) -> None:
    """A button of a row; an active one is filled."""
    row.btn(
        name,
        label=label,
        on_click=on_click,
        params=params or {},
        variant="contained" if active else "outlined",
        componentsProps=wide(),
        **options,
    )


def title(page: types.Object, name: str, label: str, description: str | None = None) -> None:
    """Title of a section, with a line that says what it is for."""
    page.view(name, types.HeaderView(label=label, description=description, divider=False))


def text(page: types.Object, name: str, markdown: str) -> None:
    """A paragraph of Markdown."""
    page.md(markdown, name=name, componentsProps={"container": {"sx": {"px": 1, "py": 0.25}}})


def plot(
    page: types.Object,
    name: str,
    traces: list[dict[str, Any]],
    layout: dict[str, Any],
    *,
    height: int,
    on_click: Callable[[Any], None] | None = None,
) -> None:
    """A Plotly chart; the App gives it the colours of the theme."""
    page.plot(
        name,
        data=traces,
        layout=layout,
        config=PLOT_CONFIG,
        height=height,
        **({} if on_click is None else {"on_click": on_click}),
    )


def percent(fraction: float) -> str:
    """A fraction from 0 to 1 as text."""
    return f"{100 * fraction:.1f} %"


def number(value: float) -> str:
    """A score as text, as short as it can be told apart."""
    return f"{value:.4g}"


def dropdown(
    row: types.Object,
    name: str,
    values: list[str],
    chosen: str,
    *,
    label: str,
    width: int,
    **options: Any,
) -> None:
    """A choice of one of several names."""
    choices = types.DropdownView(label=label, componentsProps=wide(width))
    for value in values:
        choices.add_choice(value, label=value)
    row.enum(name, choices.values(), default=chosen, view=choices, **options)


def threshold_line(threshold: float) -> dict[str, Any]:
    """A dashed line across a chart at a threshold."""
    return {
        "type": "line",
        "x0": threshold,
        "x1": threshold,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"color": DISCARDED_COLOUR, "width": 2, "dash": "dash"},
    }
