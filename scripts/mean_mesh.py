"""Compute the mean mesh (``faceqgen_core/training/geometry/mean_mesh.npz``) from aligned faces.

Run: python scripts/mean_mesh.py --data lfw portraits london --landmarks landmarks.csv --subjects train.txt \
         --mesh face_landmark.tflite [--output FILE]

Nothing of it is taken from anybody's table: the mean is that of the meshes read, laid onto each other; the mirror partners
are found by matching the mean with its mirror image; the triangles are Delaunay's of the mean seen from the front; and the
five points are the pairs of neighbouring points whose middle lies nearest to what the detector found, over all faces.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial import Delaunay

from faceqgen_core.alignment import CropProtocol, similarity_matrix
from faceqgen_core.training.data.layouts import list_images
from faceqgen_core.training.data.subjects import align_faces, read_landmarks
from faceqgen_core.training.geometry.mean_mesh import FILE
from faceqgen_core.training.geometry.mesh_reader import MeshReader

NEAR = (0.5, 0.5, 0.25, 0.25, 0.25)
"""How far apart the two points of each of the five may lie, in eye distances: the corners of an eye, or one place."""


def lay_onto(points: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lay a mesh onto another by rotation, scale and shift (Umeyama 1991)."""
    spread = points - points.mean(axis=0)
    u, s, v = np.linalg.svd(spread.T @ (mean - mean.mean(axis=0)))
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ v))])
    return np.asarray(spread @ (u * sign) @ v * (s @ sign) / (spread**2).sum())


def mean_of(meshes: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Symmetric mean (468, 3), centred, and the mirror partner of each point (468,)."""
    mean = (meshes - meshes.mean(axis=1, keepdims=True)).mean(axis=0)
    for _ in range(3):
        mean = np.mean([lay_onto(mesh, mean) for mesh in meshes], axis=0)
    partner = np.arange(len(mean))
    for _ in range(5):
        mirrored = mean * [-1, 1, 1]
        distance = ((mirrored[:, None] - mean) ** 2).sum(axis=-1)
        partner = linear_sum_assignment(distance)[1]
        mean = (mean + lay_onto(mirrored[partner], mean)) / 2
        mean -= mean.mean(axis=0)
        mean = (mean + (mean * [-1, 1, 1])[partner]) / 2
    if (partner[partner] != np.arange(len(mean))).any():
        raise ValueError("the meshes have no clear mirror partners: give more faces")
    return mean, partner


def find_five(
    meshes: NDArray[np.float64],
    detected: NDArray[np.float64],
    mean: NDArray[np.float64],
    partner: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Two points for each of the five, (5, 2); left and right are mirror images."""
    flat = meshes[..., :2]
    unit = np.linalg.norm(detected[:, 1] - detected[:, 0], axis=1).mean()
    spread = ((flat - flat.mean(axis=1, keepdims=True)) ** 2).sum(axis=(1, 2)).mean()
    unit *= np.sqrt(((mean[:, :2] - mean[:, :2].mean(axis=0)) ** 2).sum() / spread)

    def error(k: int, i: int, j: int) -> float:
        away = (flat[:, i] + flat[:, j]) / 2 - detected[:, k]
        return float((away**2).sum(axis=-1).mean())

    five = np.zeros((5, 2), np.int64)
    for k, other in ((0, 1), (3, 4), (2, 2)):
        single = [error(k, i, i) for i in range(len(mean))]
        best = np.inf
        for i in np.argsort(single)[:40]:
            for j in np.argsort(single)[:40]:
                if j < i or np.linalg.norm(mean[i] - mean[j]) > NEAR[k] * unit:
                    continue
                if k == other and partner[i] != j:
                    continue
                both = error(k, i, j) + error(other, partner[i], partner[j])
                if both < best:
                    best, five[k] = both, (i, j)
                    five[other] = (i, j) if k == other else partner[[i, j]]
        print(f"point {k}: {five[k]}, {error(k, *five[k]) ** 0.5:.2f} px off (root mean square)")
    return five


def main() -> None:
    """Read the meshes and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--landmarks", type=Path, required=True)
    parser.add_argument("--subjects", type=Path, required=True, help="subjects to use, one a line")
    parser.add_argument("--mesh", type=Path, required=True, help="face_landmark.tflite")
    parser.add_argument("--output", type=Path, default=FILE)
    args = parser.parse_args()
    protocol = CropProtocol()
    keep = set(args.subjects.read_text(encoding="utf-8").split())
    listings = list_images(args.data, layout="subjects", keep=keep)
    faces = align_faces(listings, protocol, known=read_landmarks(args.landmarks))
    meshes, flags = MeshReader(args.mesh).read(faces.crops)
    five = []
    for points in faces.landmarks:
        matrix = similarity_matrix(points, protocol)
        five.append(points @ matrix[:, :2].T + matrix[:, 2])
    rng = np.random.default_rng(0)
    sure = flags > np.quantile(flags, 0.2)
    # Where the middle of the points is the middle of the box, the head is frontal.
    x = meshes[..., 0]
    aside = np.abs(x.mean(axis=1) - (x.min(axis=1) + x.max(axis=1)) / 2)
    frontal = rng.permutation(np.flatnonzero(sure & (aside < np.quantile(aside, 0.3))))[:2000]
    mean, partner = mean_of(meshes[frontal].astype(np.float64))
    rows = rng.permutation(np.flatnonzero(sure))[:4000]
    pairs = find_five(meshes[rows].astype(np.float64), np.array(five)[rows], mean, partner)
    eyes = mean[pairs[:2]].mean(axis=1)
    mean = (mean - eyes.mean(axis=0)) / np.linalg.norm(eyes[1] - eyes[0])
    triangles = Delaunay(mean[:, :2]).simplices
    first, second = (mean[triangles[:, k], :2] - mean[triangles[:, 0], :2] for k in (1, 2))
    other_way = first[:, 0] * second[:, 1] < first[:, 1] * second[:, 0]
    triangles = np.where(other_way[:, None], triangles[:, ::-1], triangles)
    np.savez_compressed(
        args.output,
        mean=mean.astype(np.float32),
        triangles=triangles.astype(np.int16),
        five=pairs.astype(np.int16),
        mirror=partner.astype(np.int16),
    )
    print(f"{len(frontal)} of {len(meshes)} faces, {len(triangles)} triangles: {args.output}")


if __name__ == "__main__":
    main()
