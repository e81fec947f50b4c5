"""Utility loss: how much of a face's use for recognition a degradation of known strength destroys, family by family."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.degradation import FAMILIES

UTILITY_LOSS = {
    "gaussian_blur": 1.0,
    "motion_blur": 1.0,
    "defocus": 1.0,
    "low_resolution": 1.0,
    "pixelate": 0.9,
    "noise": 0.8,
    "shot_noise": 0.8,
    "jpeg": 0.6,
    "occlusion": 0.9,
    "scarf": 0.7,
    "glasses": 0.6,
    "rotation": 0.8,
    "crop": 0.8,
    "dark": 0.35,
    "bright": 0.5,
    "low_contrast": 0.3,
    "side_light": 0.25,
    "colour_cast": 0.1,
}
"""Share of the use for recognition that full strength destroys, roughly, from the literature on face utility."""


TURNED = (0.7, 0.35)
"""Share that a turn by 60 degrees of yaw and by 25 of pitch destroys; it grows with the square of the angle."""
_ANGLES = (60.0, 25.0)


def surviving(
    strengths: NDArray[np.float32], turned: NDArray[np.float32] | None = None
) -> NDArray[np.float64]:
    """Share of the use for recognition that is left, (N,) in [0, 1].

    Args:
        strengths: (N, F) in [0, 1], in the order of FAMILIES.
        turned: (N, 2) yaw and pitch in degrees by which each head was turned; None for not at all.
    """
    loss = np.array([UTILITY_LOSS[family] for family in FAMILIES])
    left = np.asarray(np.prod(1 - loss * strengths, axis=1), np.float64)
    if turned is not None:
        angles = np.clip(np.abs(turned) / np.array(_ANGLES), 0, 1)
        left = left * np.prod(1 - np.array(TURNED) * angles**2, axis=1)
    return left
