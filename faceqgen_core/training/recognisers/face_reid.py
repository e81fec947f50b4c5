"""The first teacher: Intel Open Model Zoo's face-reidentification-retail-0095.

Apache-2.0, run with OpenVINO (extra ``train``): BGR 0..255, 128 x 128, five points at fixed places, 256-d embedding.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.alignment import CropProtocol, fit_similarity
from faceqgen_core.training.recognisers.crops import cut_recogniser_crops, unit_length
from faceqgen_core.training.recognisers.runtime import load_openvino

_SIDE = 128
# Places of the right eye, left eye, nose, right and left mouth corner as shares of the side, from the model's card.
_POINTS = np.array(
    [[0.3156, 0.4616], [0.6826, 0.4616], [0.5003, 0.6405], [0.3495, 0.8247], [0.6534, 0.8247]]
)


class FaceReidTeacher:
    """Embeds aligned crops.

    Args:
        model: the network's ``.xml`` file, its ``.bin`` beside it.
        protocol: protocol of the crops that will be given.

    Raises:
        ValueError: the file is missing or OpenVINO is not installed.
    """

    def __init__(self, model: Path, protocol: CropProtocol) -> None:
        if not model.is_file():
            raise ValueError(f"no recogniser at {model}")
        core = load_openvino().Core()
        self._network: Any = core.compile_model(core.read_model(model), "CPU")
        self._matrix = fit_similarity(protocol.template, _POINTS * _SIDE)

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed crops (N, S, S, 3) uint8 RGB -> (N, 256) float32 of unit length."""
        rows = []
        for face in cut_recogniser_crops(crops, self._matrix, _SIDE):
            tensor = face[..., ::-1].transpose(2, 0, 1)[None].astype(np.float32)
            rows.append(np.asarray(self._network(tensor)[0]).reshape(-1))
        return unit_length(np.stack(rows))
