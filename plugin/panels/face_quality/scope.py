"""What the panel looks at: the curator's view, the field and measure under decision, the threshold.

The panel's own buttons change the grid to a subset of the view ("show low", a bar of the histogram). The numbers must not
follow the grid into that subset, or the next bar could not be clicked: the scope remembers the view from which the
subset was taken, until the curator chooses another view by other means.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import fiftyone as fo
import fiftyone.core.patches as fop

from faceqgen_core.vocabulary import SCORES

from ...dataset.fields import DEFAULT_FIELD
from ...dataset.score_fields import score_fields
from .state import Choices, Counts, PanelState, Subset, state_of


class PanelScope:
    """A panel's context and state, read together.

    Args:
        ctx: the context of a panel event.

    Attributes:
        state: what the panel knows.
        dataset: the data set, or None.
        view: the view that is curated.
        subset: the part of it that the grid shows, or is about to show, if a button of the panel chose it.
        narrowed: whether the numbers are not those of the view that the grid shows at this moment.
    """

    def __init__(self, ctx: Any) -> None:
        self._ctx = ctx
        self.state: PanelState = state_of(ctx)
        self.dataset = ctx.dataset
        self.view: Any = None
        self.subset: Subset | None = None
        self.narrowed = False
        if self.dataset is None:
            return
        self.view = ctx.view
        sync = self.state.sync
        if not sync.subsets:
            return
        current = fingerprint(ctx.view)
        self.subset = sync.subsets.get(sync.asked or current)
        self.narrowed = sync.asked is not None or current in sync.subsets
        if self.narrowed:
            self.view = self._build(sync.base)

    def _build(self, stages: list[dict[str, Any]]) -> Any:
        return fo.DatasetView._build(self.dataset, stages)

    def is_own(self, view: str) -> bool:
        """Whether the view with this fingerprint is one that the panel has brought the grid to."""
        return view in self.state.sync.subsets or view == fingerprint(
            self._build(self.state.sync.base)
        )

    @property
    def choices(self) -> Choices:
        """What the curator chose."""
        return self.state.choices

    @property
    def counts(self) -> Counts:
        """What was counted of the view."""
        return self.state.counts

    @property
    def key(self) -> tuple[str, str, str]:
        """View, field and measure: what is drawn of others is not true here."""
        return fingerprint(self.view), self.field, self.measure

    @property
    def shown(self) -> Any:
        """The subset that the grid shows, or is about to show; the whole view where there is none."""
        return self.view if self.subset is None else self._build(self.subset.stages)

    @property
    def patches(self) -> bool:
        """Whether the samples of the view are patches."""
        return isinstance(self.view, fop.PatchesView)

    @property
    def fields(self) -> list[str]:
        """Fields of the view that hold scores."""
        return [] if self.view is None else score_fields(self.view)

    @property
    def field(self) -> str:
        """The chosen field; the first one where none is chosen, the default name where there is none."""
        fields = self.fields
        if self.choices.field in fields:
            return self.choices.field
        return next(iter(fields), DEFAULT_FIELD)

    @property
    def run_field(self) -> str:
        """Name under which a run wrote the field: in patches of faces it lacks the ending."""
        field = self.field
        return field.removesuffix("_faces") if self.patches else field

    @property
    def measure(self) -> str:
        """The chosen measure."""
        return self.choices.measure

    @property
    def threshold(self) -> float:
        """The threshold under decision; the worst end of the scale before there is one."""
        if self.choices.threshold is None:
            return SCORES[self.measure].worst
        return self.choices.threshold

    def show(
        self, view: Any, title: str, count: int, *, keep: str | None = None, scored: bool = True
    ) -> None:
        """Let the grid show a subset of the view, and go on counting the whole of it.

        Args:
            view: the subset.
            title: what it is, for people.
            count: its number of samples.
            keep: "low" or "high" if it is one side of the threshold.
            scored: whether its samples have scores.
        """
        base, stages = (v._serialize(include_uuids=False) for v in (self.view.view(), view))
        sync = self.state.sync
        if base != sync.base:
            sync.base = base
            sync.subsets.clear()
        sync.subsets[fingerprint(view)] = Subset(title, count, stages, keep=keep, scored=scored)
        self._ask_for(view)

    def show_all(self) -> None:
        """Let the grid show the whole view again."""
        if self.subset is not None:
            self._ask_for(self.view)

    def _ask_for(self, view: Any) -> None:
        self.state.sync.asked = fingerprint(view)
        self._ctx.ops.set_view(view=view)


def fingerprint(view: Any) -> str:
    """The stages of a view as a short text: equal for equal stages, whatever way they went through the App."""
    stages = _as_the_app_writes(view.view()._serialize(include_uuids=False))
    text = json.dumps(stages, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _as_the_app_writes(value: Any) -> Any:
    """JavaScript knows one kind of number, so that 50.0 comes back as 50; selected ids come back in any order."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _as_the_app_writes(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        parts = [_as_the_app_writes(part) for part in value]
        return sorted(parts) if all(isinstance(part, str) for part in parts) else parts
    return value
