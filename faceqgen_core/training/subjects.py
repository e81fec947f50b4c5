"""Subjects: folders of face images -> aligned crops, and one best image per subject.

Layout: ``<root>/<subject>/<image>``; images that lie in the root itself are subjects of their own.
"""

from __future__ import annotations

import csv
import hashlib
import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from faceqgen_core.alignment import CropProtocol, align
from faceqgen_core.detection import MTCNNDetector, primary_face_order
from faceqgen_core.image_io import ImageError, load_image
from faceqgen_core.types import FaceBox, Image

logger = logging.getLogger(__name__)

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}


@dataclass(frozen=True)
class Listing:
    """One image of one subject: file, name ``<root name>/<path below it>``, subject ``<root name>/<subject>``."""

    path: Path
    name: str
    subject: str


@dataclass(frozen=True, eq=False)
class FaceSet:
    """Aligned faces in memory (or a memory map).

    Attributes:
        crops: (N, S, S, 3) uint8 RGB.
        names: N image names.
        subjects: (N,) subject of each.
        landmarks: (N, 5, 2) float32, pixels of the original images.
        fitness: (N,) float64, how well the image would serve as a target, higher is better.
    """

    crops: NDArray[np.uint8]
    names: list[str]
    subjects: NDArray[np.str_]
    landmarks: NDArray[np.float32]
    fitness: NDArray[np.float64]

    def select(self, rows: NDArray[np.int64]) -> FaceSet:
        """Return the rows given, in that order; copies the crops."""
        return FaceSet(
            self.crops[rows],
            [self.names[i] for i in rows],
            self.subjects[rows],
            self.landmarks[rows],
            self.fitness[rows],
        )


def list_subjects(roots: Iterable[Path], *, keep: set[str] | None = None) -> list[Listing]:
    """List the images below roots, sorted.

    Args:
        roots: folders laid out ``<subject>/<image>``, or holding images directly.
        keep: names of the subject folders to keep; None keeps all. It binds only the roots in which one of them
            occurs; other roots are kept whole.

    Raises:
        ValueError: a root is no folder, or no image was found.
    """
    found: list[Listing] = []
    roots = list(roots)
    for root in roots:
        if not root.is_dir():
            raise ValueError(f"{root} is not a folder; expected <root>/<subject>/<image>")
        bound = keep is not None and any(p.name in keep for p in root.iterdir() if p.is_dir())
        for path in sorted(root.rglob("*")):
            if path.suffix.lower() not in SUFFIXES:
                continue
            below = path.relative_to(root)
            folder = below.parts[0] if len(below.parts) > 1 else None
            if bound and keep is not None and folder is not None and folder not in keep:
                continue
            subject = f"{root.name}/{folder or below.stem}"
            found.append(Listing(path, f"{root.name}/{below.as_posix()}", subject))
    if keep is not None and not any((root / name).is_dir() for root in roots for name in keep):
        raise ValueError("no listed subject has a folder below the roots: is it the right listing?")
    if not found:
        raise ValueError(f"no image below {', '.join(map(str, roots))}")
    return found


def read_landmarks(path: Path) -> dict[str, FaceBox]:
    """Read boxes and landmarks from a CSV: image, x, y, w, h, reye_x, reye_y, leye_x, ... (right: the subject's)."""
    faces = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            points = [
                [float(row[f"{p}_x"]), float(row[f"{p}_y"])]
                for p in ("reye", "leye", "nose", "rmouth", "lmouth")
            ]
            faces[row["image"]] = FaceBox(
                x=float(row["x"]),
                y=float(row["y"]),
                width=float(row["w"]),
                height=float(row["h"]),
                confidence=float(row["score"]),
                landmarks=np.array(points, np.float32),
            )
    return faces


def frontality(landmarks: NDArray[np.float32]) -> float:
    """How centred the nose lies between the eyes: 1 frontal, 0 profile. A label-free cue for yaw."""
    right, left, nose = landmarks[0], landmarks[1], landmarks[2]
    axis = left - right
    along = float((nose - right) @ axis / max(float(axis @ axis), 1e-6))
    return float(np.clip(1 - 2 * abs(along - 0.5), 0, 1))


