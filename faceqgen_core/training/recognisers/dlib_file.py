"""dlib's network file: reads the weights of its face recognition network, without dlib.

dlib writes a network from the picture on, each layer with its name and version, its tensors and settings. Layers are
sought by name, since what lies between them differs from version to version; every size is then held against the network
of dlib's ``dnn_face_recognition_ex.cpp``, a ResNet of 29 convolutions.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

UNITS = (
    *[(32, False)] * 3,
    *[(64, True), *[(64, False)] * 3],
    *[(128, True), *[(128, False)] * 2],
    *[(256, True), *[(256, False)] * 2],
    (256, True),
)
"""Channels of each residual unit, and whether it halves the picture."""
_STEM = 32
_LENGTH = 128
_CUT_OFF = "is no dlib face recognition network, or is cut off; take dlib_face_recognition_resnet_model_v1.dat"


class DlibStream:
    """Reads dlib's serialisation: a signed integer is a byte with its length and sign, then its bytes, lowest first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    def _take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self._data):
            raise ValueError("the file ends too early")
        taken = self._data[self.position : end]
        self.position = end
        return taken

    def integer(self) -> int:
        """Read one integer.

        Raises:
            ValueError: the file ends, or what stands here is no integer.
        """
        head = self._take(1)[0]
        length = head & 0x0F
        if not 1 <= length <= 8 or head & 0x70:
            raise ValueError(f"no integer at byte {self.position - 1}")
        value = int.from_bytes(self._take(length), "little")
        return -value if head & 0x80 else value

    def tensor(self) -> NDArray[np.float32]:
        """Read one tensor -> (samples, channels, rows, columns) float32.

        Raises:
            ValueError: the file ends, or what stands here is no tensor of version 2.
        """
        if (version := self.integer()) != 2:
            raise ValueError(f"no tensor of version 2 at byte {self.position} but {version}")
        shape = [self.integer() for _ in range(4)]
        if min(shape) < 0:
            raise ValueError(f"a tensor of shape {shape} before byte {self.position}")
        values = np.frombuffer(self._take(4 * int(np.prod(shape))), "<f4")
        return values.reshape(shape).astype(np.float32)

    def seek(self, name: str) -> None:
        """Go behind the next layer of this name.

        Raises:
            ValueError: there is none.
        """
        text = name.encode()
        mark = bytes([1, len(text)]) + text
        found = self._data.find(mark, self.position)
        if found < 0:
            raise ValueError(f"no further layer {name}")
        self.position = found + len(mark)


@dataclass(frozen=True, eq=False)
class Convolution:
    """A convolution with the channel-wise affine layer behind it folded in.

    Attributes:
        filters: (out, in, rows, columns) float32.
        bias: (out,) float32.
        stride: step in both directions.
        pad: rows and columns of zeros at each border.
    """

    filters: NDArray[np.float32]
    bias: NDArray[np.float32]
    stride: int
    pad: int


def read_convolution(
    stream: DlibStream, *, channels: tuple[int, int], side: int, stride: int, pad: int
) -> Convolution:
    """Read the next convolution and the affine layer behind it, and hold them against what is expected.

    Args:
        stream: anywhere before the convolution.
        channels: channels in and out.
        side: rows and columns of the filters.
        stride: step in both directions.
        pad: rows and columns of zeros at each border.

    Raises:
        ValueError: the file ends, or holds another layer.
    """
    inputs, outputs = channels
    stream.seek("con_4")
    weights = stream.tensor().reshape(-1)
    found = [stream.integer() for _ in range(7)]
    expected = [outputs, side, side, stride, stride, pad, pad]
    count = outputs * inputs * side * side
    if found != expected or len(weights) != count + outputs:
        raise ValueError(f"a convolution {found} of {len(weights)} weights instead of {expected}")
    stream.seek("affine_")
    affine = stream.tensor().reshape(-1)
    if len(affine) != 2 * outputs:
        raise ValueError(f"an affine layer of {len(affine)} weights instead of {2 * outputs}")
    scale, shift = affine[:outputs], affine[outputs:]
    filters = weights[:count].reshape(outputs, inputs, side, side)
    bias = weights[count:] * scale + shift
    return Convolution(filters * scale[:, None, None, None], bias, stride, pad)


def read_network(file: Path) -> tuple[list[Convolution], NDArray[np.float32]]:
    """Read dlib's file -> its 29 convolutions from the picture on, and the last matrix (256, 128).

    Raises:
        ValueError: the file is missing, cut off or another one.
    """
    if not file.is_file():
        raise ValueError(f"no recogniser at {file}")
    stream = DlibStream(file.read_bytes())
    try:
        layers = [read_convolution(stream, channels=(3, _STEM), side=7, stride=2, pad=0)]
        for (inputs, _), (outputs, halved) in pairwise([(_STEM, False), *UNITS]):
            stride, pad = (2, 0) if halved else (1, 1)
            layers += [
                read_convolution(
                    stream, channels=(inputs, outputs), side=3, stride=stride, pad=pad
                ),
                read_convolution(stream, channels=(outputs, outputs), side=3, stride=1, pad=1),
            ]
        stream.seek("fc_2")
        outputs, inputs = stream.integer(), stream.integer()
        matrix = stream.tensor().reshape(-1)
        if (inputs, outputs) != (UNITS[-1][0], _LENGTH) or len(matrix) != inputs * outputs:
            raise ValueError(f"a last layer of {inputs} x {outputs}")
    except ValueError as error:
        raise ValueError(f"{file.name} {_CUT_OFF} ({error})") from error
    return layers, matrix.reshape(inputs, outputs)
