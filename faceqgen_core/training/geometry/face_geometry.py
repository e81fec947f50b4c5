"""Geometry of a set of faces: mesh, pose and person mask of each, read once and kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from faceqgen_core.training.geometry.mesh_pose import mesh_pose
from faceqgen_core.training.geometry.mesh_reader import MeshReader
from faceqgen_core.training.geometry.person_reader import PersonReader
from faceqgen_core.whole_files import written_whole

_CHUNK = 256


@dataclass(frozen=True, eq=False)
class FaceGeometry:
    """What is known of the shape of N aligned faces.

    Attributes:
        points: (N, 468, 3) float32, the mesh in pixels of the crop.
        flag: (N,) float32, logit that there is a face.
        person: (N, S, S) uint8, person mask, 255 person.
        pose: (N, 3) float32, yaw, pitch and roll in degrees.
    """

    points: NDArray[np.float32]
    flag: NDArray[np.float32]
    person: NDArray[np.uint8]
    pose: NDArray[np.float32]


def read_geometry(
    crops: NDArray[np.uint8], *, mesh: Path, person: Path, cache: Path | None = None
) -> FaceGeometry:
    """Read mesh, pose and person mask of crops (N, S, S, 3) uint8 RGB.

    Args:
        crops: aligned faces.
        mesh: ``face_landmark.tflite``.
        person: ``selfie_segmentation.tflite``.
        cache: folder that keeps the result for the next run over the same crops with the same two files.

    Raises:
        ValueError: a file is missing or no such network.
    """
    readers = MeshReader(mesh), PersonReader(person)
    digest = hashlib.sha256(np.ascontiguousarray(crops).data)
    for file in (mesh, person):
        digest.update(file.read_bytes())
    store = cache / f"geometry-{digest.hexdigest()[:16]}.npz" if cache else None
    if store is not None and store.is_file():
        with np.load(store) as data:
            return FaceGeometry(data["points"], data["flag"], data["person"], data["pose"])
    parts = []
    for start in tqdm(range(0, len(crops), _CHUNK), desc="mesh", unit="chunk", mininterval=2):
        chunk = crops[start : start + _CHUNK]
        parts.append((*readers[0].read(chunk), readers[1].read(chunk)))
    points, flag, masks = (np.concatenate(column) for column in zip(*parts, strict=True))
    poses = [mesh_pose(p.astype(np.float64)) for p in points]
    pose = np.array([[p.yaw, p.pitch, p.roll] for p in poses], np.float32)
    geometry = FaceGeometry(points, flag, masks, pose)
    if store is not None:
        with written_whole(store) as temporary, temporary.open("wb") as stream:
            np.savez(stream, points=points, flag=flag, person=masks, pose=pose)
    return geometry
