"""What a run has done so far."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ..progress import Progress


@dataclass
class Summary(Progress):
    """What a run did.

    Attributes:
        field: field it wrote.
        preset: identifier of its preset.
        total: samples to score.
        done: samples scored or found impossible to score so far.
        part: share of the sample at work that is done, 0 to 1; of videos alone.
        skipped: samples left alone because they had a status.
        faces: faces scored.
        frames: frames of videos that were looked at.
        counts: status -> samples.
        notices: what the user should know, in sentences.
        run_key: key of the record of the run; "" if nothing was written.
        restored_dir: folder of the files, if any were asked for.
        seconds: duration.
    """

    field: str
    preset: str = ""
    part: float = 0.0
    skipped: int = 0
    faces: int = 0
    frames: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    notices: list[str] = field(default_factory=list)
    run_key: str = ""
    restored_dir: str | None = None
    seconds: float = 0.0

    @property
    def fraction(self) -> float:
        """How much is done, 0 to 1."""
        return min((self.done + self.part) / self.total, 1.0) if self.total else 1.0

    @property
    def words(self) -> str:
        """How much is done, in words."""
        frames = f", {self.frames} frames" if self.frames else ""
        return f"{self.done} of {self.total} samples{frames}"
