"""Crops of the evaluation images, by the product's own detection and alignment, kept outside the repository."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from faceqgen_core import alignment, detection
from faceqgen_core.alignment import CropProtocol, align
from faceqgen_core.detection import MTCNNDetector, primary_face_order
from faceqgen_core.image_io import load_image
from faceqgen_core.training.data.fitness import target_fitness
from faceqgen_core.training.data.layouts import list_subjects
from faceqgen_core.training.data.subjects import FaceSet, split_subjects
from faceqgen_core.whole_files import written_whole


@dataclass(frozen=True, eq=False)
class CropSet:
    """Primary faces of images.

    Attributes:
        names: (N,) paths below the data's root.
        crops: (N, S, S, 3) uint8 RGB, black where no face was found.
        found: (N,) True where a face was found.
        landmarks: (N, 5, 2) float32 pixels of the image.
    """

    names: NDArray[np.str_]
    crops: NDArray[np.uint8]
    found: NDArray[np.bool_]
    landmarks: NDArray[np.float32]

    @property
    def faces(self) -> NDArray[np.uint8]:
        """The crops of the faces that were found."""
        return self.crops[self.found]


def cache_folder() -> Path:
    """Where crops and intermediate results are kept, unless the command says otherwise."""
    return Path(os.environ.get("FACEQGEN_HOME", Path.home() / ".faceqgen")) / "model-card"


def crop_key(names: Sequence[str], protocol: CropProtocol) -> str:
    """What a set of crops depends on: the images, the protocol, and the code that finds and cuts the faces."""
    code = [Path(str(m.__file__)).read_bytes() for m in (detection, alignment)]
    facts = [*names, json.dumps(asdict(protocol), sort_keys=True)]
    return hashlib.sha256("\n".join(facts).encode() + b"".join(code)).hexdigest()[:16]


def cut(
    root: Path, names: Sequence[str], protocol: CropProtocol, *, label: str, cache: Path
) -> CropSet:
    """Find and cut the primary face of every image, or read what an earlier call has left in the cache."""
    store = cache / f"crops-{label}-{crop_key(names, protocol)}.npz"
    if not store.is_file():
        made = _cut(root, names, protocol, label)
        with written_whole(store) as temporary, temporary.open("wb") as file:
            np.savez(file, **vars(made))
    with np.load(store) as data:
        return CropSet(**{name: data[name] for name in data.files})


def _cut(root: Path, names: Sequence[str], protocol: CropProtocol, label: str) -> CropSet:
    size = protocol.size
    crops = np.zeros((len(names), size, size, 3), np.uint8)
    found = np.zeros(len(names), bool)
    landmarks = np.zeros((len(names), 5, 2), np.float32)
    detector = MTCNNDetector()
    for i, name in enumerate(tqdm(names, desc=f"faces of {label}", unit="img", mininterval=2)):
        image = load_image(root / name)
        height, width = image.shape[:2]
        faces = primary_face_order(detector.detect(image), (width, height))
        if faces and faces[0].landmarks is not None:
            crops[i] = align(image, faces[0], protocol).image
            landmarks[i] = faces[0].landmarks
            found[i] = True
    return CropSet(np.array(names), crops, found, landmarks)


def held_back_names(root: Path, *, share: float, seed: int) -> list[str]:
    """Images of the subjects that a training run with this share and seed has held back."""
    subjects = (root / "splits" / "lfw_train_subjects.txt").read_text(encoding="utf-8").split()
    folders = [root / name for name in ("lfw", "portraits", "london")]
    listings = list_subjects(folders, keep=set(subjects))
    count = len(listings)
    faces = FaceSet(
        np.empty((count, 0), np.uint8),
        [item.name for item in listings],
        np.array([item.subject for item in listings]),
        np.empty((count, 5, 2), np.float32),
        np.zeros(count),
    )
    _, held = split_subjects(faces, share=share, seed=seed)
    return [faces.names[i] for i in held]


def subject_of(name: str) -> str:
    """``lfw/<subject>/<image>`` -> ``lfw/<subject>``; an image in the root is a subject of its own."""
    parts = name.split("/")
    return "/".join(parts[:2]) if len(parts) > 2 else name.rsplit(".", 1)[0]


def fittest(faces: CropSet, protocol: CropProtocol, count: int) -> NDArray[np.int64]:
    """Rows of the fittest image of each subject (frontal, sharp, evenly lit), the ``count`` best ones in a fixed order."""
    rows = np.flatnonzero(faces.found)
    fitness = {
        int(i): target_fitness(faces.crops[i], faces.landmarks[i], protocol=protocol) for i in rows
    }
    best: dict[str, int] = {}
    for i in sorted(fitness, key=lambda i: -fitness[i]):
        best.setdefault(subject_of(str(faces.names[i])), i)
    return np.array(sorted(best.values(), key=lambda i: -fitness[i])[:count], np.int64)
