"""The second teacher: dlib's face recognition network (CC0, ``dlib_face_recognition_resnet_model_v1.dat``).

dlib itself is not needed: its file is read here and the network of its ``dnn_face_recognition_ex.cpp``, a ResNet of 29
convolutions, is built again for OpenVINO (extra ``train``). RGB, 150 x 150, 128-d embedding.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.alignment import CropProtocol, fit_similarity
from faceqgen_core.training.recognisers.crops import cut_recogniser_crops, unit_length
from faceqgen_core.training.recognisers.dlib_file import UNITS, Convolution, read_network
from faceqgen_core.training.recognisers.runtime import compile_exactly, load_openvino

_SIDE = 150
_BATCH = 16
_MEAN = (122.782, 117.001, 104.298)
# Where the five points of a crop lie in dlib's own crop (padding 0.25). Made from the median of the similarity transforms
# that dlib's own 5-point predictor and get_face_chip_details gave for 150 clean faces cut by the default protocol.
_POINTS = np.array(
    [[0.3238, 0.2995], [0.6659, 0.2976], [0.4959, 0.4941], [0.3554, 0.6945], [0.6387, 0.6929]]
)


def _build(layers: list[Convolution], matrix: NDArray[np.float32]) -> Any:
    """The network as an OpenVINO model: (N, 150, 150, 3) uint8 RGB -> (N, 128)."""
    import openvino
    from openvino import opset13 as op

    def convolve(node: Any, layer: Convolution) -> Any:
        sides = [layer.pad, layer.pad]
        node = op.convolution(
            node, op.constant(layer.filters), [layer.stride] * 2, sides, sides, [1, 1]
        )
        return op.add(node, op.constant(layer.bias[None, :, None, None]))

    def widen(node: Any, extent: NDArray[np.int64]) -> Any:
        # Where dlib adds two unlike tensors, the smaller one gets zeros behind, in channels, rows and columns alike.
        more = np.append(0, extent - _extent(node))
        if not more.any():
            return node
        return op.pad(node, op.constant(np.zeros(4, np.int64)), op.constant(more), "constant")

    picture = op.parameter([-1, _SIDE, _SIDE, 3], np.uint8, name="picture")
    node = op.convert(picture, "f32")
    mean = np.array(_MEAN, np.float32).reshape(1, 1, 1, 3)
    node = op.divide(op.subtract(node, op.constant(mean)), op.constant(np.float32(256)))
    node = op.transpose(node, op.constant(np.array([0, 3, 1, 2])))
    node = op.relu(convolve(node, layers[0]))
    node = op.max_pool(node, [2, 2], [1, 1], [0, 0], [0, 0], [3, 3]).output(0)
    for (_, halved), first, second in zip(UNITS, layers[1::2], layers[2::2], strict=True):
        inner = convolve(op.relu(convolve(node, first)), second)
        past = op.avg_pool(node, [2, 2], [0, 0], [0, 0], [2, 2], True) if halved else node
        extent = np.maximum(_extent(inner), _extent(past))
        node = op.relu(op.add(widen(inner, extent), widen(past, extent)))
    node = op.reduce_mean(node, op.constant(np.array([2, 3])), keep_dims=False)
    node = op.matmul(node, op.constant(matrix), transpose_a=False, transpose_b=False)
    return openvino.Model([node], [picture], "dlib_face_recognition")


def _extent(node: Any) -> NDArray[np.int64]:
    """Channels, rows and columns of what a node gives."""
    output = node.output(0) if hasattr(node, "output") else node
    return np.array([output.partial_shape[i].get_length() for i in (1, 2, 3)], np.int64)


class DlibTeacher:
    """Embeds aligned crops.

    Args:
        file: dlib's ``.dat`` file.
        protocol: protocol of the crops that will be given.

    Raises:
        ValueError: the file is missing, cut off or another one, or OpenVINO is not installed.
    """

    def __init__(self, file: Path, protocol: CropProtocol) -> None:
        layers, matrix = read_network(file)
        openvino = load_openvino()
        self._network: Any = compile_exactly(openvino, _build(layers, matrix))
        self._matrix = fit_similarity(protocol.template, _POINTS * _SIDE)

    def recogniser_crops(self, crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Cut crops (N, S, S, 3) uint8 RGB as dlib would cut the faces -> (N, 150, 150, 3) uint8 RGB."""
        return cut_recogniser_crops(crops, self._matrix, _SIDE)

    def raw(self, recogniser_crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed recogniser_crops (N, 150, 150, 3) uint8 RGB -> (N, 128) float32 as dlib gives it, of any length."""
        parts = [
            np.asarray(self._network(recogniser_crops[start : start + _BATCH])[0])
            for start in range(0, len(recogniser_crops), _BATCH)
        ]
        return np.concatenate(parts).astype(np.float32)

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed crops (N, S, S, 3) uint8 RGB -> (N, 128) float32 of unit length."""
        return unit_length(self.raw(self.recogniser_crops(crops)))
