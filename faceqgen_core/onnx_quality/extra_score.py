"""A quality network at work: faces of an image -> its crops -> its numbers.

It cuts its own crops out of the image, by the same five points as ours are cut by and in one step, as its authors do; a crop
of our crop would be blurred twice. It runs each face by itself, so that a face has the same number in any batch.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.alignment import CropProtocol, box_matrix, crop_whole, cut_crop, fit_similarity
from faceqgen_core.onnx_quality.description import NetworkDescription, identify, read_description
from faceqgen_core.presets import sha256_of
from faceqgen_core.types import FaceBox, Image
from faceqgen_core.vocabulary import ExtraMeasure


class ExtraScore:
    """A quality network, loaded.

    Args:
        description: what it is, see ``read_description``.

    Attributes:
        name: of its scores.
        identifier: name and the start of a hash; stored with scores.
        extra_measure: what its number means, and the identifier.

    Raises:
        ValueError: ONNX Runtime is not installed, the file is missing, altered or no network of one face in and one number
            out.
    """

    def __init__(self, description: NetworkDescription) -> None:
        self.description = description
        self.name = description.name
        self._runtime = _load_runtime()
        self._lock = threading.Lock()
        file = Path(description.file)
        if not file.is_file():
            raise ValueError(f"no network at {file}; 'file' is taken from where the JSON file lies")
        digest = sha256_of(file)
        if description.sha256 not in (None, digest):
            raise ValueError(
                f"{file} has SHA-256 {digest[:12]}..., its description says {str(description.sha256)[:12]}...: "
                "it is another network or damaged; fetch it again"
            )
        self.identifier = identify(description, digest)
        self.extra_measure = ExtraMeasure(description.measure, self.identifier)
        self._session = self._load(file)
        self._input = self._choose("input", self._session.get_inputs())
        self._output = self._choose("output", self._session.get_outputs())
        size = description.size
        self.score(np.full((1, size, size, 3), 127, np.uint8))  # what does not fit shows here

    @classmethod
    def read(cls, path: Path) -> ExtraScore:
        """Load the network that a JSON file describes.

        Raises:
            ValueError: as the class and ``read_description`` say.
            OSError: the JSON file cannot be read.
        """
        return cls(read_description(path))

    def cut(self, pixels: Image, box: FaceBox | None, protocol: CropProtocol) -> Image:
        """Cut a face as the network wants it.

        Args:
            pixels: (H, W, 3) uint8 RGB.
            box: the face; with its landmarks, if they are known; None: the image is a crop of one face already, and goes in
                whole, as it is.
            protocol: of our crops: places a face without landmarks as ours are placed.

        Returns:
            (size, size, 3) uint8 RGB.
        """
        size = self.description.size
        if box is None:
            return crop_whole(pixels, CropProtocol(size=size)).image
        points: NDArray[Any] | None = box.landmarks
        if points is None:
            points = _usual_points(box, protocol)
        matrix = fit_similarity(np.asarray(points, np.float64), self.description.points)
        return cut_crop(pixels, matrix, size)

    def score(self, crops: NDArray[np.uint8]) -> list[float | None]:
        """Score crops that ``cut`` has made.

        Args:
            crops: (N, size, size, 3) uint8 RGB.

        Returns:
            N numbers in the network's own range and direction; None where it gave none that is finite.

        Raises:
            ValueError: the network fails, or gives more or less than one number.
        """
        return [self._score_one(crop) for crop in crops]

    def _score_one(self, crop: Image) -> float | None:
        wanted = self.description
        pixels = crop[..., ::-1] if wanted.colour == "BGR" else crop
        numbers = (pixels.astype(np.float32) - np.array(wanted.mean, np.float32)) * np.array(
            wanted.scale, np.float32
        )
        if wanted.layout == "NCHW":
            numbers = numbers.transpose(2, 0, 1)
        batch = np.ascontiguousarray(numbers[None])
        try:
            with self._lock:
                (made,) = self._session.run([self._output], {self._input: batch})
        except Exception as error:  # ONNX Runtime raises its own, of C++, without a common base
            raise ValueError(
                f"{wanted.file} does not run over {batch.shape} float32: {_first_line(error)}; "
                "see 'size', 'layout' and 'input' of its description"
            ) from error
        if np.size(made) != 1:
            raise ValueError(
                f"{wanted.file} gives {np.shape(made)} for one face at {self._output!r}, not one number: name its output "
                f"of quality with 'output' ({', '.join(o.name for o in self._session.get_outputs())})"
            )
        number = float(np.asarray(made, np.float64).reshape(()))
        return number if math.isfinite(number) else None

    def _load(self, file: Path) -> Any:
        options = self._runtime.SessionOptions()
        options.log_severity_level = 4
        try:
            return self._runtime.InferenceSession(
                str(file), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise ValueError(f"{file} is no ONNX network: {_first_line(error)}") from error

    def _choose(self, key: str, there: Any) -> str:
        names = [item.name for item in there]
        chosen = getattr(self.description, key)
        if chosen is None and len(names) == 1:
            return str(names[0])
        if chosen not in names:
            said = "is not named" if chosen is None else f"{chosen!r} is not there"
            raise ValueError(
                f"{self.description.file}: its {key} {said}: set '{key}' to one of {', '.join(names)}"
            )
        return str(chosen)


def load_extra_scores(paths: Iterable[Path]) -> list[ExtraScore]:
    """Load the networks that JSON files describe.

    Raises:
        ValueError: two have one name, or as ``ExtraScore.read`` says.
        OSError: a file cannot be read.
    """
    loaded: dict[str, ExtraScore] = {}
    for path in paths:
        score = ExtraScore.read(path)
        if score.name in loaded:
            raise ValueError(f"two networks are called {score.name!r}: rename the one of {path}")
        loaded[score.name] = score
    return list(loaded.values())


def _load_runtime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise ValueError(
            "networks in ONNX need ONNX Runtime: pip install 'faceqgen[onnx]'"
        ) from error
    return onnxruntime


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _usual_points(box: FaceBox, protocol: CropProtocol) -> NDArray[np.float64]:
    """Where the five points of an upright face are that has this box, (5, 2) in pixels of the image."""
    matrix = box_matrix(box, protocol)
    return np.asarray((protocol.template - matrix[:, 2]) / matrix[0, 0], np.float64)
