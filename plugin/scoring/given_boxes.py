"""Boxes of labels -> boxes of the core: relative to the image as it is shown, in pixels there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..dataset.connection import patiently
from ..dataset.fields import LabelledBox, PixelBox


class _Boxes:
    """Reads the boxes of a label field.

    Args:
        view: the samples.
        faces_field: a field of them, or of the frames of videos, Detections or Detection, without "frames.".
        many: whether it is Detections.
        max_pixels: larger images and frames are not looked at.
    """

    def __init__(self, view: Any, faces_field: str, *, many: bool, max_pixels: int) -> None:
        self._view = view
        self._max_pixels = max_pixels
        self._many = many
        self._label = f"{faces_field}.detections" if many else faces_field


class LabelBoxes(_Boxes):
    """Reads the boxes of a label field of images, see ``_Boxes``."""

    def read(self, ids: Sequence[str], files: Sequence[str]) -> list[list[LabelledBox]]:
        """For each sample its boxes in pixels with the ids of their labels, in order; [] where there are none."""
        paths = ["id", f"{self._label}.bounding_box", f"{self._label}.id"]
        columns = patiently(lambda: self._view.select(list(ids)).values(paths))
        found = {
            sample_id: (boxes, labels) for sample_id, boxes, labels in zip(*columns, strict=True)
        }
        return [
            self._to_pixels(file, *found.get(sample_id, (None, None)))
            for sample_id, file in zip(ids, files, strict=True)
        ]

    def _to_pixels(self, file: str, boxes: Any, labels: Any) -> list[LabelledBox]:
        if not boxes:
            return []
        if not self._many:
            boxes, labels = [boxes], [labels]
        whole = [(box, str(label)) for box, label in zip(boxes, labels, strict=True) if box]
        pixels = pixel_boxes(file, [box for box, _ in whole], self._max_pixels)
        return list(zip(pixels, [label for _, label in whole], strict=False))


@dataclass(frozen=True)
class FrameBox:
    """A box of a frame, relative, with the id of its label and the number of its track, if it has one."""

    box: Sequence[float]
    label: str
    track: int | None


class FrameBoxes(_Boxes):
    """Reads the boxes of a label field of the frames of videos, see ``_Boxes``."""

    def read(self, sample_id: str) -> dict[int, list[FrameBox]]:
        """Number -> boxes in order, of the frames of a video that have any."""
        paths = [f"frames.{self._label}.{key}" for key in ("bounding_box", "id", "index")]
        asked = patiently(
            lambda: self._view.select(sample_id).values(["frames.frame_number", *paths])
        )
        columns = [column[0] or [] for column in asked]
        found: dict[int, list[FrameBox]] = {}
        for number, *values in zip(*columns, strict=True):
            if not self._many:
                values = [[value] for value in values]
            if all(values) and (boxes := [FrameBox(*v) for v in zip(*values, strict=True) if v[0]]):
                found[number] = boxes
        return found

    def labelled(self, boxes: Sequence[FrameBox], frame: Any) -> list[LabelledBox]:
        """Boxes of a frame, (H, W, 3), in pixels with the ids of their labels; [] if it is too large, as the core will say."""
        height, width = frame.shape[:2]
        if height * width > self._max_pixels:
            return []
        return [(_in_pixels(box.box, width, height), box.label) for box in boxes]


def follow_tracks(detections: Any, boxes: Sequence[FrameBox] | None) -> None:
    """Give the detections of a frame the track numbers of the labels that they were made from; None: it has none."""
    if boxes is None:
        return
    tracks = {box.label: box.track for box in boxes}
    for detection in detections.detections if detections is not None else ():
        detection.index = tracks.get(detection.source_label)


def pixel_boxes(file: str, boxes: Sequence[Sequence[float]], max_pixels: int) -> list[PixelBox]:
    """Relative boxes [x, y, width, height] in pixels of an image file; [] if it cannot be read: the core will say so."""
    from faceqgen_core.image_io import ImageError, image_size

    try:
        width, height = image_size(file, max_pixels=max_pixels)
    except ImageError:
        return []
    return [_in_pixels(box, width, height) for box in boxes]


def _in_pixels(box: Sequence[float], width: int, height: int) -> PixelBox:
    x, y, w, h = box
    return x * width, y * height, w * width, h * height


def sample_boxes(
    sample: Any, faces_field: str, max_pixels: int, pixels: Any = None
) -> list[PixelBox]:
    """Boxes in pixels of one sample at hand.

    Args:
        sample: an image, or the frame of a video.
        faces_field: its label field.
        max_pixels: a larger file is not looked at.
        pixels: (H, W, 3), of a frame, which has no file; None: the sample's file is asked how large it is.
    """
    label = sample[faces_field]
    if label is None:
        return []
    labels = label.detections if hasattr(label, "detections") else [label]
    boxes = [d.bounding_box for d in labels if d.bounding_box]
    if pixels is None:
        return pixel_boxes(sample.filepath, boxes, max_pixels)
    height, width = pixels.shape[:2]
    return [_in_pixels(box, width, height) for box in boxes]


def face_boxes(boxes: Sequence[PixelBox]) -> list[Any]:
    """Turn boxes in pixels into the core's type."""
    from faceqgen_core import FaceBox

    return [FaceBox(*box) for box in boxes]
