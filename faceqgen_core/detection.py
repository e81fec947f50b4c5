"""Detection: image -> faces, as boxes with five landmarks in pixels of that image. RGB uint8 HWC in.

Any object with a ``detect`` method is a detector; MTCNN (Zhang et al. 2016, the ``mtcnn`` package) is the default.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

import cv2
import numpy as np

from faceqgen_core.cascade import Cascade, Rows, Thresholds
from faceqgen_core.process.forks import FORKED, forked_after_tensorflow
from faceqgen_core.process.keras_settings import legacy_hint, pinned, require_keras
from faceqgen_core.types import FaceBox, Image

# The package sizes its image pyramid for faces of 20 px; with any other value the smallest level falls under the
# network's 12 px, which it then reports as "no faces". So the image is scaled instead.
_PYRAMID_FACE = 20
_MIN_SIDE = 12
_LONGEST_SIDE = 1024
_RETRY_SIDE = 640
_RETRY_BORDER = 0.25
_LENIENT = Thresholds(proposal=0.5, refined=0.6, final=0.7)
# What noise and bad light hide from the detector: blurred by so many pixels, the middle 98 % of the levels spread out,
# the mean brought to this grey.
_CLEANED_SIGMA, _CLEANED_GREY = 1.5, 0.45
# The three looks at turned photographs.
_TURNED_SIDE, _TURNED_CONFIDENCE, _SURE = 640, 0.95, 0.98
_SAME_FACE_IOU = 0.4
_SAME_FACE_NESTED = 0.7
# One for each device of a process: graphs that every run builds anew take a second, and memory that is never given back whole.
_CASCADES: dict[str, Cascade] = {}
_BUILDING = threading.Lock()


class DetectorError(RuntimeError):
    """The detector itself cannot work (package missing, wrong backend): no image is at fault."""


class FaceDetector(Protocol):
    """Finds faces; called from several threads at once, so it must be thread-safe."""

    def detect(self, image: Image) -> list[FaceBox]:
        """Faces of an (H, W, 3) uint8 RGB image in no particular order; an empty list if there are none."""
        ...


@runtime_checkable
class GlancingDetector(Protocol):
    """A detector that has a cheaper look as well; ``find_turned`` takes it."""

    def glance(self, image: Image) -> list[FaceBox]:
        """As ``detect``, but only what one quick look finds."""
        ...


class MTCNNDetector:
    """MTCNN behind the protocol: built when first used, by one thread; deterministic, in several threads at once too.

    Large images are scaled to at most 1024 px on their longer side and the faces mapped back. If nothing is found, a
    second look at the image with a grey border of a quarter of its size finds faces that fill the picture, and two more at
    the image smoothed and evenly lit, the last with lower thresholds, find faces that noise or bad light hide: a poor
    face that is missed would be a failure to assess instead of a low quality.

    Args:
        min_face_size: shorter side of the smallest face to look for, in pixels of the image, at least 10. In images
            over 1024 px it grows with the image, see ``smallest_face``; ``finding.faces.find_small`` finds smaller ones.
        confidence: least confidence of a face, in [0, 1).
        device: TensorFlow device, e.g. "CPU:0" or "GPU:0".

    Raises:
        ValueError: an argument outside its range.
    """

    def __init__(
        self, *, min_face_size: int = 20, confidence: float = 0.9, device: str = "CPU:0"
    ) -> None:
        if min_face_size < 10:
            raise ValueError(f"min_face_size must be at least 10 pixels, got {min_face_size}")
        if not 0 <= confidence < 1:
            raise ValueError(f"confidence must lie in [0, 1), got {confidence}")
        self.min_face_size = min_face_size
        self.confidence = confidence
        self.device = device
        self._network: Any = None
        self._lock = threading.Lock()

    def detect(self, image: Image) -> list[FaceBox]:
        """Faces of an (H, W, 3) uint8 RGB image, boxes inside the image, landmarks where the network puts them.

        Raises:
            DetectorError: the ``mtcnn`` package or its backend cannot be used.
        """
        if faces := self.glance(image):
            return faces
        longest = max(image.shape[:2])
        border = round(_RETRY_BORDER * longest)
        scale = min(self._scale(image), _RETRY_SIDE / (longest + 2 * border))
        faces = self._look(image, scale, border=border)
        return faces or self._look(image, scale, border=0, cleaned=True)

    def glance(self, image: Image) -> list[FaceBox]:
        """What the first of the looks finds.

        Raises:
            DetectorError: the ``mtcnn`` package or its backend cannot be used.
        """
        return self._look(image, self._scale(image), border=0)

    def smallest_face(self, image: Image) -> float:
        """Shorter side, in pixels of the image, from which on no face is too small for the look at it."""
        return _PYRAMID_FACE / self._scale(image)

    def _scale(self, image: Image) -> float:
        height, width = image.shape[:2]
        longest: int = max(height, width)
        return min(_PYRAMID_FACE / self.min_face_size, _LONGEST_SIDE / longest)

    def _look(
        self, image: Image, scale: float, *, border: int, cleaned: bool = False
    ) -> list[FaceBox]:
        """Detect on the image with a border of so many of its pixels, scaled; or cleaned, if need be leniently."""
        height, width = image.shape[:2]
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        sx, sy = size[0] / width, size[1] / height
        if size != (width, height):
            method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
            image = np.asarray(cv2.resize(image, size, interpolation=method), np.uint8)
        margin = round(border * scale)
        if margin:
            image = np.pad(image, ((margin, margin), (margin, margin), (0, 0)), constant_values=127)
        if min(image.shape[:2]) < _MIN_SIDE:
            return []
        faces = []
        for row in self._run(_cleaned(image) if cleaned else image, lenient=cleaned):
            # pixel centres: x' + 0.5 = s (x + 0.5) + margin
            x = (row[[0, 2, *range(5, 10)]] - margin + 0.5) / sx - 0.5
            y = (row[[1, 3, *range(10, 15)]] - margin + 0.5) / sy - 0.5
            if not (np.isfinite(x).all() and np.isfinite(y).all()):
                continue
            # The package's "left eye" is the one on the left of the picture: the subject's right one, which is our
            # first; so its columns are in our order already.
            landmarks = np.stack([x[2:], y[2:]], axis=1).astype(np.float32)
            faces.append(
                FaceBox(
                    float(x[0]),
                    float(y[0]),
                    float(x[1] - x[0]),
                    float(y[1] - y[0]),
                    confidence=float(np.clip(row[4], 0, 1)),
                    landmarks=landmarks,
                )
            )
        return without_duplicates([_clipped(face, float(width), float(height)) for face in faces])

    def _run(self, image: Image, *, lenient: bool) -> Rows:
        """Boxes and points; leniently: if the thresholds find nothing, by lower ones."""
        if forked_after_tensorflow():
            raise DetectorError(FORKED)
        with self._lock:
            if self._network is None:
                self._network = _build(self.device)
        thresholds = [Thresholds(final=self.confidence)]
        if lenient:
            final = min(self.confidence, _LENIENT.final)
            thresholds.append(replace(_LENIENT, final=final))
        return np.asarray(self._network.detect_faces(image.astype(np.float32), *thresholds))


def _cleaned(image: Image) -> Image:
    """Smooth an image and bring its levels to a common range and mean, by a stretch and a gamma curve."""
    smooth = np.asarray(cv2.GaussianBlur(image, (0, 0), _CLEANED_SIGMA), np.float32)
    low, high = np.percentile(smooth, [1, 99])
    level = np.clip((smooth - low) / max(high - low, 20.0), 0, 1)
    gamma = np.log(_CLEANED_GREY) / np.log(np.clip(level.mean(), 0.05, 0.95))
    return np.asarray(np.rint(255 * level**gamma), np.uint8)


def _build(device: str) -> Any:
    try:
        keras = require_keras()
    except ValueError as error:
        raise DetectorError(str(error)) from error
    try:
        from mtcnn import MTCNN
    except ImportError as error:
        raise DetectorError(
            f"the MTCNN detector needs the packages 'mtcnn' and 'tensorflow' ({error}); {legacy_hint()}install them, "
            "give another detector, or say that the images are crops"
        ) from error
    if keras.backend.backend() != "tensorflow":
        raise DetectorError(
            f"the MTCNN detector runs on Keras' TensorFlow backend, this process uses "
            f"{keras.backend.backend()!r}; set KERAS_BACKEND=tensorflow or give another detector"
        )
    with _BUILDING:
        if device not in _CASCADES:
            with pinned():
                _CASCADES[device] = Cascade(MTCNN(device=device), device)
        return _CASCADES[device]


def _clipped(face: FaceBox, width: float, height: float) -> FaceBox:
    x0, y0 = min(max(face.x, 0.0), width), min(max(face.y, 0.0), height)
    x1 = min(max(face.x + face.width, x0), width)
    y1 = min(max(face.y + face.height, y0), height)
    return FaceBox(x0, y0, x1 - x0, y1 - y0, face.confidence, face.landmarks)


def overlap(first: FaceBox, second: FaceBox) -> tuple[float, float]:
    """How far two boxes cover each other: (intersection over union, intersection over the smaller), in [0, 1]."""
    width = min(first.x + first.width, second.x + second.width) - max(first.x, second.x)
    height = min(first.y + first.height, second.y + second.height) - max(first.y, second.y)
    common = max(0.0, width) * max(0.0, height)
    if common == 0:
        return 0.0, 0.0
    return common / (first.area + second.area - common), common / min(first.area, second.area)


def without_duplicates(faces: Sequence[FaceBox]) -> list[FaceBox]:
    """Of boxes that show the same face keep the most confident; drop boxes that clipping has left empty."""
    kept: list[FaceBox] = []
    for face in sorted(faces, key=lambda f: -(f.confidence or 0.0)):
        if face.area <= 0:
            continue
        covers = (overlap(face, other) for other in kept)
        if all(iou < _SAME_FACE_IOU and nested < _SAME_FACE_NESTED for iou, nested in covers):
            kept.append(face)
    return kept


def primary_face_order(faces: Sequence[FaceBox], image_size: tuple[int, int]) -> list[FaceBox]:
    """Sort faces, the primary face first: large and central.

    Weight = area of the box * max(0, 1 - d^2), d the distance of the box's centre from the centre of the image as a
    share of half the diagonal: a face in the middle counts in full, one half-way to a corner three quarters, one in
    the corner nothing. Ties go to the higher confidence, then to the upper left.

    Args:
        faces: in any order.
        image_size: (width, height) in pixels.
    """
    width, height = image_size
    half_diagonal = max(float(np.hypot(width, height)) / 2, 1e-9)

    def key(face: FaceBox) -> tuple[float, float, float, float]:
        x, y = face.center
        distance = float(np.hypot(x - width / 2, y - height / 2)) / half_diagonal
        weight = face.area * max(0.0, 1.0 - distance**2)
        return -weight, -(face.confidence or 0.0), face.y, face.x

    return sorted(faces, key=key)


def find_turned(
    detector: FaceDetector, image: Image, upright: Sequence[FaceBox] = ()
) -> tuple[list[FaceBox], int]:
    """Look for faces in a photograph that lies on its side or stands on its head, where none upright is sure.

    MTCNN takes many a lying face for an upright one, with a confidence under 0.98 and points that are wrong; so a turn
    with a face over 0.98 is preferred to these. Where there is no face at all, 0.95 is asked of a turned one: three more
    looks at a picture without a face find three times as many that are none. Three quick looks, at the image shrunk to
    640 px: what they cost is bounded. The turn with the most confident face counts.

    Args:
        detector: its ``glance`` is used if it has one, else its ``detect``.
        image: (H, W, 3) uint8 RGB.
        upright: the faces that were found in the image as it is; one that is sure, or of unknown confidence, is enough.

    Returns:
        The faces, in pixels of the image as it is, and the turn: 90, 180 or 270 degrees clockwise would set the image
        upright; ``upright`` and 0 if no turn is better. Turned faces all have landmarks, without which no crop would
        be upright.
    """
    if _surest(upright) >= _SURE:
        return list(upright), 0
    height, width = image.shape[:2]
    scale = min(1.0, _TURNED_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = image
    if size != (width, height):
        small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    look = detector.glance if isinstance(detector, GlancingDetector) else detector.detect
    best, turn, surest = list[FaceBox](), 0, _SURE if upright else _TURNED_CONFIDENCE
    for quarters in (1, 3, 2):  # on its side is more common than on its head
        found = look(np.ascontiguousarray(np.rot90(small, -quarters)))
        found = [face for face in found if face.landmarks is not None]
        if _surest(found) > surest:
            best, turn, surest = found, 90 * quarters, _surest(found)
    if not turn:
        return list(upright), 0
    return without_duplicates(
        [_turned_back(face, turn, size, (width, height)) for face in best]
    ), turn


def _surest(faces: Sequence[FaceBox]) -> float:
    return max((1.0 if f.confidence is None else f.confidence for f in faces), default=0.0)


def _turned_back(
    face: FaceBox, turn: int, small: tuple[int, int], size: tuple[int, int]
) -> FaceBox:
    """A face of the shrunk image, turned clockwise, in pixels of the image itself."""
    width, height = small
    right, bottom = face.x + face.width, face.y + face.height
    x, y = np.concatenate([[[face.x, face.y], [right, bottom]], np.asarray(face.landmarks)]).T
    x, y = {
        90: (y, height - 1 - x),
        180: (width - 1 - x, height - 1 - y),
        270: (width - 1 - y, x),
    }[turn]
    # pixel centres, as in detection itself
    x = (x + 0.5) * (size[0] / width) - 0.5
    y = (y + 0.5) * (size[1] / height) - 0.5
    (x0, x1), (y0, y1) = np.sort(x[:2]).tolist(), np.sort(y[:2]).tolist()
    landmarks = np.stack([x[2:], y[2:]], axis=1).astype(np.float32)
    box = FaceBox(x0, y0, x1 - x0, y1 - y0, face.confidence, landmarks)
    return _clipped(box, float(size[0]), float(size[1]))
