"""A scoring run: samples -> core -> fields, in chunks.

A chunk is what is written at once and what an interrupted run loses at most: the next run with ``skip_scored`` goes on
where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from itertools import chain, groupby, islice
from pathlib import Path
from typing import Any

from ..dataset import run_records, targets
from ..storage.restored_files import RestoredFiles, default_folder
from .image_work import ImageWork
from .progress import Summary
from .settings import ScoreSettings
from .video_work import VideoWork

CHUNK_SAMPLES = 64
CHUNK_SECONDS = 3.0


class ScoringRun:
    """One run over one collection. Everything that can be refused is refused when it is made.

    Args:
        collection: data set or view.
        settings: the parameters.

    Raises:
        ValueError: no images or videos, no such field, unknown preset, scores of another preset, unusable folder, absent
            device.
    """

    def __init__(self, collection: Any, settings: ScoreSettings) -> None:
        from faceqgen_core import load_preset

        target = targets.find_target(collection)
        self.settings = settings.for_media(is_video=target.is_video)
        self.summary = Summary(settings.field, notices=list(target.notices))
        self._dataset = target.view._root_dataset
        work = VideoWork if target.is_video else ImageWork
        self._work = work(target.view, self.settings, self.summary)
        preset = load_preset(settings.preset).identifier
        targets.require_same_preset(self._dataset, self._work.replaced, self.settings.names, preset)
        self.summary.preset = preset
        if not self.summary.total:
            self.summary.notices.append(self._nothing_to_do())
            return
        self._assessor = self.settings.make_assessor()
        self._files = self._make_files()
        self._work.declare()

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
        if not self.summary.total:
            return
        started = written_at = time.monotonic()
        chunk: list[list[Any]] = []
        stream = self._assessments()
        most = min(CHUNK_SAMPLES, self._work.together or CHUNK_SAMPLES)
        try:
            for assessments in stream:
                chunk.append(assessments)
                late = time.monotonic() - written_at > CHUNK_SECONDS
                if late or len(chunk) >= most:
                    self._work.write(chunk, self._files)
                    chunk, written_at = [], time.monotonic()
                    yield self.summary
            if chunk:
                self._work.write(chunk, self._files)
        finally:  # stopped or failed half-way: what is written has its record, too
            stream.close()
            self.summary.seconds = round(time.monotonic() - started, 1)
            if self.summary.done or self.summary.frames:
                self.summary.run_key = run_records.register(
                    self._dataset, self.settings, self.summary, self._assessor.preset
                )
        if not self.summary.run_key:
            self.summary.notices.append(self._nothing_to_do())
        yield self.summary

    def _assessments(self) -> Iterator[list[Any]]:
        """The assessments of each request, in order; the core gets the requests in one go, or some at a time."""
        rest = None if self._work.together is None else self._work.together - 1
        with closing(self._work.requests()) as requests:
            for first in requests:
                stream = self._assessor.assess(
                    chain([first], islice(requests, rest)),
                    faces=self.settings.assess_faces,
                    all_faces=True,
                    restored=bool(self.settings.restored),
                    difference=self.settings.heatmap,
                )
                with closing(stream):
                    for _, group in groupby(stream, key=lambda assessment: assessment.index):
                        yield list(group)
