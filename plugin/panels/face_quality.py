"""Panel "Face Quality": a curator decides by looking which faces to keep.

Its sections are files beside this one. Everything the page shows is drawn from the panel's state; what costs a query is
counted when the view changes and kept in the state.
"""

from __future__ import annotations

from typing import Any

import fiftyone.operators as foo
from fiftyone.operators import types
from fiftyone.operators.categories import Categories

from . import layout
from .decide import Decide
from .distribution import Distribution
from .identity_rules import IdentityRules
from .look import Look
from .overview import Overview
from .shown import Shown
from .trust_curves import TrustCurves
from .trust_groups import TrustGroups
from .workspace import Workspace

HELP = (
    "Counts, thresholds, side-by-side looks and checks of the face quality in the current view. "
    "Run 'Score face quality' first."
)


NO_FIELD = (
    "No face of this data set is scored yet. “Score the faces” finds the faces, restores each of them and writes its "
    "quality, 0 to 100, beside it; then this panel shows the distribution, lets you decide and look."
)
NO_FIELD_IN_PATCHES = (
    "These patches have no scores of their own. Scores are kept with the samples and with the faces found in them: go "
    "back to the samples, or show the patches of the field whose name ends in `_faces`."
)
TABS = {"decide": "Decide", "look": "Look", "trust": "Trust"}


class FaceQuality(
    Overview,
    Distribution,
    Decide,
    IdentityRules,
    Shown,
    Look,
    TrustCurves,
    TrustGroups,
    foo.Panel,
):
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
        """Count everything when the panel opens; beside an open sample look at that sample first."""
        if ctx.current_sample:
            ctx.panel.state.look, ctx.panel.state.face = ctx.current_sample, 0
            ctx.panel.state.tab = "look"
        elif ctx.selected:
            ctx.panel.state.look, ctx.panel.state.face = ctx.selected[-1], 0
        self.refresh(ctx)
        ctx.panel.state.opened = True

    def on_change_view(self, ctx: Any) -> None:
        """Count anew, unless the panel itself changed the grid."""
        if not Workspace(ctx).narrowed:
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
        self.count_distribution(ctx, workspace)
        self.count_decide(ctx, workspace)

    def render(self, ctx: Any) -> types.Property:
        """Draw the page."""
        page = types.Object()
        workspace = Workspace(ctx)
        self.draw_overview(ctx, workspace, page)
        obstacle = self._obstacle(ctx, workspace)
        if obstacle:
            layout.text(page, "obstacle", obstacle)
            return types.Property(page, view=types.ObjectView())
        self._draw_tabs(page)
        tab = ctx.panel.state.tab or "decide"
        if tab == "decide":
            self.draw_distribution(ctx, workspace, page)
            self.draw_decide(ctx, workspace, page)
            self.draw_identities(ctx, workspace, page)
            self.draw_shown(ctx, workspace, page)
        elif tab == "look":
            self.draw_look(ctx, workspace, page)
        else:
            self.draw_groups(ctx, workspace, page)
            self.draw_curves(ctx, workspace, page)
        return types.Property(page, view=types.ObjectView())

    def _obstacle(self, ctx: Any, workspace: Workspace) -> str | None:
        """Why there is nothing to decide, in words."""
        if workspace.dataset is None:
            return "Open a data set to see the quality of its faces."
        if not ctx.panel.state.statuses:
            return "There are no samples in this view."
        if not workspace.fields:
            return NO_FIELD_IN_PATCHES if workspace.patches else NO_FIELD
        if not (ctx.panel.state.kept and ctx.panel.state.shape):
            return "Counting …"
        if not (ctx.panel.state.kept["kept"] or ctx.panel.state.kept["discarded"]):
            return "None of the samples in this view has a score."
        return None

    def _draw_tabs(self, page: types.Object) -> None:
        tabs = types.TabsView()
        for name, label in TABS.items():
            tabs.add_choice(name, label=label)
        page.enum("tab", tabs.values(), default="decide", view=tabs, on_change=self.on_tab)

    def on_tab(self, ctx: Any) -> None:
        """Draw another tab."""
