"""Operator ``open_face_quality``: opens the panel beside the grid, from the grid's own row of buttons."""

from __future__ import annotations

from typing import Any

import fiftyone.operators as foo
from fiftyone.operators import types

PANEL = "face_quality"


class OpenFaceQuality(foo.Operator):
    """Opens the panel "Face Quality"."""

    @property
    def config(self) -> foo.OperatorConfig:
        """What FiftyOne needs to know of the operator."""
        return foo.OperatorConfig(
            name="open_face_quality",
            label="Open the Face Quality panel",
            description="Open the panel that shows, explains and filters face quality, beside the grid",
            icon="/assets/panel.svg",
            risk_level="low",
        )

    def resolve_placement(self, ctx: Any) -> types.Placement:
        """A button above the grid."""
        return types.Placement(
            types.Places.SAMPLES_GRID_SECONDARY_ACTIONS,
            types.Button(label="Face Quality", icon="/assets/panel.svg", prompt=False),
        )

    def execute(self, ctx: Any) -> dict[str, Any]:
        """Open it; from Python nothing happens, since there is no page."""
        if ctx.executor is not None and not ctx.delegated:
            ctx.ops.open_panel(PANEL, layout="horizontal", is_active=True)
        return {}
