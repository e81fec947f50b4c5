"""A TensorFlow Lite network over pictures, several at a time."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_KIND = b"TFL3"  # from the fifth byte on of every TensorFlow Lite file
_BATCH = 8


class PictureNetwork:
    """Runs a network that takes square RGB pictures in [0, 1].

    Args:
        file: the ``.tflite`` file.
        side: side of the pictures that the network must take.
        lengths: how many numbers each of its outputs must give for one picture, in the order wanted.
        source: what the file is called where a user gets it; told where it is missing or another one.
        threads: threads of the processor to use.

    Raises:
        ValueError: the file is missing, cut off or another network.
    """

    def __init__(
        self, file: Path, *, side: int, lengths: Sequence[int], source: str, threads: int = 1
    ) -> None:
        if not file.is_file():
            raise ValueError(
                f"no network at {file}: docs/training.md says where {source} can be had"
            )
        with file.open("rb") as opened:
            if opened.read(8)[4:] != _KIND:
                raise ValueError(f"{file.name} is no TensorFlow Lite model")
        import tensorflow as tf

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a newer package is announced at every start
                self._network: Any = tf.lite.Interpreter(str(file), num_threads=threads)
            given = self._network.get_input_details()[0]
            outputs = self._network.get_output_details()
        except (RuntimeError, ValueError, IndexError) as error:
            raise ValueError(f"{file.name} is cut off or damaged: fetch it again") from error
        shape = [int(number) for number in given["shape"]]
        found = {int(np.prod(output["shape"])): int(output["index"]) for output in outputs}
        if shape[1:] != [side, side, 3] or any(length not in found for length in lengths):
            raise ValueError(
                f"{file.name} is not {source}, which takes {side} x {side} x 3 and gives "
                f"{' and '.join(map(str, lengths))} numbers: it takes {' x '.join(map(str, shape[1:]))} and gives "
                f"{' and '.join(map(str, found))}"
            )
        self._input: int = given["index"]
        self._network.resize_tensor_input(self._input, [_BATCH, side, side, 3])
        self._network.allocate_tensors()
        self._outputs = [found[length] for length in lengths]
        self._pictures = np.zeros((_BATCH, side, side, 3), np.float32)
        self.side = side

    def run(self, pictures: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """Run at most ``batch`` pictures (side, side, 3) uint8 RGB -> one array (N, numbers) for each output."""
        count = len(pictures)
        for row, picture in zip(self._pictures, pictures, strict=False):
            np.divide(picture, np.float32(255), out=row)
        self._network.set_tensor(self._input, self._pictures)
        self._network.invoke()
        return [
            np.array(self._network.get_tensor(index).reshape(_BATCH, -1)[:count], np.float32)
            for index in self._outputs
        ]

    @property
    def batch(self) -> int:
        """How many pictures one run takes."""
        return _BATCH
