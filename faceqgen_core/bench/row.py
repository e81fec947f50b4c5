"""One line of the benchmark's table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from faceqgen_core.bench.targets import TARGETS, Target


@dataclass(frozen=True)
class Row:
    """A figure, what stands beside it, what it is to reach.

    Attributes:
        name: by which it is chosen.
        what: in words.
        figure: the number; None: it could not be measured, and the note says why.
        unit: of both numbers.
        beside: what it is compared with, in words; "" for nothing.
        other: its number.
        ratio: of the two; None: figure / other.
        bound: key of its target in ``TARGETS``; "" for none.
        note: how it was measured, or why it was not.
    """

    name: str
    what: str
    figure: float | None = None
    unit: str = ""
    beside: str = ""
    other: float | None = None
    ratio: float | None = None
    bound: str = ""
    note: str = ""

    @property
    def target(self) -> Target | None:
        """What is to be reached."""
        return TARGETS[self.bound] if self.bound else None

    @property
    def compared(self) -> float | None:
        """The ratio to what stands beside it; None where nothing does."""
        if self.ratio is not None or self.figure is None or not self.other:
            return self.ratio
        return self.figure / self.other

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None: it has none, or was not measured."""
        reached = self.compared if self.beside else self.figure
        if self.target is None or reached is None:
            return None
        return self.target.met_by(reached)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, with the ratio, the target and the verdict."""
        target = None if self.target is None else str(self.target)
        return {**vars(self), "ratio": self.compared, "target": target, "met": self.met}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Row:
        """A row from what ``to_dict`` gave; what can be concluded is concluded anew."""
        return cls(**{name: values[name] for name in cls.__dataclass_fields__ if name in values})
