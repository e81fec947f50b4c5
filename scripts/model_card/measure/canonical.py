"""Does restoration restore? Covers, glasses, blur, turned heads, backgrounds, light, and what stays of good faces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from faceqgen_core.covers import cover
from faceqgen_core.degradation import FAMILIES, degrade
from faceqgen_core.measures.region import face_region
from faceqgen_core.restoration import Pictures, Restorer
from faceqgen_core.training.geometry.face_geometry import FaceGeometry
from faceqgen_core.training.geometry.head import Head
from faceqgen_core.training.geometry.mesh_pose import mesh_pose
from faceqgen_core.training.geometry.mesh_reader import MeshReader
from faceqgen_core.types import Image
from scripts.model_card.measure.families import spearman
from scripts.model_card.measure.scores import Embed

FACES = 80
"""Good faces, and turned ones, at most."""
OPAQUE = ("rectangle", "ellipse", "blob")
WORN = ("sunglasses", "face_mask", "hand")
SOFT = ("gaussian_blur", "low_resolution", "motion_blur")
LIGHT = ("dark", "bright")
AREA = (0.15, 0.40)
"""Share of the face that an opaque cover hides."""
YAWS = (-60, -50, -40, -30, -20, 20, 30, 40, 50, 60)
RISING_YAWS = (10, 20, 30, 40, 50, 60)
FRONTAL = 10.0
_TRIES = 60


@dataclass(frozen=True, eq=False)
class GoodFaces:
    """Good frontal faces of people who were not trained on, with their geometry."""

    crops: NDArray[np.uint8]
    geometry: FaceGeometry


def restored_of(
    restorer: Restorer, crops: Sequence[Image] | NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Restored crops."""
    found = restorer.restore(np.stack(list(crops)), pictures=Pictures(restored=True)).restored
    assert found is not None
    return found


def _psnr_gain(image: Image, restored: Image, clean: Image, where: NDArray[np.bool_]) -> float:
    error = [
        np.square(x[where].astype(np.float64) - clean[where]).mean() + 1e-3
        for x in (image, restored)
    ]
    return float(10 * np.log10(error[0] / error[1]))


def covers(restorer: Restorer, faces: GoodFaces, families: Sequence[str]) -> dict[str, Any]:
    """Gain in PSNR to the clean face over the covered pixels of the face, in decibels, by family."""
    region = face_region(restorer.preset.protocol) > 0.5
    facts: dict[str, Any] = {}
    for family in families:
        images, masks, cleans = [], [], []
        for number, face in enumerate(faces.crops):
            rng = np.random.default_rng([21, number])
            for _ in range(_TRIES):
                image, mask = cover(rng, face, family, float(rng.uniform(0.2, 1)))
                hidden = (mask > 0.9) & region
                if family in WORN or AREA[0] <= hidden.sum() / region.sum() <= AREA[1]:
                    break
            if hidden.any():
                images.append(image)
                masks.append(hidden)
                cleans.append(face)
        restored = restored_of(restorer, images)
        gains = [_psnr_gain(*x) for x in zip(images, restored, cleans, masks, strict=True)]
        facts[family] = {"mean": float(np.mean(gains)), "median": float(np.median(gains))}
    return facts


