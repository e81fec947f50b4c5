"""The assessor: images -> Assessments, in input order. Joins the rooms into one stream and does no maths itself.

Worker threads decode, detect and align ahead of the network, a bounded number of images at a time. The thread that iterates
batches the crops across images and completes what the network, in a thread of its own, has made of the batch before: so the
network does not wait while its results are written. Whatever goes wrong with one image becomes that image's
Assessment; only what would go wrong with every image (preset, device, detector) is raised.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.alignment import unusable
from faceqgen_core.changes.naming import with_turn
from faceqgen_core.detection import (
    DetectorError,
    FaceDetector,
    MTCNNDetector,
    overlap,
    primary_face_order,
)
from faceqgen_core.finding.faces import find_faces
from faceqgen_core.image_io import DEFAULT_MAX_PIXELS, ImageError, ImageSource, load_image
from faceqgen_core.image_request import ImageRequest as ImageRequest
from faceqgen_core.image_request import bytes_of
from faceqgen_core.media.memory_budget import PICTURES as PICTURE_MEMORY
from faceqgen_core.onnx_quality.extra_score import ExtraScore
from faceqgen_core.presets import DEFAULT_PRESET, Preset, load_preset
from faceqgen_core.process.ahead import many_ahead, one_ahead
from faceqgen_core.process.heap import give_back
from faceqgen_core.reasons import FaceStatistics, explain, measure_face_statistics
from faceqgen_core.restoration import CropRestorer, MeasuredCrops, Pictures
from faceqgen_core.types import Assessment, FaceBox, FaceCrop, Image, Landmarks, Status

_LOG = logging.getLogger(__name__)

FaceSource = Literal["detect", "crop", "given"]
"""Where faces come from: found by the detector, the image is a crop of one, or boxes given with each image."""

# A given box is searched for landmarks with this margin on each side, as a share of its longer side.
_SEARCH_MARGIN = 0.5
_SEARCH_OVERLAP = 0.25
_BATCHES_AHEAD = 2
# Bytes of arrays and file contents that may wait to be prepared, for frames of a video come as pixels; and of crops that are.
_BYTES_AHEAD = 200_000_000
# Seconds for which results wait until a batch is full: large photographs come one by one.
_PATIENCE = 2.0


@dataclass(frozen=True, eq=False)
class _Options:
    faces: FaceSource
    all_faces: bool
    pictures: Pictures
    find_turned: bool = True


@dataclass(frozen=True, eq=False)
class _Prepared:
    """One line of the result: complete if there is no crop, else what is known before the network has run."""

    assessment: Assessment
    crop: Image | None = None
    statistics: FaceStatistics | None = None
    extra_crops: tuple[Image, ...] = ()


class FaceQualityAssessor:
    """Scores the faces of any number of images.

    Args:
        preset: name or folder of a preset, a network from elsewhere (see ``load_preset``), or a loaded one.
        detector: finds the faces; by default MTCNN, built when first needed, on the GPU if ``device`` names one.
        batch_size: crops per run of the network, at least 1; changes no score by more than rounding.
        device: where the network runs: "auto", "cpu", "gpu" or "gpu:N".
        max_pixels: images with more pixels are not decoded but reported ``too_large``. Images wait for each other where
            their pixels would not fit into the process's memory budget together.
        small_faces: where no face is found in a photograph of more than 1024 px, look at it in tiles at full size, too.
        min_face: faces whose box has a shorter side, in pixels, are reported ``too_small``.
        workers: threads that decode, detect and align, at least 1: two keep a network on the CPU busy, a GPU may want four.
        restorer: runs the network in place of the preset's own.
        extra_scores: quality networks of others, which score the same faces beside ours.

    Raises:
        PresetError: the preset is missing, incomplete or altered.
        ValueError: a number under its limit.
    """

    def __init__(
        self,
        preset: str | os.PathLike[str] | Preset = DEFAULT_PRESET,
        *,
        detector: FaceDetector | None = None,
        batch_size: int = 32,
        device: str = "auto",
        max_pixels: int = DEFAULT_MAX_PIXELS,
        small_faces: bool = False,
        min_face: float = 16,
        workers: int = 2,
        restorer: CropRestorer | None = None,
        extra_scores: Sequence[ExtraScore] = (),
    ) -> None:
        limits = {"batch_size": batch_size, "workers": workers, "max_pixels": max_pixels}
        for name, value in limits.items():
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        if not min_face >= 0:
            raise ValueError(f"min_face must be at least 0 pixels, got {min_face}")
        self._preset = preset if isinstance(preset, Preset) else load_preset(preset)
        self._detector: FaceDetector = (
            MTCNNDetector(device=_detector_device(device)) if detector is None else detector
        )
        self._batch_size, self._device = batch_size, device
        self._max_pixels, self._small = max_pixels, small_faces
        self._min_face = min_face
        self._workers = workers
        self._restorer = restorer
        self._extra = tuple(extra_scores)
        self._lock = threading.Lock()

    @property
    def preset(self) -> Preset:
        """The verified preset."""
        return self._preset

    @property
    def detector(self) -> FaceDetector:
        """The face detector."""
        return self._detector

    def assess(
        self,
        images: Iterable[ImageSource | ImageRequest],
        *,
        faces: FaceSource = "detect",
        all_faces: bool = False,
        find_turned: bool = True,
        restored: bool = False,
        difference: bool = False,
        drawn: bool = False,
        trust: bool = False,
        code: bool = False,
    ) -> Iterator[Assessment]:
        """Assess images: an iterator of at least one Assessment per image, in input order.

        With ``faces="given"``, a box with landmarks is aligned by them. For a box without, the detector looks inside
        the box and a margin of half its longer side around it, and the landmarks of the face that covers the box best
        are used; if it finds none, the crop is an upright square around the box. The box stays the caller's.

        Args:
            images: paths, bytes, arrays or requests; read lazily, in the thread that iterates.
            faces: "detect"; "crop", the image is a crop of one face; "given", the boxes of each ``ImageRequest``.
            all_faces: assess every face, primary face first, instead of the primary face only.
            find_turned: look for faces in the image turned by 90, 180 and 270 degrees where the detector finds none
                upright that is sure (see ``detection.find_turned``); boxes stay in pixels of the image, and ``Assessment.turn`` says how it would stand upright.
            restored: also return the restored crops.
            difference: also return the difference maps.
            drawn: also return the faces as drawn from their codes alone.
            trust: also return how far each pixel of the crop was kept.
            code: also return the code from which the face is drawn.

        Raises:
            ValueError: an unknown ``faces``, or one image instead of a collection of images.
            DetectorError: the detector itself cannot work.
        """
        if faces not in get_args(FaceSource):
            raise ValueError(
                f"faces must be one of {', '.join(map(repr, get_args(FaceSource)))}, got {faces!r}"
            )
        single = isinstance(images, (str, bytes, os.PathLike, ImageRequest))
        if single or (isinstance(images, np.ndarray) and images.ndim < 4):
            raise ValueError(
                "assess takes a collection of images: put the one image into a list, assess([image])"
            )
        pictures = Pictures(
            restored=restored, difference=difference, drawn=drawn, trust=trust, code=code
        )
        return self._stream(iter(images), _Options(faces, all_faces, pictures, find_turned))

    def _stream(
        self, images: Iterator[ImageSource | ImageRequest], options: _Options
    ) -> Iterator[Assessment]:
        network = self._network()  # first of all: a wrong device must show before work is done
        with closing(self._prepare_ahead(images, options)) as prepared:
            measure = partial(_measured, network, pictures=options.pictures)
            with closing(one_ahead(self._batches(prepared), measure)) as batches:
                for batch, result in batches:
                    yield from self._completed_batch(batch, result, options.pictures)

    def _batches(self, prepared: Iterator[_Prepared]) -> Iterator[tuple[list[_Prepared], bool]]:
        """What the network runs over at once; with it, whether it has come slowly, so that nobody should wait for the next."""
        waiting: list[_Prepared] = []
        crops, since = 0, time.monotonic()
        for one in prepared:
            waiting.append(one)
            crops += one.crop is not None
            late = time.monotonic() - since > _PATIENCE
            if crops == 0 or crops == self._batch_size or late:
                yield waiting, crops == 0 or late
                waiting, crops, since = [], 0, time.monotonic()
        if waiting:
            yield waiting, True

    def _prepare_ahead(
        self, images: Iterator[ImageSource | ImageRequest], options: _Options
    ) -> Generator[_Prepared, None, None]:
        """Prepare in threads and yield in input order, at most two batches and a fixed memory ahead of the reader."""
        room = _BYTES_AHEAD // (3 * self._preset.protocol.size**2)
        return many_ahead(
            images,
            partial(self._prepare, options=options),
            workers=self._workers,
            most=min(_BATCHES_AHEAD * self._batch_size, room),
            bytes_of=bytes_of,
            most_bytes=_BYTES_AHEAD,
        )

    def _prepare(
        self, index: int, image: ImageSource | ImageRequest, options: _Options
    ) -> list[_Prepared]:
        """Decode, detect and align one image; every failure of this image becomes its Assessment."""
        request = image if isinstance(image, ImageRequest) else ImageRequest(image)
        blank = Assessment(
            source=request.label,
            index=index,
            status=Status.FAILED,
            preset=self._preset.identifier,
            crop_protocol=self._preset.protocol.identifier,
            key=request.key,
        )
        try:
            if isinstance(request.source, ImageError):
                raise request.source
            with PICTURE_MEMORY.share() as reserve:  # given back when the crops are cut
                pixels = load_image(request.source, max_pixels=self._max_pixels, reserve=reserve)
                blank = replace(blank, image_size=(pixels.shape[1], pixels.shape[0]))
                if options.faces == "crop":
                    return [self._prepare_crop(pixels, blank)]
                return self._prepare_faces(pixels, request, blank, options)
        except DetectorError:
            raise
        except ImageError as error:
            return [_Prepared(replace(blank, status=error.status, reason=error.reason))]
        except Exception as error:
            _LOG.warning("%s: %s", blank.source or f"image {index}", error, exc_info=True)
            return [_Prepared(replace(blank, reason=_in_words(error)))]

    def _prepare_crop(self, pixels: Image, blank: Assessment) -> _Prepared:
        found = replace(blank, num_faces=1)
        if too_small := self._too_small(*pixels.shape[:2]):
            return _Prepared(replace(found, status=Status.TOO_SMALL, reason=too_small))
        crop = self._preset.cut(pixels)
        return self._prepared(pixels, crop, found)

    def _prepare_faces(
        self, pixels: Image, request: ImageRequest, blank: Assessment, options: _Options
    ) -> list[_Prepared]:
        size, turn = (pixels.shape[1], pixels.shape[0]), 0
        if options.faces == "given":
            boxes, none = list(request.boxes or ()), "no face box was given for this image"
        else:
            turned = options.find_turned and self._preset.aligns  # else its crop would lie, too
            boxes, turn, none = find_faces(self._detector, pixels, turned=turned, small=self._small)
        if not boxes:
            return [_Prepared(replace(blank, status=Status.NO_FACE, reason=none))]
        ordered = primary_face_order(boxes, size)
        chosen = ordered if options.all_faces else ordered[:1]
        found = replace(blank, num_faces=len(boxes), turn=turn)
        return [
            self._prepare_face(pixels, box, replace(found, face=face, box=box))
            for face, box in enumerate(chosen)
        ]

    def _prepare_face(self, pixels: Image, box: FaceBox, known: Assessment) -> _Prepared:
        try:
            if bad := unusable(box, pixels.shape[1], pixels.shape[0]):
                return _Prepared(replace(known, reason=bad))
            if too_small := self._too_small(box.width, box.height):
                return _Prepared(replace(known, status=Status.TOO_SMALL, reason=too_small))
            if box.landmarks is None and (self._preset.aligns or self._extra):
                box = replace(box, landmarks=self._landmarks_near(pixels, box))
            crop = self._preset.cut(pixels, box)
            return self._prepared(pixels, crop, replace(known, box=box))
        except DetectorError:
            raise
        except Exception as error:  # what is wrong with one face costs no other face its score
            _LOG.warning("%s: face %d: %s", known.source, known.face, error, exc_info=True)
            return _Prepared(replace(known, reason=_in_words(error)))

    def _prepared(self, pixels: Image, crop: FaceCrop, known: Assessment) -> _Prepared:
        protocol = self._preset.protocol
        statistics = None
        if self._preset.explains:
            statistics = measure_face_statistics(pixels, crop, eye_distance=protocol.eye_distance)
        extra = tuple(e.cut(pixels, known.box, protocol) for e in self._extra)
        return _Prepared(replace(known, matrix=crop.matrix), crop.image, statistics, extra)

    def _too_small(self, width: float, height: float) -> str:
        if min(width, height) >= self._min_face:
            return ""
        return (
            f"the face is {width:.0f} x {height:.0f} pixels; at least {self._min_face:g} are needed"
        )

    def _landmarks_near(self, pixels: Image, box: FaceBox) -> Landmarks | None:
        """Landmarks of the detected face that covers a box best, or None."""
        margin = _SEARCH_MARGIN * max(box.width, box.height)
        x0, y0 = max(0, math.floor(box.x - margin)), max(0, math.floor(box.y - margin))
        x1, y1 = math.ceil(box.x + box.width + margin), math.ceil(box.y + box.height + margin)
        best: tuple[float, Landmarks | None] = (_SEARCH_OVERLAP, None)
        for face in self._detector.detect(np.ascontiguousarray(pixels[y0:y1, x0:x1])):
            covers, _ = overlap(replace(face, x=face.x + x0, y=face.y + y0), box)
            if face.landmarks is not None and covers > best[0]:
                best = covers, face.landmarks + np.array([x0, y0], np.float32)
        return best[1]

    def _network(self) -> CropRestorer:
        with self._lock:
            if self._restorer is None:
                self._restorer = self._preset.restorer(
                    batch_size=self._batch_size, device=self._device
                )
            return self._restorer

    def _completed_batch(
        self, batch: list[_Prepared], result: MeasuredCrops | None, pictures: Pictures
    ) -> Iterator[Assessment]:
        """Complete the Assessments of a batch, in order."""
        row = 0
        for prepared in batch:
            if prepared.crop is None or result is None:
                yield prepared.assessment
            else:
                yield self._completed(prepared, result, row, pictures)
                row += 1

    def _completed(
        self, prepared: _Prepared, result: MeasuredCrops, row: int, pictures: Pictures
    ) -> Assessment:
        known, statistics = prepared.assessment, prepared.statistics
        numbers = {name: float(values[row]) for name, values in result.numbers.items()}
        if bad := [name for name, value in numbers.items() if not math.isfinite(value)]:
            return replace(
                known,
                status=Status.NOT_FINITE,
                reason=f"the network gave no finite number for {', '.join(bad)}",
            )
        scores = self._preset.scores(numbers)
        pairs = zip(self._extra, prepared.extra_crops, strict=True)
        others = {score.name: score.score(crop[None])[0] for score, crop in pairs}
        quality, own = scores.get("quality"), scores.pop("extra", {})
        levels = None if result.predicted_levels is None else result.predicted_levels[row]
        changed = result.changes[row] if result.changes else ()
        return replace(
            known,
            status=Status.SCORED,
            **scores,
            extra={**own, **others},
            reasons=()
            if statistics is None or quality is None
            else explain(statistics, quality, levels),
            changes=with_turn(changed, statistics.yaw if statistics else 0.0),
            **{name: _row(getattr(result, name), row) for name in pictures.names},
        )


def _measured(
    network: CropRestorer, batch: list[_Prepared], *, pictures: Pictures
) -> tuple[list[_Prepared], MeasuredCrops | None]:
    """Run the network over the crops of a batch; None where it has none."""
    give_back()
    crops = [prepared.crop for prepared in batch if prepared.crop is not None]
    return batch, network.restore(np.stack(crops), pictures=pictures) if crops else None


def _row(pictures: NDArray[Any] | None, row: int) -> Any:
    # A copy: a view would keep the pictures of the whole batch in memory.
    return None if pictures is None else pictures[row].copy()


def _detector_device(device: str) -> str:
    """TensorFlow's name of the detector's device; the network checks that there is one."""
    kind, _, number = device.lower().partition(":")
    return f"GPU:{number or 0}" if kind == "gpu" else "CPU:0"


def _in_words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
