"""The reasons by name: what each means, the component of ISO/IEC 29794-5 it follows, and from where on it is found.

A finding has a strength: 1 where its statistic reaches ``clear``, 2 at ``strong``, in a straight line below, between and
beyond.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Where a statistic gives a finding of strength 1 and of strength 2; ``strong`` may be the lower one."""

    statistic: str
    clear: float
    strong: float

    def __call__(self, value: float) -> float:
        """Strength of the finding, 0..``STRONGEST``."""
        strength = 1 + (value - self.clear) / (self.strong - self.clear)
        return min(max(strength, 0.0), STRONGEST)


STRONGEST = 5.0


@dataclass(frozen=True)
class Reason:
    """One reason.

    Attributes:
        name: as stored.
        meaning: what is wrong with the face, in words for a user.
        component: quality components of ISO/IEC 29794-5 whose subject it is; "" if the standard has none.
        scales: its statistics; the strongest finding counts unless ``reasons`` says otherwise.
        families: degradations of ``degradation.FAMILIES`` that cause it.
    """

    name: str
    meaning: str
    component: str
    scales: tuple[Scale, ...]
    families: tuple[str, ...] = ()


REASONS: dict[str, Reason] = {
    reason.name: reason
    for reason in (
        Reason(
            "blur",
            "fine detail is lost: out of focus, moved or smoothed",
            "Sharpness; motion blur",
            (Scale("blur", 0.57, 0.68),),
            ("gaussian_blur", "motion_blur", "defocus"),
        ),
        Reason(
            "low_resolution",
            "too few pixels on the face, or enlarged from few",
            "Inter-eye distance",
            (Scale("eye_distance", 20, 12), Scale("grid", 0.21, 0.32), Scale("flat", 0.4, 0.5)),
            ("low_resolution", "pixelate"),
        ),
        Reason(
            "noise",
            "grain of a weak or amplified signal",
            "",
            (Scale("noise", 8, 14),),
            ("noise", "shot_noise"),
        ),
        Reason(
            "compression",
            "blocks or smeared skin of a codec",
            "No compression artefacts",
            (Scale("block_step", 1.5, 3.3), Scale("flat", 0.11, 0.145)),
            ("jpeg",),
        ),
        Reason(
            "dark",
            "too little light on the face",
            "Under-exposure prevention; moments of the luminance distribution",
            (Scale("mean", 62, 45),),
            ("dark",),
        ),
        Reason(
            "bright",
            "over-exposed: parts of the face are white",
            "Over-exposure prevention; moments of the luminance distribution",
            (Scale("over", 0.12, 0.24),),
            ("bright",),
        ),
        Reason(
            "low_contrast",
            "the face is flat and grey: haze, glare or a narrow range of tones",
            "Dynamic range",
            (Scale("spread", 58, 42),),
            ("low_contrast",),
        ),
        Reason(
            "uneven_light",
            "one side of the face is much darker than the other",
            "Illumination uniformity",
            (Scale("ramp", 0.33, 0.55),),
            ("side_light",),
        ),
        Reason(
            "occlusion",
            "something covers a part of the face: a mask, a hand, sunglasses",
            "Face occlusion prevention; eyes visible; mouth occlusion prevention",
            (
                Scale("hidden", 0.1, 0.19),
                Scale("plain", 0.27, 0.38),
                Scale("dark_eyes", 0.75, 0.95),
            ),
            ("occlusion", "scarf", "glasses"),
        ),
        Reason(
            "pose",
            "the head is turned, raised or bowed",
            "Head pose (yaw, pitch)",
            (Scale("yaw", 25, 35), Scale("pitch", 38, 50)),
        ),
        Reason(
            "off_centre",
            "the photograph's edge cuts the face, or it lies outside of the crop",
            "Crop of the face image (leftward, rightward, margins above and below)",
            (Scale("outside", 0.05, 0.1),),
            ("crop",),
        ),
        Reason(
            "background",
            "a restless background beside the head",
            "Background uniformity",
            (Scale("clutter", 14, 18),),
        ),
    )
}
"""In the order in which equally strong findings are listed."""
