"""The three native quality measures of FaceQgen, and the table that says what each number means.

Data contract: tensors NHWC, float32, RGB in [0, 1]. Pure functions of ``keras.ops``; any backend.
Source: Hernandez-Ortega et al., "FaceQgen: Semi-Supervised Deep Learning for Face Image Quality Assessment", FG 2021.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """What a number means: its name, which direction is better, its range, and a sentence for users."""

    name: str
    higher_is_better: bool
    low: float
    high: float
    description: str


MEASURES: dict[str, Measure] = {
    "ssim": Measure(
        "ssim",
        True,
        -1.0,
        1.0,
        "Structural similarity of the face and its restoration; native measure, -1 to 1, higher is better",
    ),
    "mse": Measure(
        "mse",
        False,
        0.0,
        1.0,
        "Mean squared error between the face and its restoration; native measure, 0 to 1, LOWER is better",
    ),
    "discriminator": Measure(
        "discriminator",
        True,
        0.0,
        1.0,
        "Mean patch probability that the face is a good original; native measure, 0 to 1, higher is better",
    ),
}
"""The native measures in their fixed order."""

QUALITY = Measure(
    "quality",
    True,
    0.0,
    100.0,
    "Unified quality score: calibrated prediction of use for recognition, 0 to 100, higher is better",
)
"""The unified quality score, which is calibrated and not a native measure."""

__all__ = ["MEASURES", "QUALITY", "Measure"]
