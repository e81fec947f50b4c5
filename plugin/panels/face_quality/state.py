"""What the panel knows from one event to the next: kept in the App's server, one record for each panel.

It is not kept in the panel's state. The form in the App writes its own copy of the whole state back whenever one of its
fields changes, even if it was the panel that changed the field; that copy may be older than what the panel has set since,
and undo it. Besides, the App asks for the whole page again at every change of a panel's state.
"""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

from ...queries.histogram import Histogram
from ...queries.subjects import IdentityCounts
from ...queries.thresholds import Kept

_MOST = 256
_FACTS: dict[str, Facts] = {}
_LOCK = threading.Lock()


@dataclasses.dataclass(frozen=True)
class Part:
    """A part of the view that a button of the panel lets the grid show.

    Attributes:
        title: what it is, for people.
        count: its number of samples.
        stages: the stages of its view.
        keep: "low" or "high" if it is one side of the threshold.
        scored: whether its samples have scores.
    """

    title: str
    count: int
    stages: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    keep: str | None = None
    scored: bool = True


@dataclasses.dataclass
class Facts:
    """What is chosen and counted.

    Attributes:
        dataset: name of the data set.
        field: the chosen field; None before one is chosen.
        measure: the chosen measure.
        threshold: the threshold under decision; None before the first count.
        slider: how often the slider was set by another part of the panel than itself.
        exact: the same of the field in which a threshold is typed.
        tab: the open tab.
        subject: the field that names the subject; "" for none.
        best: how many of each subject to keep.
        group: the field whose groups are compared; "" for none.
        look: id of the sample to look at; None for the worst.
        face: which of its faces.
        statuses: samples by status.
        run: the run that wrote the field.
        shape: the histogram.
        kept: what the threshold keeps.
        people: what the rules per identity keep.
        curves: error-versus-discard curves.
        curves_problem: why there are none.
        base: stages of the view from which the parts are taken.
        parts: the parts chosen since, by fingerprint of their view.
        asked: fingerprint of the view that the App was last told to show; None once it shows it.
        drawn: digest of the page that was last sent.
        counted: view of the last count and when it began, so that one change told three times is counted once.
        told: when the event that is being answered came in.
        lock: held during an event; the App sends several at a time.
    """

    dataset: str = ""
    field: str | None = None
    measure: str = "quality"
    threshold: float | None = None
    slider: int = 0
    exact: int = 0
    tab: str = "decide"
    subject: str = ""
    best: int = 1
    group: str = ""
    look: str | None = None
    face: int = 0
    statuses: dict[str, int] = dataclasses.field(default_factory=dict)
    run: dict[str, Any] | None = None
    shape: Histogram | None = None
    kept: Kept | None = None
    people: IdentityCounts | None = None
    curves: dict[str, Any] | None = None
    curves_problem: str | None = None
    base: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    parts: dict[str, Part] = dataclasses.field(default_factory=dict)
    asked: str | None = None
    drawn: str = ""
    counted: tuple[str, float] | None = None
    told: float = 0.0
    lock: threading.RLock = dataclasses.field(
        default_factory=threading.RLock, repr=False, compare=False
    )


def facts_of(ctx: Any) -> Facts:
    """The record of the panel that sends an event; a new one for a new panel or another data set."""
    panel, dataset = str(ctx.panel.id), "" if ctx.dataset is None else ctx.dataset.name
    with _LOCK:
        known = _FACTS.pop(panel, None)
        if known is None:
            known = Facts(dataset=dataset)
        elif known.dataset != dataset:
            known = Facts(dataset=dataset, tab=known.tab)
        _FACTS[panel] = known  # the last used one is the last to be forgotten
        while len(_FACTS) > _MOST:
            del _FACTS[next(iter(_FACTS))]
        return known
