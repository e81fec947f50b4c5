"""The image samples of a run: the requests to the core, and what is written of each."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from ..dataset.connection import patiently
from ..storage.restored_files import RestoredFiles
from .given_boxes import LabelBoxes
from .pending import notices, pending_images
from .work import OldPictures, Picture, PictureKey, Work

BOXES_AT_ONCE = 64


class ImageWork(Work):
    """What a run has to do for the images of a view, see ``Work``."""

    is_video = False
    _boxes_of = LabelBoxes

    def _look(self, view: Any, extra: Sequence[str]) -> None:
        pending = pending_images(view, self._settings, self._preset, extra)
        self._pending, self.replaced = pending, pending.ids
        self._summary.notices += notices(pending, self._settings)
        self._summary.total = len(pending.ids)
        self._summary.skipped = pending.skipped

    def requests(self) -> Generator[Any, None, None]:
        """Requests to the core in the order of the samples; boxes are fetched a few samples at a time."""
        pending = self._pending
        for start in range(0, len(pending.ids), BOXES_AT_ONCE):
            part = slice(start, start + BOXES_AT_ONCE)
            ids, paths = pending.ids[part], pending.paths[part]
            boxes = self._boxes.read(ids, paths) if self._boxes else [None] * len(ids)
            for sample_id, path, given in zip(ids, paths, boxes, strict=True):
                remade = sample_id in pending.remade
                item = Picture(sample_id=sample_id, source=path, labels=given, remade=remade)
                yield item.request(path)

    def write(self, chunk: Sequence[list[Any]], files: RestoredFiles | None) -> None:
        """Write the assessments of the next images."""
        pairs, lost = self._write_pictures([(found[0].key, found) for found in chunk], files)
        self._summary.counts.update(found[0].status.value for _, found in pairs)
        self._summary.kept += lost
        self._summary.done += len(pairs) + lost

    def _old(self, ids: Sequence[str]) -> dict[PictureKey, OldPictures]:
        paths = ["id", self._names.media, self._names.face_path("restored_path")]
        columns = patiently(lambda: self._samples.select(list(ids)).values(paths))
        return {
            (sample_id, None): (image, faces)
            for sample_id, image, faces in zip(*columns, strict=True)
        }
