"""Whether the fast detection finds what the package finds, and whether the scores are the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from faceqgen_core.bench.compared.sides import Sides
from faceqgen_core.bench.row import Row
from faceqgen_core.types import Assessment, FaceBox

_SMALLEST_FACE, _SAME_FACE = 40, 0.5
_FOUND = "faces of 40 px or more that the naive side finds, found (IoU 0.5)"
_SCORES = "largest difference of a score, 0 to 1, where boxes agree"


def agreement_rows(made: Sides) -> list[Row]:
    """Compare on all photographs.

    A score is compared with the one that the product gives to the package's own box and landmarks: what the naive side
    scores is not aligned and is another picture of the face.
    """
    return compare(made.photographs, made.naive, made.assessor)


def compare(paths: Sequence[Path], naive: Any, assessor: Any) -> list[Row]:
    """Rows of the faces found and of the scores.

    Args:
        paths: of the photographs.
        naive: the naive side, its ``faces`` are asked.
        assessor: the product.
    """
    from faceqgen_core.assessor import ImageRequest
    from faceqgen_core.detection import overlap

    theirs, found = 0, 0
    differences: list[float] = []
    for path in paths:
        boxes: list[FaceBox] = naive.faces(path)
        ours = [a for a in assessor.assess([path], all_faces=True) if a.box is not None]
        request = ImageRequest(path, boxes=boxes)
        given = [a for a in assessor.assess([request], faces="given", all_faces=True) if a.box]
        for other in given:
            near = [a for a in ours if overlap(a.box, other.box)[0] >= _SAME_FACE]
            if min(other.box.width, other.box.height) >= _SMALLEST_FACE:
                theirs += 1
                found += bool(near)
            if near and other.scored:
                same = max(near, key=lambda a: overlap(a.box, other.box)[0])
                differences += [_difference(same, other)] if same.scored else []
    rows = [Row("agreement", _FOUND, bound="faces found", note="the naive side found none")]
    if theirs:
        beside = "found by the naive side"
        rows = [
            Row("agreement", _FOUND, found, "faces", beside, theirs, bound="faces found"),
        ]
    if not differences:
        return [*rows, Row("agreement", _SCORES, bound="scores agree", note="no box agrees")]
    middle, high = np.percentile(differences, [50, 99])
    note = f"{len(differences)} faces; median {middle:.2g}, 99 of 100 under {high:.2g}"
    return [*rows, Row("agreement", _SCORES, max(differences), bound="scores agree", note=note)]


def _difference(ours: Assessment, theirs: Assessment) -> float:
    """The largest of the measures' differences, quality as a share of 100."""
    pairs = zip(_scores(ours), _scores(theirs), strict=True)
    return max(abs(one - other) for one, other in pairs if one is not None and other is not None)


def _scores(face: Assessment) -> tuple[float | None, ...]:
    share = None if face.quality is None else face.quality / 100
    return share, face.ssim, face.mse, face.discriminator
