"""A scored face cut out of its image again: by the matrix and the crop protocol that its run kept. No network is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dataset.fields import FieldNames


def side_of(crop_protocol: str | None) -> int | None:
    """Side of the crops in pixels, which a crop protocol's identifier ends with; None if it does not."""
    last = str(crop_protocol or "").rpartition("-")[2]
    return int(last) if last.isdigit() else None


def is_known(matrix: Sequence[float] | None, crop_protocol: str | None) -> bool:
    """Whether a run has kept where a crop was."""
    return bool(matrix) and side_of(crop_protocol) is not None


def cut(image: np.ndarray, matrix: Sequence[float] | None, crop_protocol: str | None) -> np.ndarray:
    """Cut the aligned crop out of an image as it was scored.

    Args:
        image: (H, W, 3) uint8 RGB.
        matrix: the six numbers of the 2 x 3 matrix, row by row.
        crop_protocol: identifier of the crop protocol.

    Returns:
        (S, S, 3) uint8 RGB.

    Raises:
        ValueError: it is not known where the crop was.
    """
    from faceqgen_core.alignment import cut_crop

    side = side_of(crop_protocol)
    if not matrix or side is None:
        raise ValueError("it is not known where its crop was cut out: score it anew")
    return cut_crop(image, np.reshape(np.asarray(matrix, np.float64), (2, 3)), side)


def require_kept(view: Any, names: FieldNames) -> None:
    """Check that a run has kept what cuts its crops out again.

    Raises:
        ValueError: it has not.
    """
    if view.get_field(names.face_path("crop_matrix")) is None:
        raise ValueError(
            f"the field {names.faces!r} does not hold where the crops were cut out: score the faces anew with "
            "'Score face quality' and skip_scored off"
        )
