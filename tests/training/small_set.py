"""A small training set of public pictures: scikit-image's little LFW faces and variants of two portraits."""

import csv

import numpy as np
from PIL import Image

from faceqgen_core.alignment import CropProtocol, align
from faceqgen_core.degradation import degrade
from faceqgen_core.training.data.layouts import list_images
from faceqgen_core.training.data.pairs import align_jitter
from faceqgen_core.training.data.subjects import align_faces, read_landmarks
from faceqgen_core.types import FaceBox
from tests.images import astronaut, astronaut_face, grace_hopper, lfw_faces

PROTOCOL = CropProtocol()

# Read from the mean of the 100 little faces, 25 x 25 pixels.
_LITTLE = np.array([[6.4, 8.0], [15.0, 8.0], [10.7, 13.2], [7.0, 17.6], [14.4, 17.6]], np.float32)
_HOPPER = np.array(
    [[220.4, 190.2], [308.2, 186.0], [268.3, 237.4], [231.7, 277.0], [303.6, 272.9]], np.float32
)


def _crop(image, points):
    box = FaceBox(0.0, 0.0, *map(float, image.shape[1::-1]), confidence=1.0, landmarks=points)
    return align(image, box, PROTOCOL).image


def portrait_variants(count, rng=None):
    """Two public portraits by turns, each time in another framing, another colour and perhaps mirrored."""
    rng = rng or np.random.default_rng(0)
    portraits = [_crop(astronaut(), astronaut_face().landmarks), _crop(grace_hopper(), _HOPPER)]
    variants = []
    for i in range(count):
        own = degrade(align_jitter(rng, portraits[i % 2]), "colour_cast", 0.4 * rng.random(), rng)
        variants.append(own if i % 4 < 2 else np.ascontiguousarray(own[:, ::-1]))
    return variants


def write_small_set(root, *, faces=40, variants=20):
    """Write ``<root>/people/<subject>/<image>`` and ``<root>/landmarks.csv``; every picture is an aligned crop.

    Each little face is a subject; each variant of a portrait (another framing and colour) is one, with a second image
    that is worse.
    """
    rng = np.random.default_rng(0)
    pictures = {f"little{i:02d}/0.png": _crop(x, _LITTLE) for i, x in enumerate(lfw_faces(faces))}
    for i, own in enumerate(portrait_variants(variants, rng)):
        pictures[f"portrait{i:02d}/0.png"] = own
        pictures[f"portrait{i:02d}/1.png"] = degrade(own, "gaussian_blur", 0.5, rng)
    points = [f"{p}_{a}" for p in ("reye", "leye", "nose", "rmouth", "lmouth") for a in "xy"]
    rows = [["image", "score", "x", "y", "w", "h", *points]]
    for name, picture in pictures.items():
        path = root / "people" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path)
        rows.append([f"people/{name}", 0.9, 20, 20, 90, 90, *PROTOCOL.template.reshape(-1)])
    with (root / "landmarks.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def aligned_small_set(root):
    """The faces of ``write_small_set``, as a run reads them."""
    known = read_landmarks(root / "landmarks.csv")
    return align_faces(list_images([root / "people"]), PROTOCOL, known=known)
