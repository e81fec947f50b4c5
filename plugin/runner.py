"""A scoring run: samples -> core -> fields, in chunks.

A chunk is what is written at once and what an interrupted run loses at most: the next run with ``skip_scored`` goes on
where it stopped.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from . import fields, record, targets
from .boxes import LabelBoxes, LabelledBox, face_boxes
from .restored_files import RestoredFiles, WrittenFiles, default_folder
from .settings import ScoreSettings

CHUNK_SAMPLES = 64
CHUNK_SECONDS = 3.0
WRITERS = 4


@dataclass
class Summary:
    """What a run did.

    Attributes:
        field: field it wrote.
        preset: identifier of its preset.
        total: samples to score.
        done: samples scored or found impossible to score so far.
        skipped: samples left alone because they had a status.
        faces: faces scored.
        counts: status -> samples.
        notices: what the user should know, in sentences.
        run_key: key of the record of the run; "" if nothing was written.
        restored_dir: folder of the files, if any were asked for.
        seconds: duration.
    """

    field: str
    preset: str = ""
    total: int = 0
    done: int = 0
    skipped: int = 0
    faces: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    notices: list[str] = field(default_factory=list)
    run_key: str = ""
    restored_dir: str | None = None
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**self.__dict__, "counts": dict(self.counts), "notices": list(self.notices)}


class ScoringRun:
    """One run over one collection. Everything that can be refused is refused when it is made.

    Args:
        collection: data set or view.
        settings: the parameters.

    Raises:
        ValueError: no images, no such field, unknown preset, scores of another preset, unusable folder, absent device.
    """

    def __init__(self, collection: Any, settings: ScoreSettings) -> None:
        from faceqgen_core import load_preset

        self.settings = settings
        self.summary = Summary(settings.field)
        self._view, notice = targets.image_view(collection)
        if notice:
            self.summary.notices.append(notice)
        self._dataset = self._view._root_dataset
        self._boxes: LabelBoxes | None = None
        self._labels: dict[int, list[LabelledBox]] = {}
        if settings.faces == "field":
            many = targets.require_faces_field(self._view, settings.faces_field)
            self._boxes = LabelBoxes(self._view, settings.faces_field, many=many)

        fields.require_free(self._dataset, settings.names)
        preset = load_preset(settings.preset).identifier
        self._todo = targets.samples_to_score(self._view, settings)
        targets.require_same_preset(self._view, self._todo, settings.names, preset)
        self._ids, self._paths = self._todo.values(["id", "filepath"])
        self.summary.preset = preset
        self.summary.total = len(self._ids)
        self.summary.skipped = len(self._view) - len(self._ids)
        if not self._ids:
            self.summary.notices.append(self._nothing_to_do())
            return
        self._assessor = settings.make_assessor()
        self._files = self._make_files()
        fields.declare(
            self._dataset, settings.names, heatmap=settings.heatmap, restored=settings.restored
        )

    def _nothing_to_do(self) -> str:
        if self.summary.skipped:
            return (
                f"Nothing to do: all {self.summary.skipped} sample(s) have a status in "
                f"{self.settings.field!r}. Turn 'skip_scored' off to score them anew."
            )
        return "Nothing to do: there are no samples here."

    def _make_files(self) -> RestoredFiles | None:
        if not (self.settings.restored or self.settings.heatmap):
            return None
        chosen = self.settings.restored_dir
        folder = Path(chosen) if chosen else default_folder(self._dataset.name)
        files = RestoredFiles(
            folder / self.settings.field, whole_crops=self.settings.faces == "crop"
        )
        self.summary.restored_dir = str(files.folder)
        return files

    def __iter__(self) -> Iterator[Summary]:
        """Score; yields the summary after each chunk that is written. Closing the iterator stops the run safely."""
        if not self._ids:
            return
        started = time.monotonic()
        stream = self._assessor.assess(
            self._requests(),
            faces=self.settings.assess_faces,
            all_faces=True,
            restored=self.settings.restored,
            difference=self.settings.heatmap,
        )
        chunk: list[tuple[int, list[Any]]] = []
        written_at = started
        try:
            for index, group in groupby(stream, key=lambda assessment: assessment.index):
                chunk.append((index, list(group)))
                late = time.monotonic() - written_at > CHUNK_SECONDS
                if late or len(chunk) >= CHUNK_SAMPLES:
                    self._write(chunk)
                    chunk, written_at = [], time.monotonic()
                    yield self.summary
            if chunk:
                self._write(chunk)
        finally:  # stopped or failed half-way: what is written has its record, too
            stream.close()
            self.summary.seconds = round(time.monotonic() - started, 1)
            if self.summary.done:
                self.summary.run_key = record.register(
                    self._dataset, self.settings, self.summary, self._assessor.preset
                )
        yield self.summary

    def _requests(self) -> Iterator[Any]:
        """Requests to the core in the order of the samples; boxes are fetched a chunk at a time."""
        from faceqgen_core import ImageRequest

        if self._boxes is None:
            yield from (ImageRequest(path) for path in self._paths)
            return
        for start in range(0, len(self._ids), CHUNK_SAMPLES):
            part = slice(start, start + CHUNK_SAMPLES)
            boxes = self._boxes.read(self._ids[part], self._paths[part])
            for index, (path, given) in enumerate(
                zip(self._paths[part], boxes, strict=True), start
            ):
                self._labels[index] = given
                yield ImageRequest(path, boxes=face_boxes([box for box, _ in given]))

    def _write(self, chunk: list[tuple[int, list[Any]]]) -> None:
        """Write one chunk: files first, so that no field names a file that is not there."""
        files = self._write_files(chunk)
        samples, faces, heatmaps = {}, {}, {}
        for (index, assessments), written in zip(chunk, files, strict=True):
            sample_id = self._ids[index]
            samples[sample_id] = fields.sample_document(
                assessments[0], restored_path=written.restored
            )
            faces[sample_id] = fields.faces_document(
                assessments,
                restored_paths=written.faces,
                source_labels=self._labels.pop(index, None),
            )
            heatmaps[sample_id] = fields.heatmap_document(written.heatmap)
            self.summary.counts[assessments[0].status.value] += 1
            self.summary.faces += sum(assessment.scored for assessment in assessments)
        names = self.settings.names
        options = {"key_field": "id", "dynamic": True}
        self._dataset.set_values(names.faces, faces, **options)
        if self._dataset.has_field(names.heatmap):  # an old map beside new scores would be wrong
            self._dataset.set_values(names.heatmap, heatmaps, **options)
        # Last, since its status says that the sample is done: a run killed before this line comes back to it.
        self._dataset.set_values(names.sample, samples, **options)
        self.summary.done += len(chunk)

    def _write_files(self, chunk: list[tuple[int, list[Any]]]) -> list[WrittenFiles]:
        if self._files is None:
            return [WrittenFiles()] * len(chunk)
        self._files.announce([(self._ids[index], assessments) for index, assessments in chunk])
        with ThreadPoolExecutor(WRITERS) as pool:
            return list(
                pool.map(
                    lambda item: self._files.write(
                        self._ids[item[0]], self._paths[item[0]], item[1]
                    ),
                    chunk,
                )
            )
