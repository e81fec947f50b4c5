"""Pairs: what the generator learns from, input and target.

Three kinds: clean -> same (a good face is a fixed point); degraded -> clean (structure is destroyed and must be drawn
again; a change of light is mostly left in the target, because light hardly harms recognition and a network that undoes it
spends its difference there); and other image of the subject -> the subject's best image, before a homogeneous background.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.degradation import COVER, FAMILIES, LIGHT, STRUCTURE, degrade
from faceqgen_core.training.data.background import homogenise
from faceqgen_core.training.data.subjects import FaceSet
from faceqgen_core.types import Image

_DRAWN = (*STRUCTURE, "low_resolution", "low_resolution", "low_resolution", "defocus")
"""Structure is destroyed by these: what breaks recognition most and is hardest to undo comes more often."""


@dataclass(frozen=True)
class PairMix:
    """Shares of the kinds of pairs (the rest is degraded -> clean) and of what is done to them.

    ``relight`` is the share of a change of light that the target undoes, ``background`` how homogeneous the background of
    another image's target becomes. The other targets keep theirs: a good face must be a fixed point, and a background that
    always changes would make SSIM and MSE measures of clutter.
    """

    clean: float = 0.2
    other: float = 0.08
    cover: float = 0.12
    any_image: float = 0.25
    light: float = 0.3
    geometry: float = 0.05
    second: float = 0.25
    relight: float = 0.35
    background: float = 0.8


@dataclass(frozen=True, eq=False)
class Batch:
    """Training pairs.

    Attributes:
        image: (N, S, S, 3) float32 in [0, 1], what the generator gets.
        target: same shape, what it shall return.
        cross: (N,) float32, 1 where the target is another image of the subject, 0 elsewhere.
        strengths: (N, F) float32 in [0, 1], strength of each family in the input, in the order of ``FAMILIES``.
    """

    image: NDArray[np.float32]
    target: NDArray[np.float32]
    cross: NDArray[np.float32]
    strengths: NDArray[np.float32]


def align_jitter(rng: np.random.Generator, image: Image) -> Image:
    """Misalign a little, as detectors do."""
    size = image.shape[0]
    matrix = cv2.getRotationMatrix2D(
        (size / 2, size / 2), rng.normal(0, 3), float(np.exp(rng.normal(0, 0.04)))
    )
    matrix[:, 2] = matrix[:, 2] + rng.normal(0, 0.015 * size, 2)
    warped = cv2.warpAffine(
        image, matrix, (size, size), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, np.uint8)


def random_degradation(
    rng: np.random.Generator, image: Image, families: tuple[str, ...], *, second: float
) -> tuple[Image, dict[str, float]]:
    """Degrade once or, with probability ``second``, twice; returns the image and the strength by family."""
    strengths: dict[str, float] = {}
    for _ in range(2 if rng.random() < second else 1):
        family = families[int(rng.integers(len(families)))]
        strength = float(rng.beta(1.1, 1.3))
        image = degrade(image, family, strength, rng)
        strengths[family] = max(strength, strengths.get(family, 0.0))
    return image, strengths


Pair = tuple[Image, Image, float, dict[str, float]]
"""Input, target, whether it is another image, strength by family."""


def _cut(rng: np.random.Generator, pair: Pair, patch: int) -> Pair:
    y, x = rng.integers(0, pair[0].shape[0] - patch + 1, 2)
    image, target = (i[y : y + patch, x : x + patch] for i in pair[:2])
    return image, target, *pair[2:]


class PairSource:
    """Draws batches; batch number ``n`` is the same whenever it is drawn, so that training resumes exactly.

    Args:
        faces: aligned faces.
        best: for every image the row of its subject's target.
        mix: shares of the kinds of pairs.
        seed: start of every draw.
    """

    def __init__(
        self, faces: FaceSet, best: NDArray[np.int64], *, mix: PairMix | None = None, seed: int = 0
    ) -> None:
        self._faces = faces
        self._best = best
        self._mix = mix or PairMix()
        self._seed = seed
        self._targets = np.unique(best)
        self._others = np.flatnonzero(best != np.arange(len(best)))
        # Sources of very different size share the draws by the square root of their size.
        source = np.array([faces.subjects[i].split("/")[0] for i in self._targets])
        _, which, count = np.unique(source, return_inverse=True, return_counts=True)
        weight = (1 / np.sqrt(count))[which]
        self._weights = weight / weight.sum()

    def batch(self, number: int, size: int, *, patch: int | None = None) -> Batch:
        """Draw batch ``number`` with ``size`` pairs, or with as many patches of side ``patch`` cut out of pairs.

        A patch shows too little to draw what is covered or turned away, and those large errors would drown the small
        ones from which sharpening and denoising are learned: patches come from local degradations alone.
        """
        rng = np.random.default_rng([self._seed, number])
        mix = self._mix
        if patch is not None:
            mix = replace(mix, other=0.0, cover=0.0, geometry=0.0, second=0.0)
        pairs = [self._pair(rng, mix) for _ in range(size)]
        if patch is not None:
            pairs = [_cut(rng, pair, patch) for pair in pairs]
        return Batch(
            np.stack([p[0] for p in pairs]).astype(np.float32) / np.float32(255),
            np.stack([p[1] for p in pairs]).astype(np.float32) / np.float32(255),
            np.array([p[2] for p in pairs], np.float32),
            np.array([[p[3].get(f, 0.0) for f in FAMILIES] for p in pairs], np.float32),
        )

    def _pair(self, rng: np.random.Generator, mix: PairMix) -> Pair:
        kind = rng.random()
        strengths: dict[str, float] = {}
        if kind < mix.other and len(self._others):
            row = int(self._others[rng.integers(len(self._others))])
            image, target = self._faces.crops[row], self._faces.crops[self._best[row]]
            target, cross = homogenise(target, mix.background), 1.0
        else:
            cross = 0.0
            # Mostly the best images; some others, lest a turned head be a stranger.
            if rng.random() < mix.any_image:
                row = int(rng.integers(len(self._faces.crops)))
            else:
                row = int(rng.choice(self._targets, p=self._weights))
            target = self._faces.crops[row]
            target = align_jitter(rng, target)
            image = target
            if rng.random() < mix.light:
                image, dimmed = random_degradation(rng, target, LIGHT, second=0.1)
                target = cv2.addWeighted(target, mix.relight, image, 1 - mix.relight, 0)
                strengths |= dimmed
            if kind >= mix.other + mix.clean:
                image, done = random_degradation(rng, image, _DRAWN, second=mix.second)
                if rng.random() < mix.cover:
                    image, covered = random_degradation(rng, image, COVER, second=0.0)
                    done |= covered
                strengths |= done
            if (
                rng.random() < mix.geometry
            ):  # pose in the plane and cropping cannot be undone: both get them
                state = int(rng.integers(2**31))
                family = ("rotation", "crop")[int(rng.integers(2))]
                strength = float(rng.beta(1.1, 1.3))
                image = degrade(image, family, strength, np.random.default_rng(state))
                target = degrade(target, family, strength, np.random.default_rng(state))
                strengths[family] = strength
        if rng.random() < 0.5:
            image, target = image[:, ::-1], target[:, ::-1]
        return image, np.asarray(target, np.uint8), cross, strengths
