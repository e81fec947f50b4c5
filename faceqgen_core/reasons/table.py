"""The reasons by name: the component of ISO/IEC 29794-5 each follows, and from where on it is found.

A finding has a strength: 1 where its statistic reaches ``clear``, 2 at ``strong``, in a straight line below, between and
beyond.
"""

from __future__ import annotations

from dataclasses import dataclass

from faceqgen_core import vocabulary


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
        component: quality components of ISO/IEC 29794-5 whose subject it is; "" if the standard has none.
        scales: its statistics; the strongest finding counts unless ``reasons`` says otherwise.
        families: degradations of ``degradation.FAMILIES`` that cause it.
    """

    name: str
    component: str
    scales: tuple[Scale, ...]
    families: tuple[str, ...] = ()

    @property
    def meaning(self) -> str:
        """What is wrong with the face, in words for a user."""
        return vocabulary.REASONS[self.name]


REASONS: dict[str, Reason] = {
    reason.name: reason
    for reason in (
        Reason(
            "blur",
            "Sharpness; motion blur",
            (Scale("blur", 0.57, 0.68),),
            ("gaussian_blur", "motion_blur", "defocus"),
        ),
        Reason(
            "low_resolution",
            "Inter-eye distance",
            (Scale("eye_distance", 20, 12), Scale("grid", 0.21, 0.32), Scale("flat", 0.4, 0.5)),
            ("low_resolution", "pixelate"),
        ),
        Reason("noise", "", (Scale("noise", 8, 14),), ("noise", "shot_noise")),
        Reason(
            "compression",
            "No compression artefacts",
            (Scale("block_step", 1.5, 3.3), Scale("flat", 0.11, 0.145)),
            ("jpeg",),
        ),
        Reason(
            "dark",
            "Under-exposure prevention; moments of the luminance distribution",
            (Scale("mean", 62, 45),),
            ("dark",),
        ),
        Reason(
            "bright",
            "Over-exposure prevention; moments of the luminance distribution",
            (Scale("over", 0.12, 0.24),),
            ("bright",),
        ),
        Reason("low_contrast", "Dynamic range", (Scale("spread", 58, 42),), ("low_contrast",)),
        Reason(
            "uneven_light", "Illumination uniformity", (Scale("ramp", 0.33, 0.55),), ("side_light",)
        ),
        Reason(
            "occlusion",
            "Face occlusion prevention; eyes visible; mouth occlusion prevention",
            (
                Scale("hidden", 0.1, 0.19),
                Scale("plain", 0.27, 0.38),
                Scale("dark_eyes", 0.75, 0.95),
            ),
            ("occlusion", "scarf", "glasses"),
        ),
        Reason("pose", "Head pose (yaw, pitch)", (Scale("yaw", 25, 35), Scale("pitch", 38, 50))),
        Reason(
            "off_centre",
            "Crop of the face image (leftward, rightward, margins above and below)",
            (Scale("outside", 0.05, 0.1),),
            ("crop",),
        ),
        Reason("background", "Background uniformity", (Scale("clutter", 14, 18),)),
    )
}
"""In the order in which equally strong findings are listed."""
