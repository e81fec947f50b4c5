"""The words and numbers of a result: measures, statuses, reasons, defaults; names that all share. Standard library alone.

Whoever stores, shows or filters results reads them here without loading a network; the plugin does.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import isfinite

PLUGIN = "@faceqgen/face-quality"
"""Name of the FiftyOne plugin, as fiftyone.yml has it; its operators are called ``<name>/<operator>``."""

DEFAULT_PRESET = "faceqgen-128"

DEFAULT_MAX_PIXELS = 89_000_000
"""Pixel limit; just under the size from which Pillow itself begins to warn."""

CLOSER_LOOK = "small_faces looks for smaller ones"
"""What the reason of a large photograph without a face says that was not looked at in tiles."""


@dataclass(frozen=True)
class Measure:
    """What a number means: its name, which direction is better, its range, and what it is in words for users."""

    name: str
    higher_is_better: bool
    low: float
    high: float
    meaning: str

    @property
    def description(self) -> str:
        """One line that says it all; ends that are not known are left out."""
        direction = "higher is better" if self.higher_is_better else "LOWER is better"
        ends = f", {self.low:g} to {self.high:g}" if self.bounded else ""
        return f"{self.meaning}{ends}, {direction}"

    @property
    def bounded(self) -> bool:
        """Whether its range is known."""
        return isfinite(self.low) and isfinite(self.high)

    @property
    def worst(self) -> float:
        """The end of the range at which nothing is worse."""
        return self.low if self.higher_is_better else self.high


@dataclass(frozen=True)
class ExtraMeasure:
    """A number of another network beside ours: what it means, and the identifier of the network that gives it."""

    measure: Measure
    network: str

    @property
    def name(self) -> str:
        """Of the number: a column, a field, a key of ``Assessment.extra``."""
        return self.measure.name


QUALITY = Measure("quality", True, 0.0, 100.0, "Unified quality score")
"""The unified quality score: a calibrated prediction of use for recognition, no native measure."""

MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure(
            "ssim",
            True,
            -1.0,
            1.0,
            "Native measure: structural similarity of face and restoration, over the face alone",
        ),
        Measure(
            "mse",
            False,
            0.0,
            1.0,
            "Native measure: mean squared error between face and restoration, over the face alone",
        ),
        Measure("discriminator", True, 0.0, 1.0, "Native measure: probability of a good original"),
    )
}
"""The native measures in their fixed order."""

FACEQNET = Measure("faceqnet", True, 0.0, 1.0, "FaceQnet's score, of the original's network")
"""What FaceQnet gives; no score of ours, and there only where it was asked for."""

SCORES: dict[str, Measure] = {QUALITY.name: QUALITY, **MEASURES}
"""All numbers that a scored face has."""


class Status(str, Enum):
    """What became of a face; the value is what is stored and printed.

    Everything but ``SCORED`` is a failure to assess (ISO/IEC 29794-1) and comes with a reason in words.
    """

    SCORED = "scored"
    NO_FACE = "no_face"
    UNREADABLE = "unreadable"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    NOT_FINITE = "not_finite"
    FAILED = "failed"

    @property
    def label(self) -> str:
        """The status as people write it."""
        return self.value.replace("_", " ").capitalize()


REASONS: dict[str, str] = {
    "blur": "fine detail is lost: out of focus, moved or smoothed",
    "low_resolution": "too few pixels on the face, or enlarged from few",
    "noise": "grain of a weak or amplified signal",
    "compression": "blocks or smeared skin of a codec",
    "dark": "too little light on the face",
    "bright": "over-exposed: parts of the face are white",
    "low_contrast": "the face is flat and grey: haze, glare or a narrow range of tones",
    "uneven_light": "one side of the face is much darker than the other",
    "occlusion": "something covers a part of the face: a mask, a hand, sunglasses",
    "pose": "the head is turned, raised or bowed",
    "off_centre": "the photograph's edge cuts the face, or it lies outside of the crop",
    "background": "a restless background beside the head",
}
"""Why a face may score low: name as stored -> what is wrong, in words; in the order of equally strong findings."""
