"""Alterations: a face as it is, or turned, before another background, relit, covered, degraded; and how much was done.

Both networks learn from what is drawn here: the generator to undo it, the discriminator what it does to recognition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.covers import TRAINING as WORN
from faceqgen_core.covers import cover
from faceqgen_core.degradation import COVER, FAMILIES, LIGHT, STRUCTURE, degrade
from faceqgen_core.training.data.subjects import FaceSet
from faceqgen_core.training.data.targets import Targets
from faceqgen_core.training.data.wild import FAMILIES as WILD
from faceqgen_core.training.data.wild import degrade_wild
from faceqgen_core.training.geometry.face_geometry import FaceGeometry
from faceqgen_core.training.geometry.head import Head
from faceqgen_core.training.geometry.light import Light
from faceqgen_core.types import Image

NAMED_AS = {
    "hard_light": "side_light",
    "cast_shadow": "side_light",
    "blinds": "side_light",
    "dapple": "side_light",
    "curved_motion": "motion_blur",
    "phone_noise": "shot_noise",
    "webp": "jpeg",
    "double_jpeg": "jpeg",
    "interlacing": "motion_blur",
    "screen": "low_contrast",
    "infrared": "colour_cast",
    "tilt": "rotation",
    "bloom": "bright",
    "fog": "low_contrast",
    "sunglasses": "glasses",
    "goggles": "glasses",
    "face_mask": "scarf",
    "scarf_wrap": "scarf",
}
"""Family of ``FAMILIES`` under which the discriminator names a wild one; covers that are not listed are occlusions."""

_EXPOSURE = ("dark", "bright")
_LIGHTS: tuple[str, ...] = (
    *LIGHT,
    *_EXPOSURE,
    *("hard_light", "hard_light", "cast_shadow", "cast_shadow"),
    *("blinds", "bloom", "infrared"),
)
_STRUCTURES: tuple[str, ...] = (
    *STRUCTURE,
    *("gaussian_blur", "low_resolution", "low_resolution", "defocus", "motion_blur"),
    *("curved_motion", "phone_noise", "webp", "double_jpeg", "screen"),
)
_COVERS: tuple[str, ...] = (
    *WORN,
    *("sunglasses", "sunglasses", "hand", "microphone", "face_mask", "strands"),
    *("rectangle", "ellipse", "blob", "occlusion"),
    *COVER,
)
_HARD_LIGHTS, _HARD_COVERS = _EXPOSURE * 2, ("hand",) * 3
"""What restoring draws beside these: it is the hardest to undo."""
_AWAY = 0.08
"""Share of the draws of restoring that are photographs of heads turned away whose target is another photograph of the subject:
among all photographs they are too few to learn from, and a head that a mesh has turned is not quite the same."""
_AS_TAKEN = 0.08
"""Share of the draws of restoring that are such photographs as they were taken: only there a face is to change by its utility
alone, and all natural faces together are too few to learn it from."""
_GEOMETRY = ("rotation", "crop", "tilt")
_ANGLES = (60.0, 25.0)


@dataclass(frozen=True)
class AlterationMix:
    """How often what is done to a face, each a share in [0, 1].

    ``target`` of the draws are good pictures, the rest any face; ``turned`` of the good pictures are turned in three
    dimensions where a mesh is known, ``behind`` of them get another background; ``degraded`` of all are degraded further: in
    their ``light``, by a ``cover``, in their ``structure`` (``second``: twice) or their ``geometry``.
    """

    target: float = 0.68
    turned: float = 0.42
    behind: float = 0.08
    relit: float = 0.25
    degraded: float = 0.82
    light: float = 0.28
    cover: float = 0.42
    structure: float = 0.5
    second: float = 0.22
    geometry: float = 0.06


@dataclass(frozen=True, eq=False)
class Altered:
    """One draw.

    Attributes:
        row: the face it was made from.
        image: (S, S, 3) uint8 RGB, aligned.
        strengths: strength in (0, 1] by family of ``FAMILIES``.
        turned: yaw and pitch in degrees by which the head was turned.
    """

    row: int
    image: Image
    strengths: dict[str, float]
    turned: tuple[float, float]

    @property
    def changed(self) -> bool:
        """Whether anything was done that a recogniser might mind; another background is not."""
        return bool(self.strengths) or self.turned != (0.0, 0.0)


def apply_family(
    rng: np.random.Generator, image: Image, family: str, strength: float, other: Image | None = None
) -> Image:
    """Degrade or cover an aligned face by any family, plain or wild; ``other``: a picture to cover it with.

    Raises:
        ValueError: the family is unknown or the strength outside [0, 1].
    """
    if family in FAMILIES:
        return degrade(image, family, strength, rng)
    if family in WILD:
        return degrade_wild(image, family, strength, rng)
    return cover(rng, image, family, strength, other)[0]


class FaceAlterer:
    """Draws altered faces; the same state of chance gives the same draw.

    Args:
        faces: aligned faces.
        targets: which of them are good pictures.
        geometry: their meshes and masks; without them no head is turned.
        rows: rows to draw from; all for None.
        mix: how often what is done.
    """

    def __init__(
        self,
        faces: FaceSet,
        targets: Targets,
        geometry: FaceGeometry | None,
        *,
        rows: NDArray[np.int64] | None = None,
        mix: AlterationMix | None = None,
    ) -> None:
        self._faces, self._geometry = faces, geometry
        self._mix = mix or AlterationMix()
        self._any = np.arange(len(faces.crops)) if rows is None else rows
        self._good = targets.rows[np.isin(targets.rows, self._any)]
        self._is_good = np.zeros(len(faces.crops), bool)
        self._is_good[self._good] = True
        away = self._any[targets.turned[self._any] & (targets.of[self._any] >= 0)]
        self._away = away[targets.of[away] != away]
        # Sources of very different size share the draws by the square root of their size.
        source = np.array([faces.subjects[i].split("/")[0] for i in self._good])
        _, which, count = np.unique(source, return_inverse=True, return_counts=True)
        weight = (1 / np.sqrt(count))[which]
        self._weights = weight / weight.sum()

    def draw(self, rng: np.random.Generator) -> Altered:
        """Draw a face and alter it: hands, darkness, over-exposure and heads that are turned away more often than there are."""
        kind = rng.random() if len(self._away) else 1.0
        if kind < _AWAY:
            return self.alter(rng, int(rng.choice(self._away)))
        if kind < _AWAY + _AS_TAKEN:
            row = int(rng.choice(self._away))
            return Altered(row, np.ascontiguousarray(self._faces.crops[row]), {}, (0.0, 0.0))
        if len(self._good) and rng.random() < self._mix.target:
            row = int(rng.choice(self._good, p=self._weights))
        else:
            row = int(rng.choice(self._any))
        return self._altered(rng, row, hard=True)

    def alter(self, rng: np.random.Generator, row: int) -> Altered:
        """Alter one face."""
        return self._altered(rng, row, hard=False)

    def _altered(self, rng: np.random.Generator, row: int, *, hard: bool) -> Altered:
        mix, strengths = self._mix, {}
        image, turned = self._faces.crops[row], (0.0, 0.0)
        kind = rng.random()
        if self._geometry is not None and self._is_good[row]:
            if kind < mix.turned:
                image, turned, lit = self._turned(rng, self._geometry, row)
                if lit:
                    strengths["side_light"] = lit
            elif kind < mix.turned + mix.behind:
                behind = np.asarray(cv2.flip(self._other(rng), 0), np.uint8)
                image = self._head(self._geometry, row, behind).front()
        for family in self._families(rng, hard):
            # A face that is nearly black or white is lit by what is usual: where such ones are rare, too little.
            draws = 3 if hard and family in _EXPOSURE else 1
            strength = float(rng.beta(1.1, 1.25, draws).max())
            other = self._other(rng) if rng.random() < 0.3 else None
            image = apply_family(rng, image, family, strength, other)
            name = family if family in FAMILIES else NAMED_AS.get(family, "occlusion")
            strengths[name] = max(strength, strengths.get(name, 0.0))
        return Altered(row, np.ascontiguousarray(image), strengths, turned)

    def _families(self, rng: np.random.Generator, hard: bool) -> list[str]:
        """Names of what is to be done, in its order: light, then cover and structure, then geometry."""
        mix, chosen = self._mix, list[str]()
        if rng.random() >= mix.degraded:
            return chosen

        def one(families: Sequence[str], again: float = 0.0) -> list[str]:
            count = 2 if rng.random() < again else 1
            return [families[int(rng.integers(len(families)))] for _ in range(count)]

        if rng.random() < mix.light:
            chosen += one(_LIGHTS + _HARD_LIGHTS * hard)
        covers = one(_COVERS + _HARD_COVERS * hard, 0.1) if rng.random() < mix.cover else []
        harm = one(_STRUCTURES, mix.second) if rng.random() < mix.structure else []
        # What lies on the lens or the glass comes after, what the camera does to everything mostly last.
        chosen += [*harm, *covers] if rng.random() < 0.25 else [*covers, *harm]
        if rng.random() < mix.geometry:
            chosen += one(_GEOMETRY)
        return chosen

    def _other(self, rng: np.random.Generator) -> Image:
        return np.asarray(self._faces.crops[int(rng.choice(self._any))])

    def _head(self, geometry: FaceGeometry, row: int, background: Image | str | None) -> Head:
        crop, points = self._faces.crops[row], geometry.points[row].astype(np.float64)
        return Head(crop, points, geometry.person[row], background=background)

    def _turned(
        self, rng: np.random.Generator, geometry: FaceGeometry, row: int
    ) -> tuple[Image, tuple[float, float], float]:
        kind = rng.random()
        behind: Image | str | None = "own" if kind < 0.6 else None
        if kind >= 0.7:
            blurred = cv2.GaussianBlur(self._other(rng), (0, 0), float(rng.uniform(0.3, 6)))
            behind = np.asarray(cv2.flip(blurred, 0), np.uint8)
        yaw = float(rng.uniform(-_ANGLES[0], _ANGLES[0]))
        pitch = float(np.clip(rng.normal(0, 11), -_ANGLES[1], _ANGLES[1]))
        light, strength = None, 0.0
        if rng.random() < self._mix.relit:
            strength = float(rng.uniform(0.4, 1))
            light = Light(
                azimuth=float(rng.choice([-1, 1]) * rng.uniform(30, 100)),
                elevation=float(rng.uniform(-10, 60)),
                strength=strength,
                ambient=float(rng.uniform(0.08, 0.4)),
            )
        head = self._head(geometry, row, behind).turn(yaw=yaw, pitch=pitch, light=light)
        return head.image, (yaw, pitch), strength
