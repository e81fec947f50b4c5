"""Panel "Face Quality": a curator decides by looking which faces to keep.

The panel answers the App's events; its sections are functions in the files beside this one, each with what it draws and
what its buttons do. What costs a query is counted when the view changes and kept in the panel's state.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import replace
from typing import Any

import fiftyone.operators as foo
from fiftyone.operators import types
from fiftyone.operators.categories import Categories

from faceqgen_core.vocabulary import SCORES

from ...dataset.statuses import STATUSES
from ...queries.selection import KEEP
from ...queries.subgroups import group_fields
from ...queries.subjects import subject_fields
from ...settings import shown
from . import (
    decide,
    distribution,
    edc_curves,
    event_values,
    grid_actions,
    group_rule,
    layout,
    look,
    overview,
    subgroups,
    subjects,
    under_way,
)
from .event_values import EventRefused
from .scope import PanelScope, fingerprint
from .state import Counts, PanelState, state_of

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


class FaceQuality(foo.Panel):
    """The panel: its events, and the page as a whole."""

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
        told, known = time.monotonic(), state_of(ctx)
        # What comes by the clock never waits behind a long event: it would only pile up.
        if not known.lock.acquire(blocking=event != "on_interval"):
            return
        try:
            known.sync.told = told
            page = self._answer(ctx, event, known)
            drawn = hashlib.sha256(json.dumps(page.to_json(), default=str).encode()).hexdigest()
            # The App draws all anew for every page that it gets, and it tells many events that change nothing.
            if event == "on_load" or drawn != known.sync.drawn:
                known.sync.drawn = drawn
                ctx.ops.show_panel_output(page)
        finally:
            known.lock.release()

    def _answer(self, ctx: Any, event: Any, known: PanelState) -> types.Property:
        """Answer an event; one that asks for what there is not, or that fails, leaves the panel as it was."""
        choices, counts = replace(known.choices), replace(known.counts)
        ctx.event_args = ctx.params.get("event_args", {})
        try:
            if known.sync.counted is None and event != "on_load":
                self.on_load(ctx)  # the server was started anew while the page stayed open
                choices, counts = replace(known.choices), replace(known.counts)
            self._method(event)(ctx)
            return self.render(ctx)
        except EventRefused as error:
            known.choices, known.counts = choices, counts
            ctx.ops.notify(f"Face Quality: {error}", variant="error")
            if event == "on_load" or known.sync.counted is None:
                self.refresh(ctx)
            return self.render(ctx)
        except Exception:
            known.choices, known.counts = choices, counts
            raise

    def _method(self, event: Any) -> Any:
        """What answers an event: of the panel's methods those alone that are there for it."""
        ours = isinstance(event, str) and event.startswith("on_") and event in vars(type(self))
        if not ours:
            raise EventRefused(f"there is no event {shown(event)}")
        return getattr(self, event)

    def render(self, ctx: Any) -> types.Property:
        """Draw the page."""
        page, scope = types.Object(), PanelScope(ctx)
        overview.draw(scope, page, self)
        obstacle = _obstacle(scope)
        if obstacle:
            layout.text(page, "obstacle", obstacle)
            return layout.whole(page)
        self._draw_tabs(page, scope.choices.tab)
        if scope.choices.tab == "decide":
            for section in (distribution, decide, subjects, grid_actions):
                section.draw(scope, page, self)
        elif scope.choices.tab == "look":
            look.draw(scope, page, self)
        else:
            subgroups.draw(scope, page, self)
            group_rule.draw(scope, page, self)
            if scope.subset is not None:
                grid_actions.draw(scope, page, self)
            edc_curves.draw(ctx, scope, page, self)
        return layout.whole(page)

    def _draw_tabs(self, page: types.Object, tab: str) -> None:
        tabs = types.TabsView()
        for name, label in TABS.items():
            tabs.add_choice(name, label=label)
        page.enum("tab", tabs.values(), default=tab, view=tabs, on_change=self.on_tab)

    def refresh(self, ctx: Any) -> None:
        """Count anew what the sections show; nothing of an earlier count is left."""
        scope = PanelScope(ctx)
        if scope.dataset is None:
            return
        scope.state.sync.counted = fingerprint(ctx.view), time.monotonic()
        scope.state.counts = Counts()
        for section in (overview, distribution, decide):
            section.count(scope)

    # What the App tells by itself.

    def on_load(self, ctx: Any) -> None:
        """Count everything when the panel opens; beside an open sample look at that sample first."""
        known = state_of(ctx)
        known.sync.asked = None
        if ctx.current_sample:
            known.choices.look = event_values.sample_id(ctx.current_sample)
            known.choices.tab = "look"
        elif ctx.selected:
            known.choices.look = event_values.sample_id(ctx.selected[-1])
        self.refresh(ctx)

    def on_change_view(self, ctx: Any) -> None:
        """Count anew, unless the panel itself changed the grid or has counted since this was told."""
        sync, view = state_of(ctx).sync, fingerprint(ctx.view)
        if view == sync.asked or not PanelScope(ctx).is_own(view):
            sync.asked = None
        if PanelScope(ctx).narrowed:
            return
        counted, began = sync.counted or ("", 0.0)
        if counted != view or began < sync.told:
            self.refresh(ctx)

    def on_change_dataset(self, ctx: Any) -> None:
        """Count anew."""
        self.refresh(ctx)

    def on_change_group_slice(self, ctx: Any) -> None:
        """Count anew."""
        self.refresh(ctx)

    def on_change_selected(self, ctx: Any) -> None:
        """Look at the sample that was selected last."""
        look.look_at(PanelScope(ctx), ctx.selected[-1] if ctx.selected else None)

    def on_change_current_sample(self, ctx: Any) -> None:
        """Look at the sample that was opened."""
        look.look_at(PanelScope(ctx), ctx.current_sample)

    def on_interval(self, ctx: Any) -> None:
        """Look how far the runs are, and count anew when one has begun or ended."""
        scope = PanelScope(ctx)
        if scope.dataset is not None and under_way.look_again(scope):
            self.refresh(ctx)

    # What the curator does on the page.

    def on_tab(self, ctx: Any) -> None:
        """Draw another tab."""
        if not event_values.is_empty(ctx, "value"):
            state_of(ctx).choices.tab = event_values.choice(ctx, "value", TABS)

    def on_refresh(self, ctx: Any) -> None:
        """Count anew."""
        self.refresh(ctx)

    def on_field(self, ctx: Any) -> None:
        """Count the scores of another field."""
        scope = PanelScope(ctx)
        if event_values.is_empty(ctx, "value"):
            return
        chosen = event_values.choice(ctx, "value", scope.fields)
        if chosen != scope.field:
            scope.choices.field, scope.choices.threshold = chosen, None
            self.refresh(ctx)

    def on_status(self, ctx: Any) -> None:
        """Show the samples of one status."""
        scope = PanelScope(ctx)
        known = {**STATUSES, **scope.counts.statuses}
        overview.show_status(scope, event_values.choice(ctx, "status", known))

    def on_score_rest(self, ctx: Any) -> None:
        """Open the form that scores what has no status yet, with the parameters of the last run."""
        params = overview.parameters_for_the_rest(PanelScope(ctx))
        ctx.prompt(overview.SCORE, params=params, on_success=self.on_scored)

    def on_scored(self, ctx: Any) -> None:
        """Count anew after a run."""
        self.refresh(ctx)

    def on_cancel_run(self, ctx: Any) -> None:
        """Ask a run to stop, and look how far it is."""
        scope = PanelScope(ctx)
        under_way.cancel(ctx, scope, event_values.choice(ctx, "run", under_way.keys(scope)))
        self.refresh(ctx)

    def on_measure(self, ctx: Any) -> None:
        """Show the distribution of another measure."""
        choices = state_of(ctx).choices
        choices.measure = event_values.choice(ctx, "measure", SCORES)
        choices.threshold = None
        self.refresh(ctx)

    def on_bar(self, ctx: Any) -> None:
        """Show the samples in a bar."""
        scope = PanelScope(ctx)
        bars = [] if scope.counts.shape is None else scope.counts.shape.counts
        distribution.show_bar(scope, event_values.whole(ctx, "idx", 0, len(bars) - 1))

    def on_slider(self, ctx: Any) -> None:
        """Count at the threshold that the slider was moved to."""
        scope = PanelScope(ctx)
        current = _is_current(ctx, f"slider_{scope.choices.slider}")
        if current and not event_values.is_empty(ctx, "value"):
            decide.move(scope, event_values.number(ctx, "value"), by="slider")

    def on_exact(self, ctx: Any) -> None:
        """Count at the threshold that was typed."""
        scope = PanelScope(ctx)
        current = _is_current(ctx, f"exact_{scope.choices.exact}")
        if current and not event_values.is_empty(ctx, "value"):
            decide.move(scope, event_values.number(ctx, "value"), by="exact")

    def on_worst(self, ctx: Any) -> None:
        """Discard the worst."""
        scope = PanelScope(ctx)
        percent = event_values.whole(ctx, "percent", 1, 99)
        decide.move(scope, decide.worst(scope, percent))

    def on_acceptable(self, ctx: Any) -> None:
        """Discard what the model card calls not acceptable."""
        scope = PanelScope(ctx)
        decide.move(scope, scope.counts.acceptable.quality)

    def on_recognisable(self, ctx: Any) -> None:
        """Discard what may be nearer to another subject than to its own."""
        scope = PanelScope(ctx)
        decide.move(scope, scope.counts.acceptable.recognisable)

    def on_show(self, ctx: Any) -> None:
        """Show the samples on one side of the threshold."""
        decide.show_side(PanelScope(ctx), event_values.choice(ctx, "keep", KEEP))

    def on_subject(self, ctx: Any) -> None:
        """Count the subjects of another field."""
        scope, value = PanelScope(ctx), None
        if not event_values.is_empty(ctx, "value"):
            known = [subjects.NONE, *subject_fields(scope.view)]
            value = event_values.choice(ctx, "value", known)
        subjects.choose(scope, value)

    def on_best(self, ctx: Any) -> None:
        """Keep another number of samples of each subject."""
        if not event_values.is_empty(ctx, "value"):
            best = event_values.whole(ctx, "value", 1, subjects.MOST)
            subjects.choose_best(PanelScope(ctx), best)

    def on_show_best(self, ctx: Any) -> None:
        """Show the best samples of each subject."""
        subjects.show_ruled(PanelScope(ctx), best=True)

    def on_show_others(self, ctx: Any) -> None:
        """Show what the rule leaves over."""
        subjects.show_ruled(PanelScope(ctx), best=False)

    def on_show_without(self, ctx: Any) -> None:
        """Show all samples of the subjects without an acceptable image."""
        subjects.show_without_acceptable(PanelScope(ctx))

    def on_tag(self, ctx: Any) -> None:
        """Tag what is shown."""
        grid_actions.tag(ctx, PanelScope(ctx))

    def on_save_view(self, ctx: Any) -> None:
        """Save what is shown as a view."""
        grid_actions.save_view(ctx, PanelScope(ctx))

    def on_export(self, ctx: Any) -> None:
        """Open the export's form for what is shown."""
        grid_actions.export(ctx, PanelScope(ctx))

    def on_show_all(self, ctx: Any) -> None:
        """Show the whole view again."""
        PanelScope(ctx).show_all()

    def on_better(self, ctx: Any) -> None:
        """Look at the next better face."""
        look.step(PanelScope(ctx), forward=True)

    def on_worse(self, ctx: Any) -> None:
        """Look at the next worse face."""
        look.step(PanelScope(ctx), forward=False)

    def on_look_worst(self, ctx: Any) -> None:
        """Look at the worst face."""
        look.look_at_worst(PanelScope(ctx))

    def on_face(self, ctx: Any) -> None:
        """Look at another face of the same picture."""
        state_of(ctx).choices.face = event_values.whole(ctx, "face", 0, look.MOST_FACES - 1)

    def on_open(self, ctx: Any) -> None:
        """Open the sample."""
        ctx.ops.open_sample(id=event_values.sample_id(ctx.params.get("sample")))

    def on_group(self, ctx: Any) -> None:
        """Draw the groups of another field."""
        scope, value = PanelScope(ctx), None
        if not event_values.is_empty(ctx, "value"):
            known = [subgroups.NONE, *group_fields(scope.view)]
            value = event_values.choice(ctx, "value", known)
        subgroups.choose(scope, value)

    def on_group_rule(self, ctx: Any) -> None:
        """Keep what one threshold keeps, or the same fraction from each group."""
        state_of(ctx).choices.rule = event_values.choice(ctx, "rule", group_rule.RULES)

    def on_show_by_group(self, ctx: Any) -> None:
        """Show the samples on one side of the thresholds of their groups."""
        group_rule.show(PanelScope(ctx), event_values.choice(ctx, "keep", KEEP))

    def on_compute(self, ctx: Any) -> None:
        """Compute the error-versus-discard curves."""
        edc_curves.compute(ctx, PanelScope(ctx))


def _obstacle(scope: PanelScope) -> str | None:
    """Why there is nothing to decide, in words."""
    if scope.dataset is None:
        return "Open a data set to see the quality of its faces."
    counts = scope.counts
    if not counts.statuses:
        return "There are no samples in this view."
    if not scope.fields:
        return NO_FIELD_IN_PATCHES if scope.patches else NO_FIELD
    if counts.kept is None or counts.shape is None:
        return "Counting …"
    if not counts.kept.scored:
        return "None of the samples in this view has a score."
    return None


def _is_current(ctx: Any, name: str) -> bool:
    """Whether an event comes from a field as it is drawn now, see ``Choices.set_threshold``."""
    return str(ctx.params.get("path", name)).endswith(name)
