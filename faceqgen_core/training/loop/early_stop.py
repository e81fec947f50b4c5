"""Early stop: which report of a run was the best, and when no better one is to be expected.

The score comes from held-back training subjects. The validity of the measures peaks and falls again while the losses
still sink, so a run keeps the weights of its best report, not of its last.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class EarlyStop:
    """Judges one score a report; higher is better.

    Attributes:
        patience: reports without a better score after which a run is over; 0 lets it run to its end.
        start: reports before this step do not count: the networks are still being made.
        least: a score must be better by at least this.
        best_score: best score so far.
        best_step: the step that it belongs to, -1 before the first.
        waited: reports since then.
    """

    patience: int
    start: int = 0
    least: float = 0.0
    best_score: float = -math.inf
    best_step: int = -1
    waited: int = 0

    def __post_init__(self) -> None:
        if self.patience < 0 or self.least < 0:
            raise ValueError(
                f"patience and least must not be negative, got {self.patience} and {self.least}"
            )

    def report(self, step: int, score: float) -> bool:
        """Take note of a score; returns True where the weights of this report are the ones to keep.

        Before ``start`` every report is kept, so that a run that is cut off has weights. A score that is no number is
        never the best.
        """
        if step < self.start:
            return self.best_step < 0
        if not math.isnan(score) and score > self.best_score + (
            self.least if self.best_step >= 0 else 0.0
        ):
            self.best_score, self.best_step, self.waited = score, step, 0
            return True
        self.waited += 1
        return False

    @property
    def over(self) -> bool:
        """The run should end now."""
        return 0 < self.patience <= self.waited

    def state(self) -> dict[str, Any]:
        """What a checkpoint must hold; fits into JSON."""
        facts = asdict(self)
        if self.best_step < 0:
            facts["best_score"] = None
        return facts

    @classmethod
    def from_state(cls, facts: dict[str, Any]) -> EarlyStop:
        """Go on from what ``state`` returned."""
        score = facts["best_score"]
        return cls(**(facts | {"best_score": -math.inf if score is None else score}))
