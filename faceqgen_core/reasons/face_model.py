"""A statistical face: what an aligned face may look like, so that what covers one is told from the face itself.

Mean and twelve principal components of some thousand aligned faces at 32 x 32 pixels, luminance and colour, laid onto a
crop by robust least squares: pixels that no face explains lose their say, and are reported as hidden (after Black and
Jepson 1998). No face can be read back from an average of thousands.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.reasons.percentiles import percentiles
from faceqgen_core.types import Image

SIDE = 32
FILE = Path(__file__).with_name("face_model.npz")
HIDDEN = 3.5
"""A pixel counts as hidden from this many times the usual misfit on."""
_COLOUR = (
    12.0  # grey levels of chroma that weigh as much as one standard deviation of the luminance
)
_ROUNDS = 6
_PARTS = ("mean", "components", "deviations", "misfit")
_Array = NDArray[np.float32]


@lru_cache(maxsize=1)
def _oval() -> NDArray[np.bool_]:
    """(32, 32) bool: the face without hair, larger than the oval that light is measured in."""
    y, x = (np.mgrid[0:SIDE, 0:SIDE] + 0.5) / SIDE
    return np.asarray(((x - 0.5) / 0.30) ** 2 + ((y - 0.53) / 0.40) ** 2 <= 1)


def _pixels(crop: Image) -> _Array:
    """(S, S, 3) uint8 RGB -> (P, 3) float32 luminance, red and blue chroma of the oval's P pixels."""
    small = cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb)[_oval()].astype(np.float32)


@lru_cache(maxsize=2)
def _order(fixed: int) -> NDArray[np.intp]:
    """(R + 2, R + 2): where the sums of a round lie that make its equations, for R rows that are the same for any crop.

    First come the R * R sums of these; those of each with the tint in red, and in blue; of the tint with itself; and 0.
    """
    order = np.empty((fixed + 2, fixed + 2), np.intp)
    order[:fixed, :fixed] = np.arange(fixed * fixed).reshape(fixed, fixed)
    tint = fixed * fixed + np.arange(2 * fixed).reshape(fixed, 2)
    order[:fixed, fixed:], order[fixed:, :fixed] = tint, tint.T
    order[fixed:, fixed:] = fixed * fixed + 2 * fixed + (1 - np.eye(2, dtype=np.intp))
    return order


