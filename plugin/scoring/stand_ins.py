"""What stands in for FiftyOne's image module and its NumPy while a model of ours is applied, in the threads that apply it.

FiftyOne reads each image itself, and one that cannot be read costs its whole batch: here it gets the file unread, and the
core reads it. It puts the embeddings of all images into one array when the last is there, and where one has none (no face)
that raises after all the work: here it gets the list, as it returns one itself where an image has failed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import fiftyone.core.models as fomo
import numpy as np

logger = logging.getLogger(__name__)
logger.addHandler(logging.NullHandler())


class PictureFile:
    """An image file that is not read: to the core its path, to FiftyOne an array where it cuts patches of it.

    Args:
        path: of the file.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    @cached_property
    def _pixels(self) -> Any:
        from faceqgen_core.image_io import load_image

        return load_image(self.path)

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W, 3); reads the file, which raises if it cannot be read."""
        return tuple(self._pixels.shape)

    def __getitem__(self, part: Any) -> Any:
        return self._pixels[part]


def file_behind(image: Any) -> Any:
    """The path where an image is a file that was not read, else the image."""
    return image.path if isinstance(image, PictureFile) else image


class _Images:
    """FiftyOne's image module, which reads nothing in threads that apply a model of ours."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def read(self, path: Any, *args: Any, **options: Any) -> Any:
        """The file as it lies there."""
        if STAND_INS.at_work:
            return PictureFile(path)
        return self._module.read(path, *args, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


class _Arrays:
    """NumPy, whose ``stack`` and ``concatenate`` leave a list as it is in which an embedding is missing."""

    def stack(self, arrays: Sequence[Any], *args: Any, **options: Any) -> Any:
        """One array; where one of them is None, the list."""
        if STAND_INS.at_work and any(array is None for array in arrays):
            return list(arrays)
        return np.stack(arrays, *args, **options)

    def concatenate(self, arrays: Sequence[Any], *args: Any, **options: Any) -> Any:
        """One array; where one holds a None, the list of all that they hold."""
        if STAND_INS.at_work and any(part is None for array in arrays for part in array):
            return [part for array in arrays for part in array]
        return np.concatenate(arrays, *args, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


class _StandIns:
    """Puts both in their place while a model of ours is applied anywhere, and takes them away with the last."""

    def __init__(self) -> None:
        self._module: Any = None
        self._users = 0
        self._lock = threading.Lock()
        self._depth = threading.local()

    @property
    def at_work(self) -> bool:
        """Whether this thread applies a model of ours."""
        return bool(getattr(self._depth, "value", 0))

    def begin(self) -> None:
        """A model begins in this thread."""
        with self._lock:
            if self._users == 0:
                if hasattr(getattr(fomo, "foui", None), "read"):
                    self._module = fomo.foui
                    fomo.foui = _Images(fomo.foui)
                else:
                    logger.warning(
                        "this version of FiftyOne reads images in a way that FaceQgenModel does not know: a file that "
                        "cannot be read may cost the other images of its batch their scores; use score_faces instead"
                    )
                if getattr(fomo, "np", None) is np:
                    fomo.np = _Arrays()
            self._users += 1
        self._depth.value = getattr(self._depth, "value", 0) + 1

    def end(self) -> None:
        """The model of this thread that began last is done."""
        self._depth.value -= 1
        with self._lock:
            self._users -= 1
            if self._users == 0:
                if isinstance(getattr(fomo, "foui", None), _Images):
                    fomo.foui = self._module
                if isinstance(getattr(fomo, "np", None), _Arrays):
                    fomo.np = np


STAND_INS = _StandIns()
