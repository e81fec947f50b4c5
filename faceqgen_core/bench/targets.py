"""What the figures are to reach on the processor of the machine that it was agreed for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A bound of a figure.

    Attributes:
        bound: the number.
        most: whether it is the largest that is allowed; else the smallest.
    """

    bound: float
    most: bool = False

    def met_by(self, figure: float) -> bool:
        """Whether a figure keeps to it."""
        return figure <= self.bound if self.most else figure >= self.bound

    def __str__(self) -> str:
        return f"{'at most' if self.most else 'at least'} {self.bound:g}"


TARGETS = {
    "written": Target(0.8),
    "written, restored": Target(0.6),
    "forward": Target(0.4),
    "photographs": Target(10),
    "lfw": Target(10),
    "faces found": Target(0.99),
    "scores agree": Target(0.02, most=True),
    "start": Target(1.3, most=True),
    "import": Target(0.2, most=True),
    "import, TensorFlow": Target(0, most=True),
    "memory": Target(1.1, most=True),
    "memory, peak": Target(2000, most=True),
    "operators": Target(1.02, most=True),
    "writes": Target(0.05, most=True),
    "writes, rate": Target(0.9),
    "panel": Target(1.0, most=True),
    "panel, beside": Target(0.3, most=True),
}
"""By what they bound: of a row with something beside it the ratio, of others the figure itself."""
