"""Montages on the two portraits that may be shown: families by strength, and failure cases."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.images import portraits
from faceqgen_core.alignment import CropProtocol, align
from faceqgen_core.degradation import FAMILIES, degrade
from faceqgen_core.detection import MTCNNDetector, primary_face_order
from faceqgen_core.restoration import Pictures, Restorer
from faceqgen_core.types import Image
from scripts.model_card.measure.families import STRENGTHS as ALL_STRENGTHS
from scripts.model_card.measure.scores import Embed

STRENGTHS = (0.3, 0.6, 0.9)
SHOWN = (
    "gaussian_blur",
    "motion_blur",
    "low_resolution",
    "noise",
    "jpeg",
    "dark",
    "side_light",
    "occlusion",
    "glasses",
)
_CELL = 104
_BAR = 15
_FAILURES = 6


def faces(protocol: CropProtocol) -> dict[str, Image]:
    """Aligned crops of the portraits by name."""
    detector, crops = MTCNNDetector(), {}
    for name, image in portraits().items():
        height, width = image.shape[:2]
        found = primary_face_order(detector.detect(image), (width, height))
        crops[name] = align(image, found[0], protocol).image
    return crops


def _cell(image: Image) -> Image:
    return np.asarray(cv2.resize(image, (_CELL, _CELL), interpolation=cv2.INTER_AREA), np.uint8)


def heat(difference: NDArray[np.float32]) -> Image:
    """A map of what changed; half of the range is as bright as it gets, because more is rare."""
    level = np.clip(difference / 0.5, 0, 1)
    coloured = cv2.applyColorMap(np.rint(255 * level).astype(np.uint8), cv2.COLORMAP_INFERNO)
    return np.ascontiguousarray(coloured[..., ::-1], np.uint8)


def _captioned(picture: Image, text: str) -> Image:
    bar = np.full((_BAR, picture.shape[1], 3), 255, np.uint8)
    cv2.putText(bar, text, (2, 11), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([bar, picture])


def _write(path: Path, picture: Image) -> None:
    # JPEG, because the pictures are photographs and a repository keeps every version of them.
    cv2.imwrite(str(path), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])


def _triples(images: list[Image], captions: list[str], restorer: Restorer) -> Image:
    """A row of input, restoration and map of what changed of each image."""
    quality = restorer.preset.calibration.quality
    result = restorer.restore(np.stack(images), pictures=Pictures(restored=True, difference=True))
    assert result.restored is not None and result.difference is not None
    cells = []
    for i, caption in enumerate(captions):
        shown = (images[i], result.restored[i], heat(result.difference[i]))
        triple = np.hstack([_cell(picture) for picture in shown])
        score = quality(float(result.similarity[i]))
        cells += [_captioned(triple, f"{caption}: quality {score:.0f}"), _gap(_CELL + _BAR)]
    return np.hstack(cells[:-1])


def _gap(height: int) -> Image:
    return np.full((height, 8, 3), 255, np.uint8)


def families(face: Image, number: int, restorer: Restorer, path: Path) -> None:
    """The clean face, then one row a family, three strengths each: input, restoration and map of what changed."""
    rows = []
    for family in SHOWN:
        images = [degrade(face, family, s, np.random.default_rng([11, number])) for s in STRENGTHS]
        rows.append(_triples(images, [f"{family} {s}" for s in STRENGTHS], restorer))
    clean = _triples([face], ["clean"], restorer)
    margin = np.full((clean.shape[0], rows[0].shape[1] - clean.shape[1], 3), 255, np.uint8)
    _write(path, np.vstack([np.hstack([clean, margin]), *rows]))


@dataclass(frozen=True, eq=False)
class _Case:
    who: str
    family: str
    strength: float
    image: Image
    restored: Image
    quality: float
    similarity: float

    @property
    def text(self) -> str:
        return f"{self.who.split('_')[0]} {self.family} {self.strength}"


def _first_of_each(cases: list[_Case], order: NDArray[np.int64]) -> list[_Case]:
    """The first cases in an order, one of each portrait and family: neighbouring strengths fail alike."""
    chosen: dict[tuple[str, str], _Case] = {}
    for i in order:
        chosen.setdefault((cases[i].who, cases[i].family), cases[i])
    return list(chosen.values())[:_FAILURES]


def failures(
    crops: dict[str, Image], restorer: Restorer, embed: Embed, path: Path
) -> dict[str, Any]:
    """Draw the portraits' versions that quality and a recogniser rank most differently; return them in words.

    Args:
        crops: the clean portraits.
        restorer: the preset's.
        embed: the recogniser; a version is good if its embedding is close to the clean portrait's.
        path: the picture.
    """
    quality = restorer.preset.calibration.quality
    cases = []
    for number, (name, face) in enumerate(crops.items()):
        keys = [(family, s) for family in FAMILIES for s in ALL_STRENGTHS]
        images = np.stack(
            [degrade(face, f, s, np.random.default_rng([11, number])) for f, s in keys]
        )
        result = restorer.restore(images, pictures=Pictures(restored=True))
        assert result.restored is not None
        near = embed(images) @ embed(face[None])[0]
        for i, (family, s) in enumerate(keys):
            cases.append(
                _Case(
                    name,
                    family,
                    s,
                    images[i],
                    result.restored[i],
                    quality(float(result.similarity[i])),
                    float(near[i]),
                )
            )
    by_quality = np.argsort(np.argsort([c.quality for c in cases]))
    by_embedding = np.argsort(np.argsort([c.similarity for c in cases]))
    gap = (by_quality - by_embedding) / len(cases)
    low_good = _first_of_each(cases, np.argsort(gap))
    high_poor = _first_of_each(cases, np.argsort(-gap))
    rows = []
    for row in (low_good, high_poor):
        cells = []
        for case in row:
            pair = np.hstack([_cell(case.image), _cell(case.restored)])
            numbers = f"quality {case.quality:.0f}, similarity {case.similarity:.2f}"
            cells += [_captioned(_captioned(pair, numbers), case.text), _gap(_CELL + 2 * _BAR)]
        rows.append(np.hstack(cells[:-1]))
    _write(path, np.vstack(rows))
    words = {
        kind: [{"case": c.text, "quality": c.quality, "similarity": c.similarity} for c in some]
        for kind, some in (("low_scoring_good", low_good), ("high_scoring_poor", high_poor))
    }
    agreement = float(np.corrcoef(by_quality, by_embedding)[0, 1])
    return {"versions": len(cases), "rank_correlation": agreement, **words}