def _grain(images: NDArray[np.uint8], region: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Variance of the Laplacian over the face, (N,)."""
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images]
    return np.array([cv2.Laplacian(g, cv2.CV_64F)[region].var() for g in grey])


def sharpness(
    restorer: Restorer, faces: GoodFaces, judges: dict[str, Embed], *, strength: float = 0.6
) -> dict[str, Any]:
    """Sharpness restored / clean, and similarity to the clean face gained, by each judge."""
    region = face_region(restorer.preset.protocol) > 0.5
    own = {name: embed(faces.crops) for name, embed in judges.items()}
    clean = _grain(faces.crops, region)
    facts: dict[str, Any] = {}
    for family in SOFT:
        poor = np.stack(
            [
                degrade(face, family, strength, np.random.default_rng([22, i]))
                for i, face in enumerate(faces.crops)
            ]
        )
        made = restored_of(restorer, poor)
        grain = [_grain(x, region) for x in (poor, made)]
        facts[family] = {"laplacian": [float(np.median(g / clean)) for g in grain]}
        for name, embed in judges.items():
            alike = [np.einsum("ij,ij->i", embed(x), own[name]) for x in (poor, made)]
            facts[family][name] = float(np.mean(alike[1] - alike[0]))
    return facts


def _yaw(reader: MeshReader, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
    points, _ = reader.read(crops)
    return np.array([mesh_pose(p.astype(np.float64)).yaw for p in points])


def turned(
    restorer: Restorer, faces: GoodFaces, reader: MeshReader, real: NDArray[np.uint8]
) -> dict[str, Any]:
    """Share of turned faces whose restoration, or drawn face, is within 10 degrees of frontal, by the mesh's landmarks.

    Args:
        restorer: the preset's.
        faces: to be turned by ``YAWS``.
        reader: reads the landmarks.
        real: crops of faces that are turned by 20 to 60 degrees in the photograph.
    """
    front = float(np.median(_yaw(reader, faces.crops)))
    facts: dict[str, Any] = {}
    by_mesh = []
    for i, face in enumerate(faces.crops):
        head = Head(face, faces.geometry.points[i], faces.geometry.person[i], background="own")
        by_mesh.append(head.turn(yaw=float(YAWS[i % len(YAWS)])).image)
    for name, crops in (("mesh", np.stack(by_mesh)), ("photographs", real)):
        made = restorer.restore(crops, pictures=Pictures(restored=True, drawn=True))
        assert made.restored is not None and made.drawn is not None
        before, after, drawn = (
            np.abs(_yaw(reader, pictures) - front)
            for pictures in (crops, made.restored, made.drawn)
        )
        facts[name] = {
            "faces": len(crops),
            "before": float(np.mean(before <= FRONTAL)),
            "after": float(np.mean(after <= FRONTAL)),
            "drawn": float(np.mean(drawn <= FRONTAL)),
            "median_before": float(np.median(before)),
            "median_after": float(np.median(after)),
        }
    return facts


def backgrounds(restorer: Restorer, faces: GoodFaces) -> dict[str, float]:
    """Standard deviation outside the person, restored / input: medians over the faces with a background to speak of."""
    made = restored_of(restorer, faces.crops)
    ratios = []
    for image, restored, mask in zip(faces.crops, made, faces.geometry.person, strict=True):
        outside = cv2.dilate((mask > 40).astype(np.uint8), np.ones((9, 9), np.uint8)) == 0
        if outside.sum() < 300:
            continue
        spread = [float(x[outside].std(axis=0).mean()) for x in (image, restored)]
        if spread[0] > 8:
            ratios.append(spread[1] / spread[0])
    return {"faces": len(ratios), "median": float(np.median(ratios)) if ratios else float("nan")}


def light(restorer: Restorer, faces: GoodFaces, *, strength: float = 0.9) -> dict[str, Any]:
    """Share of faces whose mean luminance is within 15 % of the clean one, before and after restoration."""
    region = face_region(restorer.preset.protocol) > 0.5

    def luminance(images: Sequence[Image] | NDArray[np.uint8]) -> NDArray[np.float64]:
        grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[region].mean() for image in images]
        return np.array(grey)

    clean = luminance(faces.crops)
    facts: dict[str, Any] = {}
    for family in LIGHT:
        poor = [
            degrade(face, family, strength, np.random.default_rng([23, i]))
            for i, face in enumerate(faces.crops)
        ]
        away = [np.abs(luminance(x) / clean - 1) for x in (poor, restored_of(restorer, poor))]
        facts[family] = [float(np.mean(a <= 0.15)) for a in away]
    return facts


def rank_correlations(restorer: Restorer, faces: GoodFaces) -> dict[str, Any]:
    """Spearman's rho of mean SSIM and -MSE with the angle of turned heads."""
    means = []
    for yaw in (0, *RISING_YAWS):
        crops = []
        for i, face in enumerate(faces.crops):
            head = Head(face, faces.geometry.points[i], faces.geometry.person[i], background="own")
            crops.append(head.turn(yaw=float(yaw if i % 2 else -yaw)).image)
        result = restorer.restore(np.stack(crops))
        means.append((result.ssim.mean(), -result.mse.mean(), result.discriminator.mean()))
    names = ("ssim", "mse", "discriminator")
    columns = np.array(means).T
    return {
        "yaw": {name: spearman(column) for name, column in zip(names, columns, strict=True)},
        "means": {name: column.tolist() for name, column in zip(names, columns, strict=True)},
    }


def measure(
    restorer: Restorer,
    faces: GoodFaces,
    *,
    reader: MeshReader,
    real: NDArray[np.uint8],
    judges: dict[str, Embed],
) -> dict[str, Any]:
    """Measure everything of this module; see its functions."""
    steps: dict[str, Callable[[], Any]] = {
        "covers": lambda: covers(restorer, faces, (*OPAQUE, *WORN)),
        "sharpness": lambda: sharpness(restorer, faces, judges),
        "turned": lambda: turned(restorer, faces, reader, real),
        "background": lambda: backgrounds(restorer, faces),
        "light": lambda: light(restorer, faces),
        "good": lambda: float(np.median(restorer.restore(faces.crops).ssim)),
        "yaw": lambda: rank_correlations(restorer, faces),
    }
    found = {name: step() for name, step in tqdm(steps.items(), desc="canonical", unit="part")}
    return {"faces": len(faces.crops), "families": len(FAMILIES), **found}