@dataclass(frozen=True, eq=False)
class FaceModel:
    """The model: P pixels of the oval, three channels one after the other, K components.

    Attributes:
        mean: (3P,) mean face, each luminance with mean 0 and standard deviation 1.
        components: (K, 3P) orthonormal.
        deviations: (K,) standard deviation of each component's coefficient.
        misfit: (P,) usual distance of a pixel from the model.
    """

    mean: _Array
    components: _Array
    deviations: _Array
    misfit: _Array

    @classmethod
    def fit(cls, crops: NDArray[np.uint8], *, components: int = 12) -> FaceModel:
        """Learn from (N, S, S, 3) uint8 RGB aligned faces.

        Raises:
            ValueError: fewer faces than components.
        """
        if len(crops) <= components:
            raise ValueError(f"{components} components need more faces than {len(crops)}")
        values = np.stack([_pixels(crop) for crop in crops])
        centred = values - values.mean(axis=1, keepdims=True)
        centred[..., 0] /= values[..., 0].std(axis=1, keepdims=True) + 4
        centred[..., 1:] /= _COLOUR
        rows = centred.transpose(0, 2, 1).reshape(len(crops), -1)
        mean = rows.mean(axis=0)
        spread, basis = np.linalg.eigh(np.cov(rows - mean, rowvar=False))
        order = np.argsort(spread)[::-1][:components]
        model = cls(
            mean.astype(np.float32),
            basis.T[order].astype(np.float32),
            np.sqrt(spread[order]).astype(np.float32),
            np.ones(_oval().sum(), np.float32),
        )
        usual = np.median([model.distances(crop, rounds=3) for crop in crops[:1000]], axis=0)
        return cls(model.mean, model.components, model.deviations, usual.astype(np.float32))

    @classmethod
    def load(cls, path: str | os.PathLike[str] = FILE) -> FaceModel:
        """Read a model.

        Raises:
            OSError: the file cannot be read.
        """
        with np.load(path) as data:
            return cls(**{name: data[name].astype(np.float32) for name in _PARTS})

    def save(self, path: str | os.PathLike[str] = FILE) -> None:
        """Write the model, in half precision."""
        np.savez_compressed(
            path, **{name: getattr(self, name).astype(np.float16) for name in _PARTS}
        )

    def distances(self, crop: Image, *, noise: float = 0.0, rounds: int = _ROUNDS) -> _Array:
        """How far each pixel of the oval lies from the nearest face, (P,), in usual misfits.

        Args:
            crop: (S, S, 3) uint8 RGB.
            noise: standard deviation of the crop's grain in grey levels, which excuses that much of it.
            rounds: refinements of the fit.
        """
        return np.asarray(self._distances([crop], noise, rounds)[0], np.float32)

    def _distances(self, crops: Sequence[Image], noise: float, rounds: int) -> _Array:
        """(N, P) of N crops at once: the numbers are few, and most of the time goes into calling for them."""
        pixels = np.stack([_pixels(crop) for crop in crops])
        count, places = pixels.shape[:2]
        low, high = percentiles(pixels[..., 0], 10, 90)
        contrast = np.maximum(4.0, (high - low) / 2.2).astype(np.float32)[:, None]
        target = np.ascontiguousarray(pixels.transpose(0, 2, 1)) / np.float32(_COLOUR)
        target[:, 0] = pixels[..., 0] / contrast
        # A tint grows with the light: colour may follow this face's own luminance.
        shades = (pixels[..., 0] - pixels[..., 0].mean(axis=1, keepdims=True)) / contrast
        rows, products, prior, expected = self._system
        fixed = len(rows)
        design = np.zeros((count, fixed + 2, 3, places), np.float32)
        design[:, :fixed] = rows
        design[:, -2, 1] = design[:, -1, 2] = shades
        flat = design.reshape(count, fixed + 2, -1)
        # At each pixel what a round adds up by its weights: products of this crop's tint, and of what is wanted.
        own = np.concatenate(
            [
                (rows[:, 1:] * shades[:, None, None]).reshape(count, 2 * fixed, places),
                (shades * shades)[:, None],
                np.zeros((count, 1, places), np.float32),
                np.einsum("nrcp,ncp->nrp", design, target),
            ],
            axis=1,
        )
        grain = np.asarray([noise * SIDE / crop.shape[0] for crop in crops])[:, None] / contrast
        scale = np.sqrt(self.misfit**2 + grain**2).astype(np.float32)
        tolerated, order, known = (1.5 * scale) ** 2, _order(fixed), prior @ expected
        weights = np.ones((count, places), np.float32)
        for _ in range(rounds):
            crop_sums = (own @ weights[..., None])[..., 0]
            sums = np.concatenate([weights @ products, crop_sums[:, : -fixed - 2]], axis=1)
            wanted = crop_sums[:, -fixed - 2 :] + known
            found = np.linalg.solve(np.take(sums, order, axis=1) + prior, wanted[..., None])
            rest = target - (found.transpose(0, 2, 1) @ flat).reshape(target.shape)
            squares = np.einsum("ncp,ncp->np", rest, rest)
            weights = tolerated / (tolerated + squares)
        return np.asarray(np.sqrt(squares) / scale, np.float32)

    @cached_property
    def _system(self) -> tuple[_Array, _Array, _Array, _Array]:
        """Rows that may explain any crop, (R, 3, P), their products, prior and expectation.

        The rows are offsets, light from a side, mean and components. Products of each two rows are those at each pixel,
        (P, R * R): a round adds them up by its weights. Prior and expectation are two longer: the last ones are of the
        crop's own tint.
        """
        oval, count = _oval(), len(self.misfit)
        y, x = (np.argwhere(oval).T + 0.5) / SIDE - 0.5
        rows = np.zeros((5, 3, count), np.float32)
        rows[range(3), range(3)] = 1
        rows[3, 0], rows[4, 0] = 4 * x, 4 * y
        faces = np.vstack([self.mean, self.components]).reshape(-1, 3, count)
        rows = np.concatenate([rows, faces]).astype(np.float32)
        products = np.einsum("icp,jcp->pij", rows, rows).reshape(count, -1)
        strictness = [1e-3] * 5 + [0.1, *(0.5 / self.deviations**2), 1e-3, 1e-3]
        expected = np.zeros(len(strictness), np.float32)
        expected[5] = 1
        prior = np.diag(strictness).astype(np.float32)
        return rows, np.ascontiguousarray(products), prior, expected

    def hidden_fraction(self, *crops: Image, noise: float = 0.0) -> float:
        """Share of the face that something else seems to cover, 0..1: the least of some crops of it.

        Args:
            crops: (S, S, 3) uint8 RGB of one size, at least one.
            noise: as in ``distances``.
        """
        return float((self._distances(crops, noise, _ROUNDS) > HIDDEN).mean(axis=1).min())


@lru_cache(maxsize=1)
def face_model() -> FaceModel:
    """The model that comes with the package."""
    return FaceModel.load()
