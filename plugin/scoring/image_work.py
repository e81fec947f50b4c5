"""The image samples of a run: the requests to the core, and what is written of each."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ..dataset import fields, ownership, targets
from ..storage.restored_files import RestoredFiles, WrittenFiles, write_files
from .given_boxes import LabelBoxes, LabelledBox, face_boxes
from .pending import notices, pending_images
from .progress import Summary
from .settings import ScoreSettings

BOXES_AT_ONCE = 64


class ImageWork:
    """What a run has to do for the images of a view.

    Args:
        view: flat, of images.
        settings: the parameters.
        summary: counts what is done.
        preset: identifier of the run's preset.
        extra: names of the scores of other networks.

    Raises:
        ValueError: no such field of boxes, a field's name is taken, a field is read-only.
    """

    together: int | None = None
    """Requests that the core may hold at a time; None: as many as it likes."""

    def __init__(
        self,
        view: Any,
        settings: ScoreSettings,
        summary: Summary,
        preset: str,
        extra: Sequence[str] = (),
    ) -> None:
        self._settings = settings
        self._summary = summary
        self._dataset = view._root_dataset
        self._boxes: LabelBoxes | None = None
        if settings.faces == "field":
            labelled = targets.with_field(view, settings.faces_field)
            many = targets.require_faces_field(labelled, settings.faces_field)
            self._boxes = LabelBoxes(
                labelled, settings.faces_field, many=many, max_pixels=settings.max_pixels
            )
        ownership.require_ours(self._dataset, settings.names)
        pending = pending_images(view, settings, preset, extra)
        self._ids, self._paths, self._remade = pending.ids, pending.paths, pending.remade
        summary.notices += notices(pending, settings)
        self._waiting: deque[tuple[str, str, list[LabelledBox] | None]] = deque()
        summary.total = len(self._ids)
        summary.skipped = pending.skipped

    @property
    def replaced(self) -> list[str]:
        """Ids of the samples whose scores are replaced."""
        return self._ids

    @property
    def fields(self) -> list[str]:
        """Paths of the fields that the run writes."""
        names = self._settings.names
        return [names.document, names.faces, *([names.heatmap] if self._settings.heatmap else [])]

    def declare(self) -> list[str]:
        """Declare the fields; returns what the user should know."""
        chosen = self._settings
        return fields.declare(
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
        pairs = list(zip(items, chunk, strict=True))
        # An image that was scored once and cannot be read any more keeps what is known of it.
        lost = [pair for pair in pairs if pair[0][0] in self._remade and not pair[1][0].scored]
        pairs = [pair for pair in pairs if pair not in lost] if lost else pairs
        named = [(sample_id, path, found) for (sample_id, path, _), found in pairs]
        samples, faces, heatmaps = {}, {}, {}
        all_written = self._with_old(named, write_files(files, named))
        for ((sample_id, _, labels), assessments), written in zip(pairs, all_written, strict=True):
            samples[sample_id] = fields.sample_document(
                assessments[0], restored_path=written.restored
            )
            faces[sample_id] = fields.faces_document(
                assessments, restored_paths=written.faces, source_labels=labels
            )
            if self._settings.heatmap or sample_id not in self._remade:
                heatmaps[sample_id] = fields.heatmap_document(written.heatmap)
        names = self._settings.names
        options = {"key_field": "id", "dynamic": True}
        if samples:
            self._dataset.set_values(names.faces, faces, **options)
            if heatmaps and self._dataset.has_field(
                names.heatmap
            ):  # an old map beside new scores would be wrong
                self._dataset.set_values(names.heatmap, heatmaps, **options)
            # Last, since its status says that the sample is done: a run killed before this line comes back to it.
            self._dataset.set_values(names.sample, samples, **options)
        self._count(pairs, all_written, lost)

    def _with_old(
        self, images: Sequence[tuple[str, str, Any]], written: list[WrittenFiles]
    ) -> list[WrittenFiles]:
        """The files; of samples scored again for their heatmap alone, with the restored images that they have."""
        ids = [sample_id for sample_id, _, _ in images if sample_id in self._remade]
        if self._settings.restored or not ids:
            return written
        names = self._settings.names
        samples = targets.whole(self._dataset, is_video=False).select(ids)
        columns = samples.values(["id", names.media, names.face_path("restored_path")])
        old = {sample_id: (image, faces) for sample_id, image, faces in zip(*columns, strict=True)}
        return [
            replace(
                files,
                restored=old[sample_id][0],
                faces={n: path for n, path in enumerate(old[sample_id][1] or ()) if path},
            )
            if sample_id in old
            else files
            for (sample_id, _, _), files in zip(images, written, strict=True)
        ]

    def _count(self, pairs: Sequence[Any], all_written: Sequence[Any], lost: Sequence[Any]) -> None:
        """Count what is written, after it is."""
        summary = self._summary
        for (_, assessments), written in zip(pairs, all_written, strict=True):
            summary.counts[assessments[0].status.value] += 1
            summary.faces += sum(assessment.scored for assessment in assessments)
            for missing in written.missing:
                summary.miss(missing.what, missing.why, missing.path)
        summary.remade += sum(sample_id in self._remade for (sample_id, _, _), _ in pairs)
        for (_, path, _), assessments in lost:
            summary.miss("picture", str(assessments[0].reason), path)
        summary.kept += len(lost)
        summary.done += len(pairs) + len(lost)
