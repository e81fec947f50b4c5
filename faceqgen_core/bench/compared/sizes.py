"""How much the benchmark measures."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Sizes:
    """How much is measured; the defaults are the full run.

    Attributes:
        crops: aligned crops, of which slow sides take the first ``slow``.
        photographs: photographs of 1 to 3 megapixels, of which the naive side takes all.
        pictures: pictures of LFW's size, of which the naive side takes all.
        memory: crops that are scored to see whether memory grows.
        slow: items of a slow side in each round.
        rounds: of everything that is measured in turn.
        samples: sizes of the data sets whose results are written to FiftyOne, from small to large.
        scored: the largest of them whose faces are really scored; over it a stand-in scores.
        panel: samples under the panel.
        runs: of the operator in one App server.
    """

    crops: int = 2000
    photographs: int = 100
    pictures: int = 200
    memory: int = 20_000
    slow: int = 64
    rounds: int = 3
    samples: tuple[int, ...] = (1_000, 10_000, 100_000)
    scored: int = 10_000
    panel: int = 50_000
    runs: int = 10

    @classmethod
    def quick(cls) -> Sizes:
        """A run of some minutes: it shows that every row can be measured, its figures say little."""
        return cls(64, 5, 16, 320, 4, 1, (64, 256, 1024), 64, 2000, 4)

    def check(self) -> None:
        """Refuse sizes of which nothing can be concluded.

        Raises:
            ValueError: a size under its least.
        """
        least = {"crops": 32, "memory": 10, "panel": 100, "runs": 3}
        for field in fields(self):
            value = getattr(self, field.name)
            lowest = least.get(field.name, 1)
            if min(value) < lowest if isinstance(value, tuple) else value < lowest:
                raise ValueError(f"{field.name} must be at least {lowest}, got {value}")
