"""The values that flow through the core: all frozen, all plain, none of them knows a network or a file.

Coordinates are pixels of the image after EXIF orientation, origin at the top left corner, x to the right, y down.
Images are RGB uint8, height x width x channels.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.vocabulary import Status as Status

Image = NDArray[np.uint8]
"""(H, W, 3) uint8 RGB."""

Landmarks = NDArray[np.float32]
"""(5, 2) float32 pixels (x, y): the subject's right eye (left in the picture), left eye, nose, right and left mouth
corner."""


@dataclass(frozen=True, eq=False)
class FaceBox:
    """Where a face is: box in pixels, the detector's confidence in [0, 1], five landmarks; the last two may lack."""

    x: float
    y: float
    width: float
    height: float
    confidence: float | None = None
    landmarks: Landmarks | None = None

    @property
    def center(self) -> tuple[float, float]:
        """Centre of the box (x, y) in pixels."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def area(self) -> float:
        """Area of the box in square pixels."""
        return self.width * self.height


@dataclass(frozen=True, eq=False)
class FaceCrop:
    """An aligned face: (S, S, 3) uint8 RGB, the (2, 3) matrix from image to crop pixels, and where it came from."""

    image: Image
    matrix: NDArray[np.float64]
    image_size: tuple[int, int]
    box: FaceBox | None = None


@dataclass(frozen=True, eq=False)
class Assessment:
    """The result for one face, or for one image in which no face could be assessed.

    Attributes:
        source: path or name of the image, "" for an array without a name.
        index: position of the image in the input, from 0.
        face: 0 for the primary face, then 1, 2, ...; 0 for a failure.
        num_faces: faces found in the image.
        status: what became of it; ``reason`` says why in words, "" when scored.
        quality: unified quality score, 0..100, higher is better; None unless scored by a preset of ours.
        ssim: native measure, -1..1, higher is better; None unless scored.
        mse: native measure, 0..1, LOWER is better; None unless scored.
        discriminator: native measure, 0..1, higher is better; None unless scored.
        components: the native measures as quality component values 0..100, higher is better.
        reasons: what most likely lowers the score, most likely first, names of ``reasons.REASONS``; empty for a good
            face and unless scored.
        changes: what the restoration did to the face, names of ``changes.naming`` and ``turned_<degrees>``; empty
            where it left the face as it was, and unless scored.
        box: the face, in pixels of the image.
        turn: 90, 180 or 270, by which the image, turned clockwise, would stand upright, where the face was found so and
            not upright; else 0. Box and matrix are those of the image as it is.
        matrix: (2, 3) similarity transform from image to crop pixels.
        image_size: (width, height) in pixels.
        preset: identifier of the preset, name and start of the hash of its weights.
        crop_protocol: name and version of the crop protocol.
        restored: (S, S, 3) uint8 RGB restored crop, if asked for.
        difference: (S, S) float32 in [0, 1]: 0 kept, 1 changed entirely, dimmed beside the face; if asked for.
        drawn: (S, S, 3) uint8 RGB, the face as drawn from its code alone; if asked for.
        trust: (S, S) float32 in [0, 1], how far each pixel of the crop was kept, 0 drawn anew; if asked for.
        code: (C,) float32, from which the face was drawn, in standard deviations of principal components; if asked for.
        extra: numbers of other networks by their names, in their own ranges and directions, FaceQnet's as ``faceqnet``; None
            where one gave no finite number; empty unless scored.
        key: the key of the ``ImageRequest``, whatever it was.
    """

    source: str
    index: int
    status: Status
    reason: str = ""
    face: int = 0
    num_faces: int = 0
    quality: float | None = None
    ssim: float | None = None
    mse: float | None = None
    discriminator: float | None = None
    components: dict[str, float] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    box: FaceBox | None = None
    turn: int = 0
    matrix: NDArray[np.float64] | None = None
    image_size: tuple[int, int] | None = None
    preset: str = ""
    crop_protocol: str = ""
    restored: Image | None = None
    difference: NDArray[np.float32] | None = None
    drawn: Image | None = None
    trust: NDArray[np.float32] | None = None
    code: NDArray[np.float32] | None = None
    extra: dict[str, float | None] = field(default_factory=dict)
    key: object = None

    @property
    def scored(self) -> bool:
        """True if the face has its scores."""
        return self.status is Status.SCORED
