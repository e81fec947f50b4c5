"""Panel "Face Quality": a curator decides by looking which faces to keep.

Its sections are files beside this one. Everything the page shows is drawn from the panel's state; what costs a query is
counted when the view changes and kept in the state.
"""

from __future__ import annotations

from typing import Any

import fiftyone.operators as foo
from fiftyone.operators import types
from fiftyone.operators.categories import Categories

from .overview import Overview
from .workspace import Workspace

HELP = (
    "Counts, thresholds, side-by-side looks and checks of the face quality in the current view. "
    "Run 'Score face quality' first."
)


class FaceQuality(Overview, foo.Panel):
    """The panel."""

    @property
    def config(self) -> foo.PanelConfig:
        """What FiftyOne needs to know of the panel."""
        return foo.PanelConfig(
            name="face_quality",
            label="Face Quality",
            icon="/assets/panel.svg",
            help_markdown=HELP,
            surfaces="grid modal",
            category=Categories.CURATE,
        )

    def on_load(self, ctx: Any) -> None:
        """Count everything when the panel opens."""
        self.refresh(ctx)

    def on_change_view(self, ctx: Any) -> None:
        """Count anew, unless the panel itself changed the grid."""
        workspace = Workspace(ctx)
        if not workspace.narrowed:
            self.refresh(ctx)

    def on_change_dataset(self, ctx: Any) -> None:
        """Count anew."""
        self.refresh(ctx)

    def on_change_group_slice(self, ctx: Any) -> None:
        """Count anew."""
        self.refresh(ctx)

    def refresh(self, ctx: Any) -> None:
        """Count what the sections show."""
        workspace = Workspace(ctx)
        if not workspace.narrowed:
            ctx.panel.state.part = None
        self.count_overview(ctx, workspace)

    def render(self, ctx: Any) -> types.Property:
        """Draw the page."""
        page = types.Object()
        workspace = Workspace(ctx)
        self.draw_overview(ctx, workspace, page)
        return types.Property(page, view=types.ObjectView())
