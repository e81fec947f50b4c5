"""The third teacher: MobileFaceNet as ``MobileFaceNet.tflite`` (sirius-ai's MobileFaceNet_TF, Apache-2.0).

TensorFlow Lite is not needed: OpenVINO (extra ``train``) reads the file. RGB, 112 x 112, 192-d embedding.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.alignment import CropProtocol, fit_similarity
from faceqgen_core.training.recognisers.crops import cut_recogniser_crops, unit_length
from faceqgen_core.training.recognisers.runtime import compile_exactly, load_openvino

_SIDE = 112
_LENGTH = 192
_BATCH = 16
_KIND = b"TFL3"  # from the fifth byte on of every TensorFlow Lite file
# Where the five points lie in the 112 x 112 crop that most recognisers are trained on.
_POINTS = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ]
)


def _read(file: Path) -> Any:
    """The network as an OpenVINO model of any number of faces: (N, 112, 112, 3) float32 -> (N, 192)."""
    import openvino
    from openvino import opset13 as op

    try:
        model = openvino.Core().read_model(file)
    except RuntimeError as error:
        raise ValueError(f"{file.name} is cut off or damaged: fetch it again") from error
    shapes = [
        [side.get_length() if side.is_static else -1 for side in port.partial_shape]
        for port in (*model.inputs, *model.outputs)
    ]
    if [shape[1:] for shape in shapes] != [[_SIDE, _SIDE, 3], [_LENGTH]]:
        raise ValueError(
            f"{file.name} is not MobileFaceNet, which takes 112 x 112 x 3 and gives {_LENGTH} numbers: "
            f"its shapes are {shapes}"
        )
    # The file is made for two faces at a time, and so is the reshape that ends it.
    for node in model.get_ops():
        if node.get_type_name() == "Reshape" and node.get_output_partial_shape(0).rank == 2:
            shape = np.array([-1, _LENGTH], np.int64)
            node.input(1).replace_source_output(op.constant(shape).output(0))
    model.reshape([-1, _SIDE, _SIDE, 3])
    return model


class MobileFaceNetTeacher:
    """Embeds aligned crops.

    Args:
        file: ``MobileFaceNet.tflite``.
        protocol: protocol of the crops that will be given.

    Raises:
        ValueError: the file is missing, cut off or another one, or OpenVINO is not installed.
    """

    def __init__(self, file: Path, protocol: CropProtocol) -> None:
        if not file.is_file():
            raise ValueError(f"no recogniser at {file}")
        with file.open("rb") as opened:
            if opened.read(8)[4:] != _KIND:
                raise ValueError(f"{file.name} is no TensorFlow Lite model")
        openvino = load_openvino()
        self._network: Any = compile_exactly(openvino, _read(file))
        self._matrix = fit_similarity(protocol.template, _POINTS)

    def recogniser_crops(self, crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Cut crops (N, S, S, 3) uint8 RGB as the network wants its faces -> (N, 112, 112, 3) uint8 RGB."""
        return cut_recogniser_crops(crops, self._matrix, _SIDE)

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed crops (N, S, S, 3) uint8 RGB -> (N, 192) float32 of unit length."""
        recogniser_crops, parts = self.recogniser_crops(crops), []
        for start in range(0, len(recogniser_crops), _BATCH):
            batch = (recogniser_crops[start : start + _BATCH].astype(np.float32) - 127.5) / 128
            parts.append(np.array(self._network(batch)[0], np.float32))
        return unit_length(np.concatenate(parts))
