"""What runs over images and over videos share: their fields, the boxes, how the scores of a chunk become documents."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ..dataset import fields, ownership, targets
from ..dataset.connection import set_by_id
from ..dataset.fields import LabelledBox
from ..storage.restored_files import RestoredFiles, WrittenFiles, write_files
from .given_boxes import FrameBox, face_boxes, follow_tracks
from .progress import Summary
from .settings import ScoreSettings

PictureKey = tuple[str, int | None]
"""Id of a sample, and number of its frame; None: it is an image."""

OldPictures = tuple[str | None, Sequence[str | None] | None]
"""Paths of a restored image, and of the restored crops of its faces in their order."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Picture:
    """An image, or the frame of a video, on its way through the core: the key of its request.

    Attributes:
        sample_id: of the image or the video.
        source: path or pixels, from which its restored image is made.
        labels: the boxes that were given, with the ids of their labels.
        remade: it has scores, and is scored again for its pictures alone.
        number: of the frame; None: an image.
        tracks: the boxes as the frame has them.
        part: how much of its video is done with it.
    """

    sample_id: str
    source: Any = None
    labels: list[LabelledBox] | None = None
    remade: bool = False
    number: int | None = None
    tracks: list[FrameBox] | None = None
    part: float = 0.0

    @property
    def name(self) -> str:
        """What its files are named after."""
        return self.sample_id if self.number is None else f"{self.sample_id}_frame{self.number}"

    @property
    def key(self) -> PictureKey:
        """What tells it from all others."""
        return self.sample_id, self.number

    def request(self, source: Any, name: str | None = None) -> Any:
        """What the core is asked: ``source`` is path, pixels, or why there are none."""
        from faceqgen_core import ImageRequest

        given = None if self.labels is None else face_boxes([box for box, _ in self.labels])
        return ImageRequest(source, boxes=given, name=name, key=self)

    def put(self, values: dict[str, Any], document: Any) -> None:
        """Enter a document as FiftyOne takes it, by sample, or by sample and frame."""
        if self.number is None:
            values[self.sample_id] = document
        else:
            values.setdefault(self.sample_id, {})[self.number] = document


Scored = tuple[Picture, Sequence[Any]]
"""A picture and its assessments."""


class Work(ABC):
    """What a run has to do for the samples of a view.

    Args:
        view: flat, of images or of videos.
        settings: the parameters.
        summary: counts what is done.
        preset: identifier of the run's preset.
        extra: names of the scores of other networks; frames that have scores are not scored again for them.

    Attributes:
        fields: paths of the fields that the run writes.
        replaced: ids of the samples whose scores are replaced.
        together: requests that the core may hold at a time; None: as many as it likes.

    Raises:
        ValueError: no such field of boxes, a field's name is taken, a field is read-only.
    """

    is_video: ClassVar[bool]
    together: int | None = None
    replaced: list[str]
    _boxes_of: ClassVar[type]

    def __init__(
        self,
        view: Any,
        settings: ScoreSettings,
        summary: Summary,
        preset: str,
        extra: Sequence[str] = (),
    ) -> None:
        self._settings, self._summary, self._preset = settings, summary, preset
        self._dataset = view._root_dataset
        self._samples = targets.whole(self._dataset, is_video=self.is_video)
        names = self._names = settings.names.in_frames if self.is_video else settings.names
        self.fields = [names.document, names.faces, *([names.heatmap] if settings.heatmap else [])]
        self._boxes: Any = None
        if settings.faces_field:
            labelled = targets.with_field(view, settings.faces_field)
            many = targets.require_faces_field(labelled, settings.faces_field)
            self._boxes = self._boxes_of(
                labelled, settings.faces_field, many=many, max_pixels=settings.max_pixels
            )
        ownership.require_ours(self._dataset, settings.names)
        self._look(view, extra)

    @abstractmethod
    def _look(self, view: Any, extra: Sequence[str]) -> None:
        """Find out what is to do."""

    @abstractmethod
    def requests(self) -> Generator[Any, None, None]:
        """Requests to the core, in the order of the samples."""

    @abstractmethod
    def write(self, chunk: Sequence[list[Any]], files: RestoredFiles | None) -> None:
        """Write the assessments of the next requests."""

    @abstractmethod
    def _old(self, ids: Sequence[str]) -> dict[PictureKey, OldPictures]:
        """The restored pictures that an earlier run has written of samples."""

    def declare(self) -> list[str]:
        """Declare the fields; returns what the user should know."""
        chosen = self._settings
        declare = fields.declare_videos if self.is_video else fields.declare
        options = {"heatmap": chosen.heatmap, "restored": bool(chosen.restored)}
        return declare(self._dataset, chosen.names, **options)

    def _write_pictures(
        self, found: Sequence[Scored], files: RestoredFiles | None
    ) -> tuple[list[Scored], int]:
        """Write pictures: files first, so that no field names one that is not there.

        Returns:
            What is written; and how many were scored once, cannot be read any more and keep what is known of them.
        """
        lost = [pair for pair in found if pair[0].remade and not pair[1][0].scored]
        pairs = [pair for pair in found if pair not in lost]
        images = [(item.name, item.source, assessments) for item, assessments in pairs]
        written = self._with_old(pairs, write_files(files, images))
        faces: dict[str, Any] = {}
        heatmaps: dict[str, Any] = {}
        documents: dict[str, Any] = {}
        for (item, assessments), paths in zip(pairs, written, strict=True):
            detections = fields.faces_document(
                assessments, restored_paths=paths.faces, source_labels=item.labels
            )
            follow_tracks(detections, item.tracks)
            item.put(faces, detections)
            document = fields.sample_document(assessments[0], restored_path=paths.restored)
            item.put(documents, document)
            if self._settings.heatmap or not item.remade:
                item.put(heatmaps, fields.heatmap_document(paths.heatmap))
        names, samples = self._names, self._samples
        if pairs:
            values = {names.faces: faces}
            # an old map beside new scores would be wrong
            if heatmaps and samples.get_field(names.heatmap) is not None:
                values[names.heatmap] = heatmaps
            # Last, since its status says that it is done: a run killed before it comes back to it.
            values[names.document] = documents
            set_by_id(samples, values)
        self._count(pairs, written, lost)
        return pairs, len(lost)

    def _with_old(self, pairs: Sequence[Scored], written: list[WrittenFiles]) -> list[WrittenFiles]:
        """The files that the fields shall name.

        Of what is scored again for its heatmap alone, with the restored images that it has.
        """
        ids = sorted({item.sample_id for item, _ in pairs if item.remade})
        if self._settings.restored or not ids:
            return written
        old = self._old(ids)
        return [
            files.with_restored(*old[item.key]) if item.remade and item.key in old else files
            for (item, _), files in zip(pairs, written, strict=True)
        ]

    def _count(
        self, pairs: Sequence[Scored], written: Sequence[WrittenFiles], lost: Sequence[Scored]
    ) -> None:
        """Count what is written, after it is."""
        summary = self._summary
        summary.remade += sum(item.remade for item, _ in pairs)
        summary.faces += sum(face.scored for _, assessments in pairs for face in assessments)
        for missing in (missing for paths in written for missing in paths.missing):
            summary.miss(missing.what, missing.why, missing.path)
        for _, assessments in lost:
            summary.miss("picture", str(assessments[0].reason), assessments[0].source)
