"""Where in an aligned crop the face, its eyes, its cheeks and the background are, on average: masks and points."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def _ellipse(size: int, x: float, y: float, rx: float, ry: float) -> Mask:
    """Ellipse around (x, y) with half axes (rx, ry), all as shares of the side."""
    v, u = (np.mgrid[0:size, 0:size] + 0.5) / size
    return np.asarray(((u - x) / rx) ** 2 + ((v - y) / ry) ** 2 <= 1)


@lru_cache(maxsize=4)
def face_oval(size: int) -> Mask:
    """(``size``, ``size``) bool: eyebrows to chin, cheek to cheek; no hair and no background of a frontal face."""
    return _ellipse(size, 0.5, 0.54, 0.27, 0.35)


@lru_cache(maxsize=4)
def eyes(size: int) -> Mask:
    """(``size``, ``size``) bool: both eyes with lids, as far as a lens of glasses reaches."""
    return _ellipse(size, 0.365, 0.43, 0.09, 0.055) | _ellipse(size, 0.635, 0.43, 0.09, 0.055)


@lru_cache(maxsize=4)
def cheeks(size: int) -> Mask:
    """(``size``, ``size``) bool: skin below the eyes, beside the nose."""
    return _ellipse(size, 0.36, 0.6, 0.06, 0.06) | _ellipse(size, 0.64, 0.6, 0.06, 0.06)


@lru_cache(maxsize=4)
def background(size: int) -> Mask:
    """(``size``, ``size``) bool: beside and above the head; no hair of an average head, no neck, no shoulders."""
    v = (np.arange(size)[:, None] + 0.5) / size
    return np.asarray(~_ellipse(size, 0.5, 0.54, 0.44, 0.56) & (v < 0.72))
