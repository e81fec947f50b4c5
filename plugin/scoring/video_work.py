"""The videos of a run: frames sampled from a stream, the requests to the core, what is written of frames and videos.

Frames are scored as images are and written to fields of their own; the video gets the document of its best frame. The
last item of each video is the video itself: it has no pixels, and when its turn comes all frames before it are written.
A video or frame that cannot be decoded costs itself alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..dataset import fields, ownership, targets
from ..storage.restored_files import RestoredFiles, write_files
from .given_boxes import (
    FrameBox,
    FrameBoxes,
    LabelledBox,
    face_boxes,
    follow_tracks,
    labelled_boxes,
)
from .pending import RETRIED, Pictures, worth_another_look
from .progress import Summary
from .settings import ScoreSettings

KEPT_FRAMES = 16
"""Frames whose pixels are kept until their files are written: what bounds the memory where there are files."""

_NOTHING = b""


@dataclass(frozen=True, eq=False)
class _Item:
    """A frame on its way through the core, or, without a number, its video when all frames are on theirs."""

    sample_id: str
    number: int | None = None
    status: str = ""
    reason: str = ""
    pixels: Any = None
    boxes: list[FrameBox] | None = None
    labels: list[LabelledBox] | None = None
    part: float = 0.0
    remade: bool = False

    @property
    def key(self) -> str:
        return f"{self.sample_id}_frame{self.number}"


@dataclass
class _Known:
    """What earlier runs have left of a video: whether it has a status, and the numbers of its frames by what is due."""

    has_status: bool = False
    assessed: set[int] = field(default_factory=set)
    done: set[int] = field(default_factory=set)
    remade: set[int] = field(default_factory=set)


class VideoWork:
    """What a run has to do for the videos of a view.

    Args:
        view: flat, of videos.
        settings: the parameters.
        summary: counts what is done; its totals shrink by the videos that turn out to be done already.
        preset: identifier of the run's preset.
        extra: names of the scores of other networks: frames that have scores already are not scored again for them.

    Raises:
        ValueError: no such field of boxes, a field's name is taken, a field is read-only.
    """

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
        self._videos = targets.whole(self._dataset, is_video=True)
        self._boxes: FrameBoxes | None = None
        if settings.faces == "field":
            labelled = targets.with_field(view, settings.faces_field)
            many = targets.require_faces_field(labelled, settings.faces_field)
            self._boxes = FrameBoxes(labelled, settings.faces_field, many=many)
        ownership.require_ours(self._dataset, settings.names)
        ownership.require_ours(self._dataset, settings.names.in_frames)
        videos = dict(zip(*view.values(["id", "filepath"]), strict=True))
        self._ids, self._paths = list(videos), list(videos.values())
        self._preset = preset
        self._pictures = Pictures()
        self._waiting: deque[_Item] = deque()
        summary.total = len(self._ids)

    @property
    def together(self) -> int | None:
        """Requests that the core may hold at a time: few if their pixels are kept for the files."""
        return KEPT_FRAMES if self._settings.restored else None

    @property
    def replaced(self) -> list[str]:
        """Ids of the videos whose scores are replaced: with ``skip_scored`` scored frames stay, so none is."""
        return [] if self._settings.skip_scored else self._ids

    @property
    def fields(self) -> list[str]:
        """Paths of the fields that the run writes."""
        names = self._settings.names
        frames = names.in_frames
        maps = [frames.heatmap] if self._settings.heatmap else []
        return [names.document, frames.document, frames.faces, *maps]

    def declare(self) -> list[str]:
        """Declare the fields; returns what the user should know."""
        chosen = self._settings
        return fields.declare_videos(
            self._dataset, chosen.names, heatmap=chosen.heatmap, restored=chosen.restored
        )

    def requests(self) -> Iterator[Any]:
        """Requests to the core: of each video the frames to score, then one that stands for the video."""
        for sample_id, path in zip(self._ids, self._paths, strict=True):
            yield from self._video_requests(sample_id, path)

    def _video_requests(self, sample_id: str, path: str) -> Iterator[Any]:
        from faceqgen_core import ImageRequest
        from faceqgen_core.video_io import UnreadableVideo, Video

        chosen = self._settings
        known = self._known(sample_id, path)
        if not chosen.skip_scored:
            self._forget(sample_id, known.assessed)
            known = _Known()
        boxes = self._boxes.read(sample_id) if self._boxes else None
        among = None if boxes is None else list(boxes)
        status, reason, found = "unreadable", "no frame of the video can be decoded", 0
        if among == []:
            status, reason = "no_face", f"no frame has a box in {chosen.faces_field!r}"
        try:
            with Video(path) as video:
                numbers = video.choose(fps=chosen.fps, max_frames=chosen.max_frames, among=among)
                left = [number for number in numbers if number not in known.done]
                for number, frame in video.read(left):
                    found += 1
                    item = _Item(
                        sample_id,
                        number,
                        boxes=None if boxes is None else boxes[number],
                        part=found / len(left),
                        remade=number in known.remade,
                    )
                    yield self._frame_request(item, path, frame)
        except UnreadableVideo as error:
            status, reason = "unreadable", error.reason
        if known.has_status and not found:
            self._summary.total -= 1
            self._summary.skipped += 1
            return
        self._waiting.append(_Item(sample_id, status=status, reason=reason))
        yield ImageRequest(_NOTHING, name=path)

    def _frame_request(self, item: _Item, path: str, frame: Any) -> Any:
        from faceqgen_core import ImageRequest
        from faceqgen_core.video_io import UnreadableVideo

        name = f"{path}, frame {item.number}"
        if isinstance(frame, UnreadableVideo):
            self._waiting.append(replace(item, reason=frame.reason))
            return ImageRequest(_NOTHING, name=name)
        labels = None if item.boxes is None else labelled_boxes(item.boxes, frame)
        pixels = frame if self._settings.restored else None
        self._waiting.append(replace(item, pixels=pixels, labels=labels))
        given = None if labels is None else face_boxes([box for box, _ in labels])
        return ImageRequest(frame, boxes=given, name=name)

    def _known(self, sample_id: str, path: str) -> _Known:
        """What is known of a video and its frames."""
        names, frames = self._settings.names, self._settings.names.in_frames
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
            if self._settings.heatmap:
                wanted["heatmap"] = f"{frames.heatmap}.map_path"
        present = {
            key: path
            for key, path in (paths | wanted).items()
            if self._videos.get_field(path) is not None
        }
        columns = self._videos.select(sample_id).values(list(present.values()))
        video = {key: column[0] for key, column in zip(present, columns, strict=True)}
        numbers, statuses = video.get("numbers") or [], video.get("statuses") or []
        nothing: list[Any] = [None] * len(numbers)
        lists = {key: video.get(key) or nothing for key in ("reasons", "presets", *wanted)}
        known = _Known(video.get("status") is not None)
        for place, (number, status) in enumerate(zip(numbers, statuses, strict=True)):
            if status is None:
                continue
            known.assessed.add(number)
            if status in RETRIED:
                reason = lists["reasons"][place]
                if not worth_another_look(path, reason, video.get("at"), self._settings):
                    known.done.add(number)
                continue
            frame = {key: lists[key][place] for key in wanted}
            same = status == "scored" and lists["presets"][place] == self._preset
            if same and self._pictures.lack({**frame, "wanted": tuple(wanted), "statuses": None}):
                known.remade.add(number)
            else:
                known.done.add(number)
        return known

    def _forget(self, sample_id: str, numbers: set[int]) -> None:
        """Take the scores of an earlier run away: it may have looked at other frames."""
        names = self._settings.names
        self._dataset.set_values(names.sample, {sample_id: None}, key_field="id")
        frames = {sample_id: dict.fromkeys(sorted(numbers))}
        paths = (names.in_frames.document, names.in_frames.faces, names.in_frames.heatmap)
        for path in paths if numbers else ():
            if self._videos.get_field(path) is not None:
                self._videos.set_values(path, frames, key_field="id")

    def write(self, chunk: Sequence[list[Any]], files: RestoredFiles | None) -> None:
        """Write the assessments of the next frames, then the documents of the videos that these complete."""
        items = [(self._waiting.popleft(), assessments) for assessments in chunk]
        frames = [(item, _explained(item, found)) for item, found in items if item.number]
        # A frame that was scored once and cannot be decoded any more keeps what is known of it.
        lost = [(item, found) for item, found in frames if item.remade and not found[0].scored]
        for item, found in lost:
            self._summary.miss("picture", str(found[0].reason), item.key)
        self._write_frames([frame for frame in frames if frame not in lost], files)
        self._write_videos(
            {item.sample_id: _explained(item, a)[0] for item, a in items if not item.number}
        )
        self._summary.part = items[-1][0].part

    def _write_frames(
        self, frames: list[tuple[_Item, list[Any]]], files: RestoredFiles | None
    ) -> None:
        documents: dict[str, dict[int, Any]] = defaultdict(dict)
        faces: dict[str, dict[int, Any]] = defaultdict(dict)
        heatmaps: dict[str, dict[int, Any]] = defaultdict(dict)
        written = write_files(files, [(item.key, item.pixels, found) for item, found in frames])
        for (item, found), paths in zip(frames, written, strict=True):
            detections = fields.faces_document(
                found, restored_paths=paths.faces, source_labels=item.labels
            )
            follow_tracks(detections, item.boxes)
            document = fields.sample_document(found[0], restored_path=paths.restored)
            documents[item.sample_id][item.number] = document
            faces[item.sample_id][item.number] = detections
            if self._settings.heatmap or not item.remade:
                heatmaps[item.sample_id][item.number] = fields.heatmap_document(paths.heatmap)
        names = self._settings.names.in_frames
        options = {"key_field": "id", "dynamic": True}
        if frames:
            self._videos.set_values(names.faces, faces, **options)
            if heatmaps and self._videos.get_field(names.heatmap) is not None:
                self._videos.set_values(names.heatmap, heatmaps, **options)
            # Last, since its status says that the frame is done.
            self._videos.set_values(names.document, documents, **options)
        self._summary.frames += len(frames)
        self._summary.remade += sum(item.remade for item, _ in frames)
        for (_, found), paths in zip(frames, written, strict=True):
            self._summary.faces += sum(assessment.scored for assessment in found)
            for missing in paths.missing:
                self._summary.miss(missing.what, missing.why, missing.path)

    def _write_videos(self, failures: dict[str, Any]) -> None:
        """Write the documents of videos of which all frames are written, given as id -> what to say without any score."""
        if not failures:
            return
        names = self._settings.names
        paths = ["id", "frames.frame_number", names.in_frames.document]
        columns = self._videos.select(list(failures)).values(paths)
        documents = {}
        for sample_id, numbers, found in zip(*columns, strict=True):
            pairs = zip(numbers or (), found or (), strict=True)
            frames = {number: frame for number, frame in pairs if frame is not None}
            document = fields.video_document(frames, _in_sum(frames, failures[sample_id]))
            documents[sample_id] = document
        options = {"key_field": "id", "dynamic": True}
        self._dataset.set_values(names.sample, documents, **options)
        self._summary.counts.update(document.status for document in documents.values())
        self._summary.done += len(documents)


def _explained(item: _Item, assessments: list[Any]) -> list[Any]:
    """The assessments; of what had no pixels, with what is known of it."""
    if not item.reason:
        return assessments
    from faceqgen_core import Status

    status = Status(item.status) if item.status else assessments[0].status
    return [replace(assessments[0], status=status, reason=item.reason)]


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
