"""Subjects: listed face images -> aligned crops, and one best image per subject."""

from __future__ import annotations

import csv
import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from faceqgen_core.alignment import CropProtocol, align
from faceqgen_core.detection import MTCNNDetector, primary_face_order
from faceqgen_core.image_io import ImageError, load_image
from faceqgen_core.training.data.fitness import VERSION, target_fitness
from faceqgen_core.training.data.layouts import Listing
from faceqgen_core.types import FaceBox
from faceqgen_core.whole_files import written_whole

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class FaceSet:
    """Aligned faces in memory (or a memory map).

    Attributes:
        crops: (N, S, S, 3) uint8 RGB.
        names: N image names.
        subjects: (N,) subject of each.
        landmarks: (N, 5, 2) float32, pixels of the original images.
        fitness: (N,) float64, how well the image would serve as a target, higher is better.
        targets: name of each image's target where the layout gives one, "" or None where the fitness shall choose.
    """

    crops: NDArray[np.uint8]
    names: list[str]
    subjects: NDArray[np.str_]
    landmarks: NDArray[np.float32]
    fitness: NDArray[np.float64]
    targets: list[str] | None = None

    def select(self, rows: NDArray[np.int64]) -> FaceSet:
        """Return the rows given, in that order; copies the crops."""
        return FaceSet(
            self.crops[rows],
            [self.names[i] for i in rows],
            self.subjects[rows],
            self.landmarks[rows],
            self.fitness[rows],
            None if self.targets is None else [self.targets[i] for i in rows],
        )


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


def align_faces(
    listings: Sequence[Listing],
    protocol: CropProtocol,
    *,
    known: dict[str, FaceBox] | None = None,
    cache: Path | None = None,
) -> FaceSet:
    """Align the primary face of every image; images without a usable face are left out and counted in the log.

    Left out, too, are images whose given target has no usable face: another target would not be what was asked for.

    Args:
        listings: the images.
        protocol: crop protocol.
        known: faces by image name; others are detected with MTCNN.
        cache: folder that keeps the crops for the next run over the same listing and protocol.

    Raises:
        ValueError: no image has a usable face.
    """
    key = hashlib.sha256(
        json.dumps([protocol.identifier, protocol.eye_distance, protocol.center_y]).encode()
        + "\n".join(_identity(x) for x in listings).encode()
        + repr(sorted(known or ())).encode()
    ).hexdigest()[:16]
    store = cache / f"faces-{key}.npz" if cache else None
    faces = _read_store(store, protocol) if store is not None and store.is_file() else None
    if faces is None:
        faces = _align(listings, protocol, known or {})
        logger.info("%d of %d images have a usable face", len(faces.crops), len(listings))
        if store is not None:
            _write_store(store, faces)
    wanted = {x.name: x.target for x in listings}
    if not any(wanted.values()):
        return faces
    faces = replace(faces, targets=[wanted[name] for name in faces.names])
    usable = {"", *faces.names}
    rows = np.array([i for i, t in enumerate(faces.targets or ()) if t in usable], np.int64)
    if len(rows) < len(faces.names):
        logger.warning("%d images left out: no face in their target", len(faces.names) - len(rows))
    if not len(rows):
        raise ValueError("no face was found in any of the targets")
    return faces.select(rows)


def _identity(item: Listing) -> str:
    # Layouts with targets may give the same file another subject.
    of_layout = f" {item.name} {item.subject}" if item.target else ""
    return f"{item.path} {item.path.stat().st_mtime_ns}{of_layout}"


def _align(
    listings: Sequence[Listing], protocol: CropProtocol, known: dict[str, FaceBox]
) -> FaceSet:
    detector = None
    crops, names, subjects, points, fitness = [], [], [], [], []
    for item in tqdm(listings, desc="align", unit="img", mininterval=2):
        try:
            image = load_image(item.path)
            face = known.get(item.name)
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
        fitness.append(target_fitness(crop, face.landmarks, protocol=protocol))
    if not crops:
        raise ValueError("no face was found in any of the images")
    return FaceSet(np.stack(crops), names, np.array(subjects), np.stack(points), np.array(fitness))


def _read_store(store: Path, protocol: CropProtocol) -> FaceSet:
    with np.load(store) as data:
        faces = FaceSet(
            data["crops"],
            [str(n) for n in data["names"]],
            data["subjects"],
            data["landmarks"],
            data["fitness"],
        )
        current = "fitness_version" in data.files and int(data["fitness_version"]) == VERSION
    if not current:  # the crops are still good, and they are what takes long
        pairs = zip(faces.crops, faces.landmarks, strict=True)
        fitness = [target_fitness(crop, points, protocol=protocol) for crop, points in pairs]
        faces = replace(faces, fitness=np.array(fitness))
        _write_store(store, faces)
    return faces


def _write_store(store: Path, faces: FaceSet) -> None:
    with written_whole(store) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            crops=faces.crops,
            names=np.array(faces.names),
            subjects=faces.subjects,
            landmarks=faces.landmarks,
            fitness=faces.fitness,
            fitness_version=np.array(VERSION),
        )


def best_images(faces: FaceSet, *, named: set[str] | None = None) -> NDArray[np.int64]:
    """Return, for every image, the row of its target: the layout's, else the subject's named one, else its fittest.

    Raises:
        ValueError: none of the named images is among the faces, or a subject has two of them.
    """
    rows = {name: i for i, name in enumerate(faces.names)}
    chosen: dict[str, int] = {}
    for name in sorted(named or ()):
        if (row := rows.get(name)) is None:
            continue
        subject = str(faces.subjects[row])
        if subject in chosen:
            raise ValueError(
                f"{faces.names[chosen[subject]]} and {name} are both listed as the target of {subject}: keep one"
            )
        chosen[subject] = row
    if named and not chosen:
        raise ValueError(
            f"none of the {len(named)} listed targets is among the faces: "
            f"names look like {faces.names[0]}, one a line"
        )
    best: dict[str, int] = {}
    for i, subject in enumerate(faces.subjects):
        j = best.get(subject)
        if j is None or faces.fitness[i] > faces.fitness[j]:
            best[subject] = i
    best |= chosen
    given = faces.targets or [""] * len(faces.names)
    pairs = zip(given, faces.subjects, strict=True)
    return np.array([rows[target] if target else best[s] for target, s in pairs], np.int64)


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
