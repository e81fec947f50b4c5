"""What the panel looks at: the curator's view, the field and measure under decision, the threshold.

The panel's own buttons change the grid to a part of the view ("show low", a bar of the histogram). The numbers must not
follow the grid into that part, or the next bar could not be clicked: the workspace remembers the view from which the
part was taken, until the curator chooses another view by other means.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import fiftyone as fo
import fiftyone.core.patches as fop

from ..fields import DEFAULT_FIELD, SCORES
from ..score_fields import score_fields

_REMEMBERED = 256
_CHOSEN: dict[tuple[str, str], tuple[Any, str, dict[str, Any]]] = {}
"""Parts that buttons of the panel have lately chosen, by data set and view: base, part and what is shown.

The App tells a change of view with the panel's state as it was when the change began, or later than the next button is
pressed: the state alone does not always know that the grid is where the panel itself has brought it.
"""


class Workspace:
    """Reads a panel's context and state.

    Args:
        ctx: the context of a panel event; state keys ``base``, ``part``, ``field`` and ``measure`` are read.

    Attributes:
        dataset: the data set, or None.
        view: the view that is curated.
        narrowed: whether the grid shows a part of it that a button of the panel chose.
    """

    def __init__(self, ctx: Any) -> None:
        self._ctx = ctx
        self.dataset = ctx.dataset
        self.view: Any = None
        self.narrowed = False
        if self.dataset is None:
            return
        current = ctx.view
        part = ctx.panel.state.part
        if ctx.panel.state.opened and (known := _CHOSEN.get(self._key(current))):
            if part != known[1]:
                ctx.panel.state.base, ctx.panel.state.part, ctx.panel.state.shown = known
            self.narrowed = True
            self.view = fo.DatasetView._build(self.dataset, known[0])
        elif part is not None and part == fingerprint(current):
            self.narrowed = True
            self.view = fo.DatasetView._build(self.dataset, ctx.panel.state.base or [])
        else:
            self.view = current

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
        chosen = self._ctx.panel.state.field
        if chosen in fields:
            return str(chosen)
        return next(iter(fields), DEFAULT_FIELD)

    @property
    def run_field(self) -> str:
        """Name under which a run wrote the field: in patches of faces it lacks the ending."""
        field = self.field
        return field.removesuffix("_faces") if self.patches else field

    @property
    def measure(self) -> str:
        """The chosen measure."""
        chosen = self._ctx.panel.state.measure
        return chosen if chosen in SCORES else "quality"

    def show(
        self,
        view: Any,
        title: str,
        count: int,
        *,
        keep: str | None = None,
        scored: bool = True,
    ) -> None:
        """Let the grid show a part of the view, and go on counting the whole of it.

        Args:
            view: the part.
            title: what it is, for people.
            count: its number of samples.
            keep: "low" or "high" if it is one side of the threshold.
            scored: whether its samples have scores.
        """
        state = self._ctx.panel.state
        state.base = self.view._serialize(include_uuids=False)
        state.part = fingerprint(view)
        state.shown = {"title": title, "count": count, "keep": keep, "scored": scored}
        _CHOSEN[self._key(view)] = (state.base, state.part, state.shown)
        while len(_CHOSEN) > _REMEMBERED:
            del _CHOSEN[next(iter(_CHOSEN))]
        self._ctx.ops.set_view(view=view)
        self.narrowed = True

    def show_all(self) -> None:
        """Let the grid show the whole view again."""
        if self.narrowed:
            self._ctx.panel.state.part = None
            self._ctx.ops.set_view(view=self.view)
            self.narrowed = False

    def _key(self, view: Any) -> tuple[str, str]:
        return self.dataset.name, fingerprint(view)


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