def target_fitness(crop: Image, landmarks: NDArray[np.float32]) -> float:
    """How well an image would serve as its subject's target: frontal, sharp, large, evenly lit, well exposed; 0..1."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    face = grey[grey.shape[0] // 4 : -grey.shape[0] // 8, grey.shape[1] // 5 : -grey.shape[1] // 5]
    sharp = min(1.0, float(np.log1p(cv2.Laplacian(face, cv2.CV_64F).var())) / np.log1p(600.0))
    large = min(1.0, float(np.linalg.norm(landmarks[0] - landmarks[1])) / 40.0)
    middle = face.shape[1] // 2
    halves = float(face[:, :middle].mean()), float(face[:, middle:].mean())
    even = 1 - abs(halves[0] - halves[1]) / max(sum(halves), 1.0)
    exposed = 1 - float(((face < 12) | (face > 243)).mean())
    return float(frontality(landmarks) * sharp * large * even**2 * exposed)


def align_faces(
    listings: Sequence[Listing],
    protocol: CropProtocol,
    *,
    known: dict[str, FaceBox] | None = None,
    cache: Path | None = None,
) -> FaceSet:
    """Align the primary face of every image; images without a usable face are left out and counted in the log.

    Args:
        listings: the images.
        protocol: crop protocol.
        known: faces by image name; others are detected with MTCNN.
        cache: folder that keeps the crops for the next run over the same listing and protocol.
    """
    key = hashlib.sha256(
        json.dumps([protocol.identifier, protocol.eye_distance, protocol.center_y]).encode()
        + "\n".join(f"{x.path} {x.path.stat().st_mtime_ns}" for x in listings).encode()
        + repr(sorted(known or ())).encode()
    ).hexdigest()[:16]
    store = cache / f"faces-{key}.npz" if cache else None
    if store is not None and store.is_file():
        with np.load(store) as data:
            return FaceSet(
                data["crops"],
                [str(n) for n in data["names"]],
                data["subjects"],
                data["landmarks"],
                data["fitness"],
            )
    detector = None
    crops, names, subjects, points, fitness = [], [], [], [], []
    for item in tqdm(listings, desc="align", unit="img", mininterval=2):
        try:
            image = load_image(item.path)
            face = (known or {}).get(item.name)
            if face is None:
                detector = detector or MTCNNDetector()
                height, width = image.shape[:2]
                faces = primary_face_order(detector.detect(image), (width, height))
                face = faces[0] if faces else None
            if face is None or face.landmarks is None:
                logger.warning("no face in %s", item.name)
                continue
            crop = align(image, face, protocol).image
        except (ImageError, ValueError) as error:
            logger.warning("left out %s: %s", item.name, error)
            continue
        crops.append(crop)
        names.append(item.name)
        subjects.append(item.subject)
        points.append(face.landmarks)
        fitness.append(target_fitness(crop, face.landmarks))
    if not crops:
        raise ValueError("no face was found in any of the images")
    logger.info("%d of %d images have a usable face", len(crops), len(listings))
    faces_set = FaceSet(
        np.stack(crops), names, np.array(subjects), np.stack(points), np.array(fitness)
    )
    if store is not None:
        store.parent.mkdir(parents=True, exist_ok=True)
        temporary = store.with_suffix(".tmp.npz")
        np.savez(
            temporary,
            crops=faces_set.crops,
            names=np.array(names),
            subjects=faces_set.subjects,
            landmarks=faces_set.landmarks,
            fitness=faces_set.fitness,
        )
        temporary.replace(store)
    return faces_set


def best_images(faces: FaceSet, *, named: set[str] | None = None) -> NDArray[np.int64]:
    """Return, for every image, the row of its subject's target: the named one, else the fittest."""
    best: dict[str, int] = {}
    for i, subject in enumerate(faces.subjects):
        j = best.get(subject)
        rank = (faces.names[i] in (named or ()), faces.fitness[i])
        if j is None or rank > (faces.names[j] in (named or ()), faces.fitness[j]):
            best[subject] = i
    return np.array([best[s] for s in faces.subjects], np.int64)


def split_subjects(
    faces: FaceSet, *, share: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Hold back a share of the subjects: rows to train on, rows held back; the same for the same names and seed."""
    held = np.array(
        [
            int(hashlib.sha256(f"{seed}:{s}".encode()).hexdigest()[:8], 16) / 0xFFFFFFFF < share
            for s in faces.subjects
        ]
    )
    return np.flatnonzero(~held), np.flatnonzero(held)
