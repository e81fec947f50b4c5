"""What the panel looks at: the curator's view, the field and measure under decision, the threshold.

The panel's own buttons change the grid to a part of the view ("show low", a bar of the histogram). The numbers must not
follow the grid into that part, or the next bar could not be clicked: the workspace remembers the view from which the
parts were taken, until the curator chooses another view by other means.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import fiftyone as fo
import fiftyone.core.patches as fop

from ...dataset.fields import DEFAULT_FIELD, SCORES
from ...dataset.score_fields import score_fields
from ...queries.thresholds import higher_is_better
from .state import Part, facts_of


class Workspace:
    """Reads a panel's context and facts.

    Args:
        ctx: the context of a panel event.

    Attributes:
        facts: what the panel knows.
        dataset: the data set, or None.
        view: the view that is curated.
        part: the part of it that the grid shows, or is about to show, if a button of the panel chose it.
        narrowed: whether the numbers are not those of the view that the grid shows at this moment.
    """

    def __init__(self, ctx: Any) -> None:
        self._ctx = ctx
        self.facts = facts_of(ctx)
        self.dataset = ctx.dataset
        self.view: Any = None
        self.part: Part | None = None
        self.narrowed = False
        if self.dataset is None:
            return
        self.view = ctx.view
        if not self.facts.parts:
            return
        current = fingerprint(ctx.view)
        self.part = self.facts.parts.get(self.facts.asked or current)
        self.narrowed = self.facts.asked is not None or current in self.facts.parts
        if self.narrowed:
            self.view = self._build(self.facts.base)

    def _build(self, stages: list[dict[str, Any]]) -> Any:
        return fo.DatasetView._build(self.dataset, stages)

    def is_own(self, view: str) -> bool:
        """Whether the view with this fingerprint is one that the panel has brought the grid to."""
        return view in self.facts.parts or view == fingerprint(self._build(self.facts.base))

    @property
    def shown(self) -> Any:
        """The part that the grid shows, or is about to show; the whole view where there is none."""
        return self.view if self.part is None else self._build(self.part.stages)

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
        if self.facts.field in fields:
            return self.facts.field
        return next(iter(fields), DEFAULT_FIELD)

    @property
    def run_field(self) -> str:
        """Name under which a run wrote the field: in patches of faces it lacks the ending."""
        field = self.field
        return field.removesuffix("_faces") if self.patches else field

    @property
    def measure(self) -> str:
        """The chosen measure."""
        return self.facts.measure

    @property
    def threshold(self) -> float:
        """The threshold under decision; the worst end of the scale before there is one."""
        if self.facts.threshold is None:
            score = SCORES[self.measure]
            return score.low if higher_is_better(self.measure) else score.high
        return self.facts.threshold

    def show(
        self, view: Any, title: str, count: int, *, keep: str | None = None, scored: bool = True
    ) -> None:
        """Let the grid show a part of the view, and go on counting the whole of it.

        Args:
            view: the part.
            title: what it is, for people.
            count: its number of samples.
            keep: "low" or "high" if it is one side of the threshold.
            scored: whether its samples have scores.
        """
        base, stages = (v._serialize(include_uuids=False) for v in (self.view.view(), view))
        if base != self.facts.base:
            self.facts.base = base
            self.facts.parts.clear()
        part = Part(title, count, stages, keep=keep, scored=scored)
        self.facts.parts[fingerprint(view)] = part
        self._ask_for(view)

    def show_all(self) -> None:
        """Let the grid show the whole view again."""
        if self.part is not None:
            self._ask_for(self.view)

    def _ask_for(self, view: Any) -> None:
        self.facts.asked = fingerprint(view)
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
