"""Eight people at the panel and the filter while a run is on, and how long FiftyOne's own questions take beside them.

The clients are threads of one process, as the App's server answers them; the run is a process of its own, over the same data
set, with networks that take no time: it writes as fast as one can.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.reliability import kills, toy

CLIENTS, ROUNDS, SAMPLES = 8, 6, 5_000
LIMIT = 2.0
"""Seconds; where FiftyOne's own questions take longer, their time is the limit."""


@dataclass(frozen=True)
class Served:
    """How long clients waited.

    Attributes:
        clients: clients.
        samples: samples of the data set.
        answers: answers of the panel and the filter.
        panel: seconds within which 95 % of the panel's answers came.
        filters: the same of ``filter_faces``.
        own: the same of FiftyOne's own questions.
        wrong: answers that were errors.
        scored: images that the run scored in the meantime.
        load: of the machine, over one minute, at the end.
    """

    clients: int
    samples: int
    answers: int
    panel: float
    filters: float
    own: float
    wrong: int
    scored: int
    load: float

    @property
    def held(self) -> bool:
        """Whether a run was on, no answer was an error, and none took longer than it may."""
        slowest = max(self.panel, self.filters)
        return not self.wrong and self.scored > 0 and slowest <= max(LIMIT, self.own)

    def __str__(self) -> str:
        return (
            f"{self.clients} clients, {self.samples:,} samples, a run that wrote {self.scored} beside: 95 % of "
            f"{self.answers} answers within {self.panel:.2f} s (panel) and {self.filters:.2f} s (filter), FiftyOne's own "
            f"within {self.own:.2f} s; {self.wrong} errors; load of the machine {self.load:.0f}"
        )


def serve(
    folder: Path, *, samples: int = SAMPLES, clients: int = CLIENTS, rounds: int = ROUNDS
) -> Served:
    """Ask, from several threads at once, while a run is on."""
    from benchmarks.scored_dataset import make

    dataset = make(samples, folder)
    ticks, seconds, wrong = folder / "ticks", _Seconds(), list[str]()
    ticks.write_bytes(b"")
    program = [sys.executable, "-m", "benchmarks.reliability.toy", "operator", dataset.name]
    try:
        with tempfile.TemporaryFile() as said:
            run = subprocess.Popen(
                [*program, "", "beside"],
                env={**os.environ, "PYTHONPATH": str(kills.ROOT), toy.TICKS: str(ticks)},
                cwd=kills.ROOT,
                stdout=subprocess.DEVNULL,
                stderr=said,
            )
            try:
                while run.poll() is None and not ticks.stat().st_size:
                    time.sleep(0.01)
                before = ticks.stat().st_size
                people = [
                    threading.Thread(target=_ask, args=(dataset, number, rounds, seconds, wrong))
                    for number in range(clients)
                ]
                for person in people:
                    person.start()
                for person in people:
                    person.join()
                scored = ticks.stat().st_size - before
                if run.poll() not in (None, 0):
                    said.seek(0)
                    wrong.append(said.read()[-500:].decode(errors="replace"))
            finally:
                run.kill()
                run.wait()
    finally:
        dataset.delete()
    for error in wrong[:5]:
        print(f"  {error}", file=sys.stderr)
    answers = len(seconds.of["panel"]) + len(seconds.of["filter"])
    within = [seconds.within(name) for name in ("panel", "filter", "own")]
    return Served(clients, samples, answers, *within, len(wrong), scored, os.getloadavg()[0])


class _Seconds:
    def __init__(self) -> None:
        self.of: dict[str, list[float]] = {"panel": [], "filter": [], "own": []}

    def take(self, name: str, action: Callable[[], Any]) -> None:
        start = time.perf_counter()
        action()
        self.of[name].append(time.perf_counter() - start)  # atomic: all threads append

    def within(self, name: str) -> float:
        found = self.of[name]
        return statistics.quantiles(found, n=20)[-1] if len(found) > 1 else float("inf")


def _ask(dataset: Any, number: int, rounds: int, seconds: _Seconds, wrong: list[str]) -> None:
    """What one client does: the panel's events, a filter, and FiftyOne's own histogram, counts and first page."""
    import fiftyone as fo
    import fiftyone.operators as foo

    from tests.plugin.panels.panel_state import Page

    low = "@faceqgen/face-quality/filter_faces"
    try:
        page = Page(dataset)
        quality = fo.ViewField("faceqgen.quality")
        for turn in range(rounds):
            level = (7 * number + 11 * turn) % 90 + 5
            seconds.take("panel", lambda: page.do("on_load"))
            seconds.take("panel", lambda value=level: page.do("on_slider", value=float(value)))
            seconds.take("panel", lambda bar=level // 2: page.do("on_bar", idx=bar))
            seconds.take("panel", lambda: page.do("on_worst", percent=5))
            filters = {"keep": "low", "by": "threshold", "value": float(level)}
            seconds.take(
                "filter",
                lambda chosen=filters: foo.execute_operator(
                    low, {"dataset": dataset}, params=chosen
                ),
            )
            view = dataset.match(quality < level)
            own = [
                lambda: dataset.reload(),
                lambda: dataset.histogram_values("faceqgen.quality", bins=50),
                lambda chosen=view: chosen.count_values("faceqgen.status"),
                lambda chosen=view: chosen.sort_by("faceqgen.quality").limit(20).values("filepath"),
            ]
            for question in own:
                seconds.take("own", question)
    except Exception as error:
        wrong.append(f"{type(error).__name__}: {error}"[:300])
