"""Panel "Face Quality": a curator decides by looking which faces to keep.

Its sections are files beside this one. Everything the page shows is drawn from the panel's facts; what costs a query is
counted when the view changes and kept there.
"""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import fiftyone.operators as foo
from fiftyone.operators import types
from fiftyone.operators.categories import Categories

from . import layout
from .decide import Decide
from .distribution import Distribution
from .edc_curves import TrustCurves
from .grid_actions import Shown
from .look import Look
from .overview import Overview
from .scope import Workspace, fingerprint
from .state import facts_of
from .subgroups import TrustGroups
from .subjects import IdentityRules

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

    def execute(self, ctx: Any) -> None:
        """Answer an event and draw the page; the events of one panel are answered one after the other."""
        event = ctx.params.get("__method__")
        if event in (None, "on_startup"):
            super().execute(ctx)
            return
        told, known = time.monotonic(), facts_of(ctx)
        with known.lock:
            known.told = told
            if known.counted is None and event != "on_load":
                self.on_load(ctx)  # the server was started anew while the page stayed open
            ctx.event_args = ctx.params.get("event_args", {})
            getattr(self, event)(ctx)
            page = self.render(ctx)
            drawn = hashlib.sha256(json.dumps(page.to_json(), default=str).encode()).hexdigest()
            # The App draws all anew for every page that it gets, and it tells many events that change nothing.
            if event == "on_load" or drawn != known.drawn:
                known.drawn = drawn
                ctx.ops.show_panel_output(page)

    def on_load(self, ctx: Any) -> None:
        """Count everything when the panel opens; beside an open sample look at that sample first."""
        known = facts_of(ctx)
        known.asked = None
        if ctx.current_sample:
            known.look, known.tab = ctx.current_sample, "look"
        elif ctx.selected:
            known.look = ctx.selected[-1]
        self.refresh(ctx)

    def on_change_view(self, ctx: Any) -> None:
        """Count anew, unless the panel itself changed the grid or has counted since this was told."""
        known, view = facts_of(ctx), fingerprint(ctx.view)
        if view == known.asked or not Workspace(ctx).is_own(view):
            known.asked = None
        if Workspace(ctx).narrowed:
            return
        counted, began = known.counted or ("", 0.0)
        if counted != view or began < known.told:
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
        if workspace.dataset is None:
            return
        workspace.facts.counted = fingerprint(ctx.view), time.monotonic()
        self.count_overview(workspace)
        self.count_distribution(workspace)
        self.count_decide(workspace)

    def render(self, ctx: Any) -> types.Property:
        """Draw the page."""
        page = types.Object()
        workspace = Workspace(ctx)
        self.draw_overview(workspace, page)
        obstacle = self._obstacle(workspace)
        if obstacle:
            layout.text(page, "obstacle", obstacle)
            return layout.whole(page)
        tab = workspace.facts.tab
        self._draw_tabs(page, tab)
        if tab == "decide":
            self.draw_distribution(workspace, page)
            self.draw_decide(workspace, page)
            self.draw_identities(workspace, page)
            self.draw_shown(workspace, page)
        elif tab == "look":
            self.draw_look(workspace, page)
        else:
            self.draw_groups(workspace, page)
            self.draw_curves(ctx, workspace, page)
        return layout.whole(page)

    def _obstacle(self, workspace: Workspace) -> str | None:
        """Why there is nothing to decide, in words."""
        if workspace.dataset is None:
            return "Open a data set to see the quality of its faces."
        known = workspace.facts
        if not known.statuses:
            return "There are no samples in this view."
        if not workspace.fields:
            return NO_FIELD_IN_PATCHES if workspace.patches else NO_FIELD
        if known.kept is None or known.shape is None:
            return "Counting …"
        if not known.kept.scored:
            return "None of the samples in this view has a score."
        return None

    def _draw_tabs(self, page: types.Object, tab: str) -> None:
        tabs = types.TabsView()
        for name, label in TABS.items():
            tabs.add_choice(name, label=label)
        page.enum("tab", tabs.values(), default=tab, view=tabs, on_change=self.on_tab)

    def on_tab(self, ctx: Any) -> None:
        """Draw another tab."""
        if ctx.params.get("value") in TABS:
            facts_of(ctx).tab = ctx.params["value"]
