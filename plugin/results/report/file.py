"""The file of a report: gathered when it is made, drawn and written when it is iterated, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...dataset.fields import FieldNames
from ...progress import Progress
from .contents import gather, pictures, sheets
from .page import page
from .settings import ReportSettings


class ReportProgress(Progress):
    """How many of the pictures are drawn."""

    unit = "pictures"


class ReportFile:
    """Writes the report of a data set or view. What can be refused is refused when it is made.

    Args:
        collection: data set or view.
        settings: the parameters.

    Attributes:
        path: of the file.
        summary: how many of its pictures are drawn.

    Raises:
        ValueError: no scores there, no images, or a place that cannot be written to.
    """

    def __init__(self, collection: Any, settings: ReportSettings) -> None:
        self.path = settings.target(collection._root_dataset.name)
        self._names = FieldNames(settings.field)
        self._facts, view = gather(collection, settings)
        self._worst, self._best = sheets(view, settings)
        self.summary = ReportProgress(total=len(self._worst) + len(self._best))
        try:
            _try_writing(self.path)
        except OSError as error:
            raise ValueError(
                f"{str(self.path)!r} cannot be written ({error}): choose another"
            ) from error

    def __iter__(self) -> Iterator[Progress]:
        """Draw and write; yields the progress after each picture. The file is there when it ends."""
        from faceqgen_core.whole_files import written_whole

        for sheet, found in ((self._worst, self._facts.worst), (self._best, self._facts.best)):
            for picture in pictures(sheet, self._names):
                found.append(picture)
                self.summary.done += 1
                yield self.summary
        with written_whole(self.path) as temporary:
            # a file name may hold what is no text
            temporary.write_bytes(page(self._facts).encode("utf-8", "replace"))


def _try_writing(path: Path) -> None:
    """Make the folder of a file and write to it, so that what cannot be done is known before the work.

    Raises:
        OSError: it cannot be written to.
    """
    from faceqgen_core.whole_files import temporary_beside

    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_beside(path)
    temporary.touch()
    temporary.unlink()
