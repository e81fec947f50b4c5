"""The labelled set: faces of training subjects, as they are and degraded, with how well each will be known again.

No human label: the score of a face is the similarity of its embedding, by one recogniser or several, to the other images
of its subject (``labels.py``). A share of the label comes from the known strength of the degradation alone, since
recognisers have blind spots of their own. What is no face gets 0, the similarity of strangers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from faceqgen_core.degradation import FAMILIES, degrade
from faceqgen_core.training.data.alteration import Altered, FaceAlterer
from faceqgen_core.training.data.pairs import align_jitter
from faceqgen_core.training.data.subjects import FaceSet
from faceqgen_core.training.labels.utility import label_faces
from faceqgen_core.training.recognisers.teachers import Recogniser
from faceqgen_core.types import Image
from faceqgen_core.whole_files import written_whole

_CHUNK = 128
_IDENTITY = 256  # length of the embedding that the discriminator learns


@dataclass(frozen=True, eq=False)
class LabelledSet:
    """Crops with what a quality measure shall predict of each.

    Attributes:
        crops: (N, S, S, 3) uint8 RGB, in memory or a memory map.
        rows: (N,) int64, row of the face in the set it was made from; -1 for what is no face.
        degradation_levels: (N, F) float32 in [0, 1], strength of each family, in the order of ``FAMILIES``.
        similarity: (N,) float32, mated similarity, about -0.2..1, higher is better.
        weights: (N,) float32, how much the label counts.
        identities: (M, 256) float32 of unit length, the first recogniser's embedding of each face of the set, filled up
            with zeros; zeros alone without one.
        turned: (N, 2) float32, yaw and pitch in degrees by which the head was turned.
        by_teacher: (N, T) float32, similarity by each recogniser alone, before the known strengths have their share; 0
            for what is no face.
    """

    crops: NDArray[np.uint8]
    rows: NDArray[np.int64]
    degradation_levels: NDArray[np.float32]
    similarity: NDArray[np.float32]
    weights: NDArray[np.float32]
    identities: NDArray[np.float32]
    by_teacher: NDArray[np.float32]
    turned: NDArray[np.float32]

    @property
    def degraded(self) -> NDArray[np.bool_]:
        """(N,) True where something was done to a face."""
        touched = (self.degradation_levels.sum(axis=1) > 0) | self.turned.any(axis=1)
        return np.asarray((self.rows >= 0) & touched)

    @property
    def natural(self) -> NDArray[np.bool_]:
        """(N,) True for untouched faces whose label is a comparison with another image."""
        return np.asarray((self.rows >= 0) & ~self.degraded & (self.weights >= 1))

    def take(self, rows: NDArray[np.int64]) -> LabelledSet:
        """Return some rows, their crops in memory; the identities stay whole."""
        taken = {
            f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "identities"
        }
        return LabelledSet(**taken, identities=self.identities)

    def save(self, folder: Path) -> None:
        """Write one file per array into a folder that does not exist, by a rename."""
        with written_whole(folder) as temporary:
            temporary.mkdir()
            for field in fields(self):
                np.save(temporary / f"{field.name}.npy", getattr(self, field.name))

    @classmethod
    def load(cls, folder: Path) -> LabelledSet:
        """Read what ``save`` wrote; the crops stay on disk as a memory map."""
        arrays = {
            f.name: np.load(_file(folder, f.name), mmap_mode="r" if f.name == "crops" else None)
            for f in fields(cls)
        }
        return cls(**arrays)


def _file(folder: Path, name: str) -> Path:
    """File of an array; sets that were saved before have the degradation levels by their former name."""
    earlier = folder / "strengths.npy"
    if name == "degradation_levels" and earlier.is_file():
        return earlier
    return folder / f"{name}.npy"


def no_face(rng: np.random.Generator, image: Image) -> Image:
    """Make a picture without a face out of one with a face: scrambled, a patch of its border, noise, or a plain hue."""
    size = image.shape[0]
    kind = int(rng.integers(5))
    if kind == 0:
        cells = int(rng.choice([4, 8, 16]))
        side = size // cells
        tiles = image.reshape(cells, side, cells, side, 3).swapaxes(1, 2).reshape(-1, side, side, 3)
        tiles = tiles[rng.permutation(len(tiles))]
        return np.ascontiguousarray(
            tiles.reshape(cells, cells, side, side, 3).swapaxes(1, 2).reshape(size, size, 3)
        )
    if kind == 1:
        corner = (
            image[: size // 4, : size // 4]
            if rng.random() < 0.5
            else image[: size // 4, -size // 4 :]
        )
        return np.repeat(np.repeat(corner, 4, axis=0), 4, axis=1)
    if kind == 2:
        return degrade(
            np.ascontiguousarray(image[::-1]), "low_resolution", float(rng.random()), rng
        )
    if kind == 3:
        plain = np.full_like(image, rng.integers(0, 256, 3, dtype=np.uint8))
        return degrade(plain, "noise", float(rng.random()), rng)
    coarse = rng.integers(0, 256, (size // 16, size // 16, 3), dtype=np.uint8)
    return degrade(
        np.repeat(np.repeat(coarse, 16, 0), 16, 1), "gaussian_blur", float(rng.random()), rng
    )


def _altered(rng: np.random.Generator, alterer: FaceAlterer, row: int) -> Altered:
    """Alter a face until something was done to it."""
    while not (altered := alterer.alter(rng, row)).changed:
        pass
    return altered


def build_labelled_set(
    faces: FaceSet,
    teachers: Sequence[Recogniser] = (),
    *,
    alterer: FaceAlterer,
    copies: int = 5,
    no_faces: int = 1500,
    seed: int = 0,
) -> LabelledSet:
    """Label every face as it is and in altered copies.

    Args:
        faces: aligned faces of training subjects.
        teachers: the recognisers; none labels by what is known to have been done alone.
        alterer: turns, covers and degrades the same faces.
        copies: altered copies of each image.
        no_faces: pictures without a face.
        seed: start of every draw.
    """
    rng = np.random.default_rng(seed)
    versions = copies + 1
    count = len(faces.crops) * versions
    crops = np.empty((count + no_faces, *faces.crops.shape[1:]), np.uint8)
    levels = np.zeros((count, len(FAMILIES)), np.float32)
    turned = np.zeros((count, 2), np.float32)
    rows = np.repeat(np.arange(len(faces.crops)), versions)
    embedded: list[list[NDArray[np.float32]]] = [[] for _ in teachers]
    for first in tqdm(
        range(0, len(faces.crops), _CHUNK), desc="label", unit="chunk", mininterval=2
    ):
        chunk = faces.crops[first : first + _CHUNK]
        images = []
        for offset, clean in enumerate(chunk):
            for version in range(versions):
                image, number = clean, (first + offset) * versions + version
                if version:
                    altered = _altered(rng, alterer, first + offset)
                    image, turned[number] = altered.image, altered.turned
                    levels[number] = [altered.strengths.get(f, 0.0) for f in FAMILIES]
                images.append(image)
                # The teacher sees the face where it is; the networks see it where a detector might put it.
                crops[number] = align_jitter(rng, image)
        for teacher, parts in zip(teachers, embedded, strict=True):
            parts.append(teacher.embed(np.stack(images)))
    embeddings = [np.concatenate(parts) for parts in embedded]
    similarity, weights, by_teacher = label_faces(
        rows, levels, embeddings, faces.subjects, turned=turned, seed=seed
    )
    identities = np.zeros((len(faces.crops), _IDENTITY), np.float32)
    if embeddings:
        # Of every face, the first of its versions is the face itself; zeros behind change no similarity.
        own = embeddings[0][::versions]
        identities = np.pad(own, ((0, 0), (0, max(0, _IDENTITY - own.shape[1]))))
    for number, row in enumerate(rng.integers(0, len(faces.crops), no_faces), count):
        crops[number] = no_face(rng, faces.crops[row])
    return LabelledSet(
        crops=crops,
        rows=np.concatenate([rows, np.full(no_faces, -1)]),
        degradation_levels=np.concatenate(
            [levels, np.zeros((no_faces, len(FAMILIES)), np.float32)]
        ),
        similarity=np.concatenate([similarity, np.zeros(no_faces, np.float32)]),
        weights=np.concatenate([weights, np.ones(no_faces, np.float32)]),
        identities=identities,
        by_teacher=np.concatenate(
            [by_teacher, np.zeros((no_faces, by_teacher.shape[1]), np.float32)]
        ),
        turned=np.concatenate([turned, np.zeros((no_faces, 2), np.float32)]),
    )
