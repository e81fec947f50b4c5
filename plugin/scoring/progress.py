"""What a run has done so far."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

from ..progress import Progress

NAMED_CAUSES = 5


@dataclasses.dataclass
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
        remade: samples that had scores and were scored again since pictures of theirs were missing.
        kept: samples of these whose image cannot be read any more: they keep the scores they had.
        missing: what and why -> files that could not be written, see ``miss``.
        run_key: key of the record of the run; "" if nothing was written.
        restored_dir: folder of the files, if any were asked for.
        seconds: duration.
        examples: what and why -> path of one of the files that are missing.
    """

    field: str
    preset: str = ""
    part: float = 0.0
    skipped: int = 0
    faces: int = 0
    frames: int = 0
    counts: Counter[str] = dataclasses.field(default_factory=Counter)
    notices: list[str] = dataclasses.field(default_factory=list)
    remade: int = 0
    kept: int = 0
    missing: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter)
    run_key: str = ""
    restored_dir: str | None = None
    seconds: float = 0.0
    examples: dict[tuple[str, str], str] = dataclasses.field(default_factory=dict)

    @property
    def fraction(self) -> float:
        """How much is done, 0 to 1."""
        return min((self.done + self.part) / self.total, 1.0) if self.total else 1.0

    @property
    def words(self) -> str:
        """How much is done, in words."""
        frames = f", {self.frames} frames" if self.frames else ""
        return f"{self.done} of {self.total} samples{frames}"

    @property
    def missing_files(self) -> int:
        """Files that could not be written."""
        return self.missing.total()

    def miss(self, what: str, why: str, path: str) -> None:
        """Count a file that could not be written, or an image that could not be read again for it."""
        self.missing[what, why] += 1
        self.examples.setdefault((what, why), path)

    def missing_notices(self) -> list[str]:
        """What is missing, why and where, in sentences; the most frequent first."""
        return [
            f"{count} {what}(s) are missing: {why}, e.g. {self.examples[what, why]}; run again to make them"
            for (what, why), count in self.missing.most_common(NAMED_CAUSES)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain values; the missing files as their number, and what and why among the notices."""
        values = {k: v for k, v in self.__dict__.items() if k not in ("missing", "examples")}
        notices = [*self.notices, *self.missing_notices()]
        return {
            **values,
            "counts": dict(self.counts),
            "missing": self.missing_files,
            "notices": notices,
        }
