"""The videos of a run: frames sampled from a stream, the requests to the core, what is written of frames and videos.

Frames are scored as images are and written to fields of their own; the video gets the document of its best frame. The
last item of each video is the video itself: it has no pixels, and when its turn comes all frames before it are written.
A video or frame that cannot be decoded costs itself alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..dataset import fields, ownership
from ..dataset.connection import patiently, set_by_id
from ..storage.restored_files import RestoredFiles
from .given_boxes import FrameBoxes
from .pending import RETRIED, Looks, Pictures, worth_another_look
from .work import OldPictures, Picture, PictureKey, Work

KEPT_FRAMES = 16
"""Frames whose pixels are kept until their files are written: what bounds the memory where there are files."""


@dataclass
class _Known:
    """What earlier runs have left of a video: whether it has a status, and the numbers of its frames by what is due."""

    has_status: bool = False
    assessed: set[int] = field(default_factory=set)
    done: set[int] = field(default_factory=set)
    remade: set[int] = field(default_factory=set)


@dataclass(frozen=True, eq=False)
class _Ended:
    """The key of what stands for a video when all its frames are on their way."""

    sample_id: str


class VideoWork(Work):
    """What a run has to do for the videos of a view, see ``Work``.

    The summary's totals shrink by the videos that turn out to be done already.
    """

    is_video = True
    _boxes_of = FrameBoxes

    def _look(self, view: Any, extra: Sequence[str]) -> None:
        ownership.require_ours(self._dataset, self._names)
        self._videos: dict[str, str] = dict(zip(*view.values(["id", "filepath"]), strict=True))
        # With ``skip_scored`` scored frames stay.
        self.replaced = [] if self._settings.skip_scored else list(self._videos)
        self.together = KEPT_FRAMES if self._settings.restored else None
        self.fields = [self._settings.names.document, *self.fields]
        self._pictures = Pictures()
        self._looks = Looks(self._dataset, self._settings.field)
        self._summary.total = len(self._videos)

    def requests(self) -> Generator[Any, None, None]:
        """Requests to the core: of each video the frames to score, then one that stands for the video."""
        for sample_id, path in self._videos.items():
            yield from self._video_requests(sample_id, path)

    def _video_requests(self, sample_id: str, path: str) -> Iterator[Any]:
        from faceqgen_core import ImageRequest
        from faceqgen_core.video_io import NoLabelledFrame, UnreadableVideo, Video

        chosen = self._settings
        known = self._known(sample_id, path)
        if known is None:
            self._summary.total -= 1
            return
        if not chosen.skip_scored:
            self._forget(sample_id, known.assessed)
            known = _Known()
        boxes = self._boxes.read(sample_id) if self._boxes else None
        among = None if boxes is None else list(boxes)
        why, found = UnreadableVideo("no frame of the video can be decoded"), 0
        if among == []:
            why = NoLabelledFrame(f"no frame has a box in {chosen.faces_field!r}")
        try:
            with Video(path, max_pixels=chosen.max_pixels) as video:
                numbers = video.choose(fps=chosen.fps, max_frames=chosen.max_frames, among=among)
                left = [number for number in numbers if number not in known.done]
                for number, frame in video.read(left):
                    found += 1
                    there = not isinstance(frame, UnreadableVideo)
                    tracks = None if boxes is None else boxes[number]
                    labels = self._boxes.labelled(tracks, frame) if tracks and there else None
                    item = Picture(
                        sample_id=sample_id,
                        source=frame if there and chosen.restored else None,
                        labels=labels,
                        remade=number in known.remade,
                        number=number,
                        tracks=tracks,
                        part=found / len(left),
                    )
                    yield item.request(frame, f"{path}, frame {number}")
        except UnreadableVideo as error:
            why = error
        if known.has_status and not found:
            self._summary.total -= 1
            self._summary.skipped += 1
            return
        yield ImageRequest(why, name=path, key=_Ended(sample_id))

    def _known(self, sample_id: str, path: str) -> _Known | None:
        """What is known of a video and its frames; None if somebody has deleted it since the run began."""
        names, frames = self._settings.names, self._names
        paths = {
            "status": names.path("status"),
            "at": "last_modified_at",
            "numbers": "frames.frame_number",
            "statuses": frames.path("status"),
            "reasons": frames.path("reason"),
            "presets": frames.path("preset"),
        }
        wanted = {}
        if self._settings.restored:
            wanted = {"image": frames.media, "faces": frames.face_path("restored_path")}
            paths["face_statuses"] = frames.face_path("status")
        if self._settings.heatmap:
            wanted["heatmap"] = f"{frames.heatmap}.map_path"
        present = {
            key: path
            for key, path in (paths | wanted).items()
            if self._samples.get_field(path) is not None
        }
        asked = ["id", *present.values()]
        there, *columns = patiently(lambda: self._samples.select(sample_id).values(asked))
        if not there:
            return None
        video = {key: column[0] for key, column in zip(present, columns, strict=True)}
        numbers, statuses = video.get("numbers") or [], video.get("statuses") or []
        nothing: list[Any] = [None] * len(numbers)
        told = ("reasons", "presets", "face_statuses", *wanted)
        lists = {key: video.get(key) or nothing for key in told}
        known = _Known(video.get("status") is not None)
        looked_at = self._looks.at(video.get("at"))
        for place, (number, status) in enumerate(zip(numbers, statuses, strict=True)):
            if status is None:
                continue
            known.assessed.add(number)
            if status in RETRIED:
                reason = lists["reasons"][place]
                if not worth_another_look(path, reason, looked_at, self._settings):
                    known.done.add(number)
                continue
            frame = {key: lists[key][place] for key in wanted}
            frame |= {"wanted": tuple(wanted), "statuses": lists["face_statuses"][place]}
            same = status == "scored" and lists["presets"][place] == self._preset
            if same and self._pictures.lack(frame):
                known.remade.add(number)
            else:
                known.done.add(number)
        return known

    def _forget(self, sample_id: str, numbers: set[int]) -> None:
        """Take the scores of an earlier run away: it may have looked at other frames."""
        names = self._settings.names
        set_by_id(self._dataset, {names.sample: {sample_id: None}})
        frames = {sample_id: dict.fromkeys(sorted(numbers))}
        paths = (self._names.document, self._names.faces, self._names.heatmap)
        there = [path for path in paths if self._samples.get_field(path) is not None]
        if numbers and there:
            set_by_id(self._samples, dict.fromkeys(there, frames))

    def write(self, chunk: Sequence[list[Any]], files: RestoredFiles | None) -> None:
        """Write the assessments of the next frames, then the documents of the videos that these complete."""
        keyed = [(found[0].key, found) for found in chunk]
        frames = [(item, found) for item, found in keyed if isinstance(item, Picture)]
        try:
            pairs, _ = self._write_pictures(frames, files)
        except KeyError:  # what FiftyOne says where a video has been deleted meanwhile
            there = set(patiently(lambda: self._samples.values("id")))
            left = [(item, found) for item, found in frames if item.sample_id in there]
            if len(left) == len(frames):
                raise
            pairs, _ = self._write_pictures(left, files)
        self._summary.frames += len(pairs)
        self._write_videos(
            {item.sample_id: found[0] for item, found in keyed if isinstance(item, _Ended)}
        )
        last = keyed[-1][0]
        self._summary.part = last.part if isinstance(last, Picture) else 0.0

    def _write_videos(self, failures: dict[str, Any]) -> None:
        """Write the documents of videos of which all frames are written, given as id -> what to say without any score."""
        if not failures:
            return
        names = self._settings.names
        paths = ["id", "frames.frame_number", self._names.document]
        columns = patiently(lambda: self._samples.select(list(failures)).values(paths))
        documents = {}
        for sample_id, numbers, found in zip(*columns, strict=True):
            pairs = zip(numbers or (), found or (), strict=True)
            frames = {number: frame for number, frame in pairs if frame is not None}
            document = fields.video_document(frames, _in_sum(frames, failures[sample_id]))
            documents[sample_id] = document
        set_by_id(self._dataset, {names.sample: documents})
        self._summary.counts.update(document.status for document in documents.values())
        self._summary.done += len(documents)
        self._summary.total -= len(failures) - len(documents)  # those that were deleted meanwhile

    def _old(self, ids: Sequence[str]) -> dict[PictureKey, OldPictures]:
        paths = ["id", "frames.frame_number", self._names.media]
        paths.append(self._names.face_path("restored_path"))
        columns = patiently(lambda: self._samples.select(list(ids)).values(paths))
        return {
            (sample_id, number): (image, faces)
            for sample_id, *frames in zip(*columns, strict=True)
            for number, image, faces in zip(*frames, strict=True)
        }


def _in_sum(frames: dict[int, Any], failure: Any) -> Any:
    """What to say of a video without any score: what most of its frames say, if there are frames."""
    if not frames:
        return failure
    from faceqgen_core import Status

    counts = Counter(frame.status for frame in frames.values()).most_common()
    status = counts[0][0]
    first = next(number for number in sorted(frames) if frames[number].status == status)
    listed = ", ".join(f"{name} {count}" for name, count in counts)
    reason = (
        f"none of {len(frames)} frames has scores ({listed}); frame {first}: {frames[first].reason}"
    )
    return replace(failure, status=Status(status), reason=reason)
