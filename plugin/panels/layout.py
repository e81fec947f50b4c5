"""Rows, buttons and texts as the panel uses them: they wrap where the panel is narrow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fiftyone.operators import types

_AS_WIDE_AS_NEEDED = {"item": {"sx": {"width": "auto"}}}


def row(page: types.Object, name: str, *, gap: int = 1) -> types.Object:
    """A row whose parts wrap into the next line where there is no room."""
    return page.grid(name, gap=gap, align_x="left", align_y="center", pad=1)


def button(
    row: types.Object,
    name: str,
    label: str,
    on_click: Callable[[Any], None],
    *,
    params: dict[str, Any] | None = None,
    variant: str = "outlined",
    **options: Any,
) -> None:
    """A button of a row."""
    row.btn(
        name,
        label=label,
        on_click=on_click,
        params=params or {},
        variant=variant,
        componentsProps=_AS_WIDE_AS_NEEDED,
        **options,
    )
