"""A scoring run: samples -> core -> fields, in chunks.

A chunk is what is written at once and what an interrupted run loses at most: the next run with ``skip_scored`` goes on
where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import chain, groupby, islice
from typing import Any, ClassVar

from pymongo.errors import ConnectionFailure

from ..dataset import extra_scores, run_records, targets
from ..dataset.lease import Lease, declared_alone
from ..dataset.product_store import remember_folder
from ..dataset.run_records import RunRecord
from ..dataset.under_way import forget_request, stop_requested
from ..storage.folders import files_folder
from ..storage.restored_files import RestoredFiles
from .estimate import measured
from .image_work import ImageWork
from .progress import Summary
from .settings import ScoreSettings
from .video_work import VideoWork
from .work import Work

CHUNK_SAMPLES = 64
CHUNK_SECONDS = 3.0


class ScoringRun:
    """One run over one collection. Everything that can be refused is refused when it is made.

    Args:
        collection: data set or view.
        settings: the parameters.

    Raises:
        ValueError: no images or videos, no such field, somebody else's field, one that another run is at work on,
            unknown preset, scores of another preset, unusable folder, absent device.
    """

    settings: ScoreSettings
    summary: Summary
    _what: ClassVar[str] = "scoring"

    def __init__(self, collection: Any, settings: ScoreSettings) -> None:
        target = targets.find_target(collection)
        self._is_video = target.is_video
        self._dataset = target.view._root_dataset
        self._dataset._doc.reload("runs")  # other processes register theirs
        self._lease = Lease(self._dataset, settings.field, self._what, run=self._shared(settings))
        self._lease.require_free()
        self._files: RestoredFiles | None = None
        self._stopped = False
        self._prepare(target, settings)

    def _shared(self, settings: Any) -> str | None:
        """What those must have in common who write the field at the same time; None: nobody may."""
        return f"{settings.part_of}, {settings.preset}" if settings.part_of else None

    def _prepare(self, target: targets.Target, settings: ScoreSettings) -> None:
        """Find out what is to do: settings, summary, preset, the work, where the assessments come from."""
        from faceqgen_core import load_preset

        self.settings = settings.for_media(is_video=target.is_video)
        self.summary = Summary(settings.field, notices=list(target.notices))
        self._preset = chosen = load_preset(settings.preset)
        self.settings = self.settings.for_preset(chosen)
        if chosen.notice:
            self.summary.notices.append(f"{chosen.notice}.")
        networks = self.settings.load_extra_scores()
        self._extra = [*chosen.extra_measures, *(score.extra_measure for score in networks)]
        work = VideoWork if target.is_video else ImageWork
        names = [score.name for score in networks]
        self._work: Work = work(target.view, self.settings, self.summary, chosen.identifier, names)
        if self._may_write():
            self._assessor = self.settings.make_assessor(networks)
            self._files = self._make_files()

    def _may_write(self) -> bool:
        """Check that the work can be written; says whether there is any.

        Raises:
            ValueError: scores of another preset or network would stand beside those of the run.
        """
        replaced, names = self._work.replaced, self.settings.names
        targets.require_same_preset(self._dataset, replaced, names, self._preset.identifier)
        extra_scores.require_free(self._dataset, replaced, names, self._extra)
        self.summary.preset = self._preset.identifier
        if not self.summary.total:
            self.summary.notices.append(self._nothing_to_do())
        return bool(self.summary.total)

    def _nothing_to_do(self) -> str:
        if self.summary.skipped:
            return (
                f"Nothing to do: all {self.summary.skipped} sample(s) have a status in "
                f"{self.settings.field!r}. Turn 'skip_scored' off to score them anew."
            )
        return "Nothing to do: there are no samples here."

    def _declare(self) -> list[str]:
        """Declare the fields; returns what the user should know."""
        if self._lease.is_shared:
            self._dataset.reload()  # another part may have declared them: they are not declared anew, and so emptied
        notices = self._work.declare()
        return notices + extra_scores.declare(self._dataset, self.settings.names, self._extra)

    def _make_files(self) -> RestoredFiles | None:
        if not (self.settings.restored or self.settings.heatmap):
            return None
        records = run_records.records(self._dataset, self.settings.field).values()
        files = RestoredFiles(
            files_folder(self._dataset, self.settings.field, self.settings.restored_dir, records),
            whole_crops=self.settings.faces == "crop",
            dataset_id=self._dataset._doc.id,
            own_fields=self._work.fields,
            max_pixels=self.settings.max_pixels,
        )
        self.summary.restored_dir = str(files.folder)
        return files

    def __iter__(self) -> Iterator[Summary]:
        """Score; yields the summary after each chunk that is written.

        Closing the iterator stops the run safely; so does ``dataset.under_way.request_stop``, from any process.

        Raises:
            ValueError: another run has begun to write the field since this one was made.
            LeaseLost: another run has taken the field over while this one slept.
        """
        if not self.summary.total:
            return
        with self._lease:
            at_work = self._lease.at_work()
            run_records.close_abandoned(self._dataset, self.settings.field, at_work)
            record = RunRecord(
                self._dataset,
                self.settings,
                self.summary,
                self._preset,
                self._work.fields,
                holder=self._lease.id,
            )
            self.summary.run_key = record.key
            state = run_records.FAILED
            try:
                yield from self._score(record)
                state = run_records.STOPPED if self._stopped else run_records.FINISHED
            except (GeneratorExit, KeyboardInterrupt):
                state = run_records.STOPPED
                raise
            except ConnectionFailure as error:
                raise RuntimeError(
                    f"the database cannot be reached any more ({type(error).__name__}): {self.summary.words} are "
                    "written and stay; when it is back, run again with skip_scored, and the rest is done"
                ) from error
            finally:  # finished, stopped or failed half-way: the record says so
                forget_request(self._dataset, record.key)
                if self._touched or state == run_records.FAILED:
                    record.end(state)
                else:
                    record.remove()
                    self.summary.run_key = ""
        if not self.summary.run_key:
            self.summary.notices.append(self._nothing_to_do())
        yield self.summary

    @property
    def _touched(self) -> bool:
        """Whether anything was written, or found missing."""
        summary = self.summary
        return bool(summary.done or summary.frames or summary.missing_files)

    def _score(self, record: RunRecord) -> Iterator[Summary]:
        from faceqgen_core.process.heap import give_back

        started = written_at = time.monotonic()
        if self._files is not None:
            remember_folder(str(self._files.folder))
            self._files.begin(alone=not self._lease.is_shared)
        self.summary.notices += declared_alone(self._dataset, self._declare)
        chunk: list[list[Any]] = []
        stream = self._assessments()
        most = min(CHUNK_SAMPLES, self._work.together or CHUNK_SAMPLES)
        try:
            for assessments in stream:
                chunk.append(assessments)
                late = time.monotonic() - written_at > CHUNK_SECONDS
                if late or len(chunk) >= most:
                    self._write(chunk, record, started)
                    chunk, written_at = [], time.monotonic()
                    yield self.summary
                    if self._is_to_stop(record):
                        break
            if chunk:
                self._write(chunk, record, started)
        finally:
            stream.close()
            give_back(after=0)
            self.summary.seconds = round(time.monotonic() - started, 1)
            self._measured()

    def _is_to_stop(self, record: RunRecord) -> bool:
        """Whether somebody has asked the run to stop while there is something left to do."""
        summary = self.summary
        if summary.done >= summary.total or not stop_requested(self._dataset, record.key):
            return False
        self._stopped = True
        summary.notices.append(
            f"Stopped as it was asked to: {summary.words} are written and stay; run again with skip_scored, and the rest is "
            "done"
        )
        return True

    def _measured(self) -> None:
        """Keep how fast it went."""
        measured(
            self.settings,
            is_video=self._is_video,
            items=self.summary.frames if self._is_video else self.summary.done,
            seconds=self.summary.seconds,
        )

    def _write(self, chunk: list[list[Any]], record: RunRecord, started: float) -> None:
        self._lease.renew()
        self._work.write(chunk, self._files)
        self.summary.seconds = round(time.monotonic() - started, 1)
        record.update()

    def _assessments(self) -> Generator[list[Any], None, None]:
        """The assessments of each request, in order; the core gets the requests in one go, or some at a time."""
        rest = None if self._work.together is None else self._work.together - 1
        with closing(self._work.requests()) as requests:
            for first in requests:
                stream = self._assessor.assess(
                    chain([first], islice(requests, rest)),
                    faces=self.settings.assess_faces,
                    all_faces=True,
                    # most frames of a video without a face have none, and all of them are looked at
                    find_turned=not self._work.is_video,
                    restored=bool(self.settings.restored),
                    difference=self.settings.heatmap,
                    drawn=bool(self.settings.restored),
                    trust=bool(self.settings.restored),
                )
                with closing(stream):
                    for _, group in groupby(stream, key=lambda assessment: assessment.index):
                        yield list(group)
