"""What the panel knows from one event to the next: kept in the App's server, one record for each panel.

It is not kept in the panel's own state. The form in the App writes its copy of that whole state back whenever one of its
fields changes, even if it was the panel that changed the field; that copy may be older than what the panel has set since,
and undo it. Besides, the App asks for the whole page again at every change of a panel's state.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from ...dataset.queue import QueuedWork
from ...dataset.under_way import RunUnderWay
from ...queries.acceptable import Acceptable
from ...queries.histogram import Histogram
from ...queries.subjects import IdentityCounts
from ...queries.thresholds import Kept

_MOST = 256
_STATES: dict[str, PanelState] = {}
_LOCK = threading.Lock()


@dataclass
class Choices:
    """What the curator chose.

    Attributes:
        field: the field of the scores; None before one is chosen.
        measure: the measure.
        threshold: the threshold under decision; None before the first count.
        slider: how often the slider was set by another part of the panel than itself.
        exact: the same of the field in which a threshold is typed.
        tab: the open tab.
        subject: the field that names the subject; "" for none.
        best: how many of each subject to keep.
        group: the field whose groups are compared; "" for none.
        rule: "one" threshold for all groups, or "each" its own that discards the same fraction of it.
        look: id of the sample to look at; None for the worst.
        face: which of its faces.
    """

    field: str | None = None
    measure: str = "quality"
    threshold: float | None = None
    slider: int = 0
    exact: int = 0
    tab: str = "decide"
    subject: str = ""
    best: int = 1
    group: str = ""
    rule: str = "one"
    look: str | None = None
    face: int = 0

    def set_threshold(self, threshold: float, *, by: str | None = None) -> None:
        """Set the threshold; the slider and the field, but for the one that did it, are drawn anew: moved, and empty.

        The App keeps the value of a field that a person has changed, and tells each value that is set from here as if a
        person had set it, late and in any order. So the fields get new names, and what comes under an old one is ignored.
        """
        self.threshold = threshold
        self.slider += by != "slider"
        self.exact += by != "exact"


@dataclass(frozen=True)
class EdcCurves:
    """Error-versus-discard curves, and what they are of.

    Attributes:
        of: fingerprint of the view, and the field and measure; they are drawn over nothing else.
        report: what the page needs of the core's report; None if there are none.
        problem: why there are none.
    """

    of: tuple[str, str, str]
    report: dict[str, Any] | None = None
    problem: str | None = None


@dataclass
class Counts:
    """What follows from the choices and the view; counted anew when these change, and then nothing old is left.

    Attributes:
        statuses: samples by status.
        run: the run that wrote the field.
        under_way: runs that are at work on the data set.
        queued: work on it that waits for a worker, or that one has just begun.
        acceptable: the quality from which a face is acceptable.
        shape: the histogram.
        kept: what the threshold keeps.
        people: what the rules per identity keep.
        curves: error-versus-discard curves, once they were asked for.
    """

    statuses: dict[str, int] = field(default_factory=dict)
    run: dict[str, Any] | None = None
    under_way: list[RunUnderWay] = field(default_factory=list)
    queued: list[QueuedWork] = field(default_factory=list)
    acceptable: Acceptable = field(default_factory=Acceptable)
    shape: Histogram | None = None
    kept: Kept | None = None
    people: IdentityCounts | None = None
    curves: EdcCurves | None = None


@dataclass(frozen=True)
class Subset:
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
    stages: list[dict[str, Any]] = field(default_factory=list)
    keep: str | None = None
    scored: bool = True


@dataclass
class AppSync:
    """What was told to the App and what it told, so that its echoes are known as such.

    Attributes:
        base: stages of the view from which the subsets are taken.
        subsets: the subsets chosen since, by fingerprint of their view.
        asked: fingerprint of the view that the App was last told to show; None once it shows it.
        drawn: digest of the page that was last sent.
        counted: view of the last count and when it began, so that one change told three times is counted once.
        told: when the event that is being answered came in.
    """

    base: list[dict[str, Any]] = field(default_factory=list)
    subsets: dict[str, Subset] = field(default_factory=dict)
    asked: str | None = None
    drawn: str = ""
    counted: tuple[str, float] | None = None
    told: float = 0.0


@dataclass
class PanelState:
    """All that one panel knows of one data set.

    Attributes:
        dataset: name of the data set.
        choices: what the curator chose.
        counts: what follows from it.
        sync: what was told to the App.
        lock: held during an event; the App sends several at a time.
    """

    dataset: str = ""
    choices: Choices = field(default_factory=Choices)
    counts: Counts = field(default_factory=Counts)
    sync: AppSync = field(default_factory=AppSync)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)


def state_of(ctx: Any) -> PanelState:
    """The record of the panel that sends an event; a new one for a new panel or another data set."""
    panel, dataset = str(ctx.panel.id), "" if ctx.dataset is None else ctx.dataset.name
    with _LOCK:
        known = _STATES.pop(panel, None)
        if known is None:
            known = PanelState(dataset)
        elif known.dataset != dataset:
            known = PanelState(dataset, Choices(tab=known.choices.tab))
        _STATES[panel] = known  # the last used one is the last to be forgotten
        while len(_STATES) > _MOST:
            del _STATES[next(iter(_STATES))]
        return known
