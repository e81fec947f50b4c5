"""Subgroups: scores of untouched images of people who were not trained on, by group.

No data at hand say who is who. Skin tone, colour, head turn and sex are estimated, each by the method that its function
states; age is not known and not estimated.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.training.data.fitness import frontality
from faceqgen_core.types import Image
from scripts.model_card.measure.crops import CropSet
from scripts.model_card.measure.validity import Evaluation

GREY_CHROMA = 4.0
"""Mean chroma of a crop in CIELAB under which it counts as greyscale."""

# Centre from the middle of the eyes and half the size, in units of the distance between the eyes.
_PATCHES = (
    (-0.55, 0.52, 0.17, 0.17),  # cheeks
    (0.55, 0.52, 0.17, 0.17),
    (0.0, -0.55, 0.3, 0.12),  # forehead
)

ITA_CLASSES = (
    (55.0, "very light"),
    (41.0, "light"),
    (28.0, "intermediate"),
    (10.0, "tan"),
    (-30.0, "brown"),
    (-90.0, "dark"),
)
"""Least angle of each class (Chardon et al. 1991, del Bino and Bernerd 2013)."""

TURNS = ((0.75, "frontal"), (0.45, "half turned"), (0.0, "turned"))
"""Least frontality of each class: 1 where the nose lies midway between the eyes, 0 where it lies over one of them."""


def lab(crop: Image) -> NDArray[np.float32]:
    """CIELAB of a crop, (S, S, 3): L 0..100, a and b about -100..100."""
    return np.asarray(cv2.cvtColor(crop.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def is_grey(crop: Image) -> bool:
    """True for a picture without colours."""
    colours = lab(crop)
    return float(np.hypot(colours[..., 1], colours[..., 2]).mean()) < GREY_CHROMA


def typology_angle(crop: Image, protocol: CropProtocol) -> float:
    """Individual typology angle in degrees, arctan((L - 50) / b), of the median of cheeks and forehead; higher is lighter."""
    eyes = protocol.template[:2]
    middle, unit = eyes.mean(axis=0), float(np.linalg.norm(eyes[1] - eyes[0]))
    colours, patches = lab(crop), []
    for place in _PATCHES:
        centre, half = middle + unit * np.array(place[:2]), unit * np.array(place[2:])
        x0, y0 = np.rint(centre - half).astype(int)
        x1, y1 = np.rint(centre + half).astype(int)
        patches.append(np.median(colours[y0:y1, x0:x1].reshape(-1, 3), axis=0))
    light, _, yellow = np.median(patches, axis=0)
    return float(np.degrees(np.arctan2(light - 50, max(float(yellow), 1e-3))))


def class_of(value: float, classes: Iterable[tuple[float, str]]) -> str:
    """Name of the first class whose least value is reached; the last one takes what is left."""
    name = ""
    for least, name in classes:  # noqa: B007 - the last name is the answer for what is below
        if value >= least:
            break
    return name


def sex_by_name(name: str, table: dict[str, str]) -> str | None:
    """Sex that the first name of ``lfw/<First_Last>/...`` suggests; None where it is in neither list."""
    parts = name.split("/")
    return table.get(parts[1].split("_")[0]) if len(parts) == 3 else None


def first_names() -> dict[str, str]:
    """First name -> "female" or "male": common names, listed beside this module."""
    text = (Path(__file__).parent / "first_names.txt").read_text(encoding="utf-8")
    rows = [line.split() for line in text.splitlines() if line.strip()]
    return {name: row[0] for row in rows for name in row[1:]}


def groups_of(faces: CropSet, row: int, protocol: CropProtocol, table: dict[str, str]) -> list[str]:
    """Groups of one face, each ``<kind>: <group>``."""
    name, crop = str(faces.names[row]), faces.crops[row]
    grey = is_grey(crop)
    groups = [
        f"source: {name.split('/')[0]}",
        f"colour: {'greyscale' if grey else 'colour'}",
        f"head: {class_of(frontality(faces.landmarks[row]), TURNS)}",
    ]
    if not grey:
        tone = class_of(typology_angle(crop, protocol), ITA_CLASSES)
        groups.append(f"skin tone: {tone}")
    if name.startswith("lfw/") and (sex := sex_by_name(name, table)):
        groups.append(f"sex by first name: {sex}")
    return groups


def order() -> list[str]:
    """All groups in the order of the table."""
    return [
        "all",
        *(f"source: {s}" for s in ("lfw", "portraits", "london")),
        *(f"sex by first name: {s}" for s in ("female", "male")),
        *(f"skin tone: {tone}" for _, tone in ITA_CLASSES),
        *(f"colour: {c}" for c in ("colour", "greyscale")),
        *(f"head: {turn}" for _, turn in TURNS),
    ]


def measure(
    parts: list[tuple[CropSet, NDArray[np.float64], NDArray[np.int64]]],
    evaluation: Evaluation,
    protocol: CropProtocol,
    acceptable: float,
) -> dict[str, Any]:
    """Count, percentiles and share below the threshold of each group.

    Args:
        parts: faces, their quality (N,) with ``-inf`` without a face, and the rows to look at.
        evaluation: for the FNMR of mated pairs within a group, of its natural set.
        protocol: how the crops were cut.
        acceptable: the threshold.
    """
    table = first_names()
    members: dict[str, list[float]] = {}
    of_image: dict[str, set[str]] = {}
    for faces, quality, rows in parts:
        for row in rows[faces.found[rows]]:
            groups = ["all", *groups_of(faces, int(row), protocol, table)]
            of_image[str(faces.names[row])] = set(groups)
            for group in groups:
                members.setdefault(group, []).append(float(quality[row]))
    pairs, errors = evaluation.pairs["natural"], evaluation.errors["natural"]
    shared = [
        of_image.get(evaluation.names[i], set()) & of_image.get(evaluation.names[j], set())
        for i, j in pairs
    ]
    facts: dict[str, Any] = {"acceptable": acceptable, "groups": {}}
    for group in order():
        if group not in members:
            continue
        values = np.array(members[group])
        within = np.array([group in groups for groups in shared])
        facts["groups"][group] = {
            "count": len(values),
            "percentiles": np.percentile(values, [5, 25, 50, 75, 95]).tolist(),
            "below": float((values < acceptable).mean()),
            "pairs": int(within.sum()),
            "false_rejections": int(errors[within].sum()),
        }
    return facts
