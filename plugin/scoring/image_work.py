"""The image samples of a run: the requests to the core, and what is written of each."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from ..dataset import fields, targets
from ..storage.restored_files import RestoredFiles, write_files
from .given_boxes import LabelBoxes, LabelledBox, face_boxes
from .progress import Summary
from .settings import ScoreSettings

BOXES_AT_ONCE = 64


class ImageWork:
    """What a run has to do for the images of a view.

    Args:
        view: flat, of images.
        settings: the parameters.
        summary: counts what is done.

    Raises:
        ValueError: no such field of boxes, a field's name is taken.
    """

    together: int | None = None
    """Requests that the core may hold at a time; None: as many as it likes."""

    def __init__(self, view: Any, settings: ScoreSettings, summary: Summary) -> None:
        self._settings = settings
        self._summary = summary
        self._dataset = view._root_dataset
        self._boxes: LabelBoxes | None = None
        if settings.faces == "field":
            many = targets.require_faces_field(view, settings.faces_field)
            self._boxes = LabelBoxes(view, settings.faces_field, many=many)
        fields.require_free(self._dataset, settings.names)
        self._ids, self._paths = targets.samples_to_score(view, settings).values(["id", "filepath"])
        self._waiting: deque[tuple[str, str, list[LabelledBox] | None]] = deque()
        summary.total = len(self._ids)
        summary.skipped = len(view) - len(self._ids)

    @property
    def replaced(self) -> list[str]:
        """Ids of the samples whose scores are replaced."""
        return self._ids

    def declare(self) -> None:
        """Declare the fields."""
        chosen = self._settings
        fields.declare(
            self._dataset, chosen.names, heatmap=chosen.heatmap, restored=chosen.restored
        )

    def requests(self) -> Iterator[Any]:
        """Requests to the core in the order of the samples; boxes are fetched a few samples at a time."""
        from faceqgen_core import ImageRequest

        for start in range(0, len(self._ids), BOXES_AT_ONCE):
            part = slice(start, start + BOXES_AT_ONCE)
            ids, paths = self._ids[part], self._paths[part]
            boxes = self._boxes.read(ids, paths) if self._boxes else [None] * len(ids)
            for sample_id, path, given in zip(ids, paths, boxes, strict=True):
                self._waiting.append((sample_id, path, given))
                faces = None if given is None else face_boxes([box for box, _ in given])
                yield ImageRequest(path, boxes=faces)

    def write(self, chunk: Sequence[list[Any]], files: RestoredFiles | None) -> None:
        """Write the assessments of the next images: files first, so that no field names one that is not there."""
        items = [self._waiting.popleft() for _ in chunk]
        named = [(sample_id, path, a) for (sample_id, path, _), a in zip(items, chunk, strict=True)]
        samples, faces, heatmaps = {}, {}, {}
        for (sample_id, _, labels), assessments, written in zip(
            items, chunk, write_files(files, named), strict=True
        ):
            samples[sample_id] = fields.sample_document(
                assessments[0], restored_path=written.restored
            )
            faces[sample_id] = fields.faces_document(
                assessments, restored_paths=written.faces, source_labels=labels
            )
            heatmaps[sample_id] = fields.heatmap_document(written.heatmap)
            self._summary.counts[assessments[0].status.value] += 1
            self._summary.faces += sum(assessment.scored for assessment in assessments)
        names = self._settings.names
        options = {"key_field": "id", "dynamic": True}
        self._dataset.set_values(names.faces, faces, **options)
        if self._dataset.has_field(names.heatmap):  # an old map beside new scores would be wrong
            self._dataset.set_values(names.heatmap, heatmaps, **options)
        # Last, since its status says that the sample is done: a run killed before this line comes back to it.
        self._dataset.set_values(names.sample, samples, **options)
        self._summary.done += len(chunk)
