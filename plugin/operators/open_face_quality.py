"""Operator ``open_face_quality``: opens the panel beside the grid, from the grid's own row of buttons."""

from __future__ import annotations

from typing import Any

from fiftyone.operators import types

from faceqgen_core.vocabulary import PLUGIN

from .base import FaceQualityOperator

PANEL = "face_quality"
CLOSE_RESULT = f"{PLUGIN}/close_result"
"""Operator of ``assets/close_result.js``."""


class OpenFaceQuality(FaceQualityOperator):
    """Opens the panel "Face Quality"."""

    operator_name = "open_face_quality"
    label = "Open the Face Quality panel"
    description = "Open the panel that shows, explains and filters face quality, beside the grid"
    icon = "panel"
    risk = "low"
    dynamic = False
    can_wait = False

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
            # Where a button of a run's result was pressed, its window would stay over the panel.
            ctx.trigger(CLOSE_RESULT)
        return {}
