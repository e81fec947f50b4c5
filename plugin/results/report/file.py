"""The file of a report: gathered when it is made, drawn and written when it is iterated, whole or not at all."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
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
        self._temporary = self.path.with_name(f".{self.path.name}.{uuid.uuid4().hex}.tmp")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._temporary.touch()
            self._temporary.unlink()
        except OSError as error:
            raise ValueError(
                f"{str(self.path)!r} cannot be written ({error}): choose another"
            ) from error

    def __iter__(self) -> Iterator[Progress]:
        """Draw and write; yields the progress after each picture. The file is there when it ends."""
        for sheet, found in ((self._worst, self._facts.worst), (self._best, self._facts.best)):
            for picture in pictures(sheet, self._names):
                found.append(picture)
                self.summary.done += 1
                yield self.summary
        try:
            # a file name may hold what is no text
            self._temporary.write_bytes(page(self._facts).encode("utf-8", "replace"))
            self._temporary.replace(self.path)
        finally:
            self._temporary.unlink(missing_ok=True)
