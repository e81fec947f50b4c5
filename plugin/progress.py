"""Progress: how far a piece of work is, in numbers and in words; what it yields while it goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

NAMED_PROBLEMS = 5


@dataclass(kw_only=True)
class Progress:
    """Base of the summaries of work that takes a while.

    Attributes:
        total: steps there are.
        done: steps dealt with so far.
        unit: what a step is, in the plural; "" where the numbers alone say enough.
    """

    unit: ClassVar[str] = ""
    total: int = 0
    done: int = 0

    @property
    def fraction(self) -> float:
        """How much is done, 0 to 1."""
        return min(self.done / self.total, 1.0) if self.total else 1.0

    @property
    def words(self) -> str:
        """How much is done, in words."""
        return f"{self.done} of {self.total} {self.unit}".rstrip()

    def to_dict(self) -> dict[str, Any]:
        """Plain values; lists and counts are copied, so that what goes on does not change them."""
        return {name: _plain(value) for name, value in vars(self).items()}


@dataclass(kw_only=True)
class FileProgress(Progress):
    """Progress of work in which single files may fail: each costs itself alone, and is counted.

    Attributes:
        failed: steps that failed.
        problems: the first of these, in words.
    """

    failed: int = 0
    problems: list[str] = field(default_factory=list)

    def fail(self, path: str, problem: str, count: int = 1) -> None:
        """Count a file that failed.

        Args:
            path: of the file.
            problem: what is wrong with it.
            count: how many steps it costs.
        """
        self.failed += count
        if len(self.problems) < NAMED_PROBLEMS:
            self.problems.append(f"{path}: {problem}")


@dataclass(kw_only=True)
class DeletionProgress(FileProgress):
    """Progress of work that deletes files.

    Attributes:
        deleted: files deleted.
    """

    unit = "files"
    deleted: int = 0

    def count(self, path: str, problem: str | None) -> None:
        """Count a file that is dealt with; ``problem`` says why it could not be deleted, None that it is gone."""
        self.done += 1
        if problem is None:
            self.deleted += 1
        else:
            self.fail(path, problem)


def error_in_words(error: Exception) -> str:
    """Why a file failed, without the paths that an error of the system repeats."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return list(value)
    return dict(value) if isinstance(value, dict) else value
