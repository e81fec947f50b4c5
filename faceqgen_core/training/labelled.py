"""The labelled set: faces of training subjects, as they are and degraded, with a recogniser's comparison scores.

No human label: the score of a face is the mean similarity of its embedding to the better half of the other, untouched
images of its subject. What is no face gets 0, the similarity of strangers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from faceqgen_core.training.degradation import FAMILIES, degrade
from faceqgen_core.training.pairs import align_jitter
from faceqgen_core.training.subjects import FaceSet
from faceqgen_core.training.teacher import Teacher
from faceqgen_core.types import Image


@dataclass(frozen=True, eq=False)
class LabelledSet:
    """Crops with the comparison scores that a quality measure shall predict.

    Attributes:
        crops: (N, S, S, 3) uint8 RGB.
        similarity: (N,) float32, mean mated similarity, about -0.2..1, higher is better.
        subjects: (N,) subject of each, "" for what is no face.
        natural: (N,) bool, True where nothing was done to the image.
    """

    crops: NDArray[np.uint8]
    similarity: NDArray[np.float32]
    subjects: NDArray[np.str_]
    natural: NDArray[np.bool_]


def _mated_similarity(embedding: NDArray[np.float32], mates: NDArray[np.float32]) -> float:
    similarity = np.sort(mates @ embedding)
    return float(similarity[len(similarity) // 2 :].mean())


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


def build_labelled_set(
    faces: FaceSet,
    teacher: Teacher,
    *,
    copies: int = 4,
    most_per_subject: int = 12,
    no_faces: int = 1500,
    seed: int = 0,
) -> LabelledSet:
    """Label the images of every subject that has at least two, each as it is and in degraded copies.

    Args:
        faces: aligned faces of training subjects.
        teacher: the recogniser.
        copies: degraded copies of each image, by one or two random families each.
        most_per_subject: images used of one subject, lest a few subjects outweigh the rest.
        no_faces: pictures without a face.
        seed: start of every draw.

    Raises:
        ValueError: no subject has two images.
    """
    rng = np.random.default_rng(seed)
    names, counts = np.unique(faces.subjects, return_counts=True)
    several = set(names[counts >= 2])
    if not several:
        raise ValueError("no subject has two images: comparison scores cannot be had")
    groups: dict[str, list[int]] = {}
    for i in rng.permutation(len(faces.subjects)):
        subject = str(faces.subjects[i])
        if subject in several and len(groups.setdefault(subject, [])) < most_per_subject:
            groups[subject].append(int(i))
    crops, scores, subjects, natural = [], [], [], []
    families = list(FAMILIES)
    for subject in tqdm(sorted(groups), desc="label", unit="subject", mininterval=2):
        rows = groups[subject]
        embeddings = teacher.embed(faces.crops[rows])
        for position, row in enumerate(rows):
            mates = np.delete(embeddings, position, axis=0)
            versions = [faces.crops[row]]
            for _ in range(copies):
                image = faces.crops[row]
                for _ in range(1 + (rng.random() < 0.35)):
                    family = families[int(rng.integers(len(families)))]
                    image = degrade(image, family, float(rng.beta(1.0, 1.2)), rng)
                versions.append(image)
            embedded = teacher.embed(np.stack(versions))
            for number, image in enumerate(versions):
                # The teacher sees the face where it is; the networks see it where a detector might put it.
                crops.append(align_jitter(rng, image))
                scores.append(_mated_similarity(embedded[number], mates))
                subjects.append(subject)
                natural.append(number == 0)
    for row in rng.integers(0, len(faces.crops), no_faces):
        crops.append(no_face(rng, faces.crops[row]))
        scores.append(0.0)
        subjects.append("")
        natural.append(False)
    return LabelledSet(
        np.stack(crops), np.array(scores, np.float32), np.array(subjects), np.array(natural)
    )
