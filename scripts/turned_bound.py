r"""How well SSIM can rank natural faces at best, if every head that is turned by 20 degrees is turned to the front.

    python -m scripts.turned_bound --data ROOT/lfw --subjects ROOT/splits/lfw_train_subjects.txt --landmarks ROOT/landmarks.csv \
        --mesh face_landmark.tflite --person selfie_segmentation.tflite --teacher face-reid-0095_FP16.xml --output CACHE

A face that is turned to the front changes more than one that stays, so its SSIM is the lowest, however well it is known. Even
if the errors decided the order of all other pairs, this much of the error-versus-discard curve is left. Over pairs of
training subjects, by one recogniser, at a false match rate of 1e-3.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.evaluation.edc import edc_curve, normalised_partial_area
from faceqgen_core.training.data.targets import off_front
from faceqgen_core.training.geometry.face_geometry import read_geometry
from faceqgen_core.training.labels.utility import fnmr_threshold
from faceqgen_core.training.recognisers.teachers import load_teachers
from faceqgen_core.training.train import add_data_arguments, add_geometry_arguments, load_faces

LIMIT = 0.3
ANGLES = (20, 25, 30)
MOST = 6
"""Images of a subject that are paired at most, lest few subjects decide."""


def least_area(turned: NDArray[np.bool_], errors: NDArray[np.floating], limit: float) -> float:
    """Normalised pAUC if turned pairs are discarded first, as they come, and of the rest those with an error.

    Args:
        turned: (P,) True for pairs with a turned face.
        errors: (P,) 1 where the pair is falsely rejected, else 0.
        limit: of the area.
    """
    # As they come: each turned pair is as likely as any other one to be next, so their errors are spread evenly.
    count = int(turned.sum())
    share = errors[turned].mean() if count else 0.0
    found = errors.astype(np.float64)
    found[turned] = np.diff(np.floor(np.arange(count + 1) * share + 1e-9))
    quality = 2.0 - errors
    quality[turned] = np.arange(count) / max(count, 1) - 1
    return normalised_partial_area(edc_curve(quality, found), limit)


def pairs_of(subjects: NDArray[np.str_], rng: np.random.Generator) -> NDArray[np.int64]:
    """All pairs of at most ``MOST`` images of each subject, (P, 2)."""
    found = []
    for subject in np.unique(subjects):
        rows = rng.permutation(np.flatnonzero(subjects == subject))[:MOST]
        i, j = np.triu_indices(len(rows), 1)
        found.append(np.stack([rows[i], rows[j]], axis=1))
    return np.concatenate(found)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_data_arguments(parser)
    add_geometry_arguments(parser)
    parser.add_argument("--teacher", type=Path, required=True, help="the recogniser")
    parser.add_argument("--output", type=Path, required=True, help="folder that keeps the crops")
    args = parser.parse_args()
    protocol = CropProtocol()
    faces = load_faces(args, protocol)
    cache = args.output / "cache"
    geometry = read_geometry(faces.crops, mesh=args.mesh, person=args.person, cache=cache)
    yaw = np.abs(off_front(geometry)[0])
    embedding = load_teachers([args.teacher], protocol)[0].embed(faces.crops)
    threshold = fnmr_threshold(embedding, faces.subjects, seed=0)
    mated = pairs_of(faces.subjects, np.random.default_rng(0))
    alike = np.einsum("ij,ij->i", embedding[mated[:, 0]], embedding[mated[:, 1]])
    errors = (alike <= threshold).astype(np.float64)
    print(f"{len(mated)} pairs, FNMR {errors.mean():.4f}")
    for angle in ANGLES:
        turned = yaw[mated].max(axis=1) >= angle
        print(
            f"turned by {angle} degrees or more: {turned.mean():.3f} of the pairs, "
            f"{errors[turned].sum() / errors.sum():.2f} of the errors; pAUC@{LIMIT} at best {least_area(turned, errors, LIMIT):.3f}"
        )


if __name__ == "__main__":
    main()
