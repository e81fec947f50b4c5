"""Poses and lights by chance, as training wants them: mild ones often, strong ones too."""

from __future__ import annotations

import numpy as np

from faceqgen_core.reasons.pose import HeadPose
from faceqgen_core.training.geometry.light import Light

YAW, PITCH, ROLL = 60.0, 25.0, 25.0
"""Degrees up to which a turned picture is plausible."""


def draw_pose(
    rng: np.random.Generator, *, yaw: float = YAW, pitch: float = PITCH, roll: float = ROLL
) -> HeadPose:
    """Draw a pose; what is told are the largest angles. Yaw is drawn evenly, pitch and roll are mostly small.

    Raises:
        ValueError: an angle is negative, or farther than a picture can be turned.
    """
    if not (0 <= yaw <= YAW and 0 <= pitch <= PITCH and 0 <= roll <= ROLL):
        raise ValueError(
            f"yaw lies in 0..{YAW:g}, pitch in 0..{PITCH:g} and roll in 0..{ROLL:g} degrees, "
            f"got {yaw}, {pitch} and {roll}"
        )
    nod, tilt = np.clip(rng.normal(0, 0.4, 2), -1, 1)
    return HeadPose(float(rng.uniform(-yaw, yaw)), float(pitch * nod), float(roll * tilt))


def draw_light(rng: np.random.Generator, *, strength: float | None = None) -> Light:
    """Draw a hard light: from the side mostly, sometimes from above or below; of any strength where none is given.

    Raises:
        ValueError: the strength lies outside [0, 1].
    """
    azimuth = float(rng.choice([-1, 1]) * rng.uniform(25, 95))
    elevation = float(np.clip(rng.normal(20, 25), -60, 75))
    ambient = float(rng.uniform(0.03, 0.3))
    drawn = float(rng.uniform(0.2, 1))
    return Light(
        azimuth=azimuth,
        elevation=elevation,
        strength=drawn if strength is None else strength,
        ambient=ambient,
    )
