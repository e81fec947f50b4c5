"""Runs a network over crops: loaded once per process and device, in groups of a fixed size on the processor."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.process.forks import FORKED, forked_after_tensorflow
from faceqgen_core.process.gpus import count_gpus
from faceqgen_core.process.keras_settings import pinned, require_keras

Outputs: TypeAlias = dict[str, NDArray[np.float32]]
"""What a network says of some crops, by the name of the output."""

_LOCK = threading.Lock()
"""Keras keeps state per model while it builds, loads or predicts: one of these at a time."""

_LOADED: dict[str, Any] = {}
_MOST_AT_ONCE, _MOST_ON_GPU = 64, 1024
"""More crops a call make nothing faster, and each takes several megabytes: of the processor's memory, or of the GPU's."""
GROUP, ALONE = 8, 5
"""On the processor: crops a call, and up to how many that are left over go one by one, which costs less than an empty place
for each that is missing. Measured: 29 ms of CPU a crop alone, 19.5 in groups of 8, 18.5 of 32; two shapes are all there are."""
FIRST = 2
"""So many crops of a process go through layer by layer if it begins with so few: tracing a graph takes as long as ten of them."""


def _prepare_device(device: str) -> str | None:
    """Return the Keras device, or None for the backend's own choice; make TensorFlow share a GPU.

    Raises:
        ValueError: the device is unknown or absent, or Keras has no backend.
    """
    keras = require_keras()
    name = device.lower()
    if not re.fullmatch(r"auto|cpu|gpu(:\d+)?", name):
        raise ValueError(f"device must be 'auto', 'cpu', 'gpu' or 'gpu:N', got {device!r}")
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        for gpu in tf.config.list_physical_devices("GPU"):
            try:  # App, notebook and worker are three processes on one GPU: none may take it whole
                tf.config.experimental.set_memory_growth(gpu, True)
            except (
                RuntimeError
            ):  # already in use by the caller's own TensorFlow code: their settings stand
                break
    if name.startswith("gpu") and int(name.partition(":")[2] or 0) >= (gpus := count_gpus()):
        sees = {"tensorflow": "TensorFlow", "jax": "JAX"}.get(backend, backend)
        raise ValueError(
            f"device {device!r} asked for, but {sees} sees {gpus or 'no'} GPU; use 'cpu' or 'auto'"
        )
    return None if name == "auto" else (name if ":" in name else f"{name}:0")


@contextmanager
def _device_scope(device: str | None, *, traced: bool = False) -> Iterator[None]:
    """Where and how networks are built and run; ``device`` is what ``_prepare_device`` gave.

    A traced graph needs none of Keras' settings: the thread that reads the results may be at work with its own.
    """
    import keras

    with (
        keras.device(device) if device else nullcontext(),
        nullcontext() if traced else pinned(),
    ):
        yield


def _on_processor(device: str | None) -> bool:
    """Whether the networks run on the processor."""
    return device.startswith("cpu") if device else not count_gpus()


def _by_graph(device: str | None) -> bool:
    """Whether TensorFlow runs the networks on the processor."""
    import keras

    return keras.backend.backend() == "tensorflow" and _on_processor(device)


class _OnProcessor:
    """Calls of a network for any number of crops; Keras' own would trace a graph for each new number of them."""

    def __init__(self, network: Any) -> None:
        import tensorflow as tf

        given = tf.TensorSpec((None, *network.input_shape[1:]), tf.float32)

        @tf.function(input_signature=[given], autograph=False)  # type: ignore[untyped-decorator]
        def graph(crops: Any) -> Any:
            return network(crops, training=False)

        self._network, self.graph, self._left = network, graph, FIRST
        self.traced = False

    def __call__(self, crops: NDArray[np.float32]) -> Any:
        """Run (N, S, S, 3) float32 crops."""
        if len(crops) == 1 and self._left:
            self._left -= 1
            return self._network(crops, training=False)
        self._left = 0
        made = self.graph(crops)
        self.traced = True
        return made


def _require_threads() -> None:
    """Refuse to call networks where they would never answer.

    Raises:
        RuntimeError: the process was forked after TensorFlow had run.
    """
    if forked_after_tensorflow():
        raise RuntimeError(FORKED)


class CropNetwork:
    """A network over crops, loaded once per process and device and shared by all that name it alike.

    On the processor crops go through it in groups of ``GROUP``, the last one filled up, and a few that are left over one by
    one: two shapes, whatever the batch. How an operation is cut up depends on the shape and on a crop's place in it, so
    that a face differs with its batch by rounding; ``Restorer`` says by how much.

    Args:
        key: what the network is known by in this process.
        make: builds it: a Keras model from (N, S, S, 3) float32 RGB to a dictionary.
        batch_size: crops per call, at least 1.
        device: "auto", "cpu", "gpu" or "gpu:N".
        white: what the network takes for 255; 0 is 0.

    Raises:
        ValueError: a batch size under 1, an unknown or absent device, or a backend of Keras that is not installed.
        RuntimeError: the process was forked after TensorFlow had run.
        PresetError: the network cannot be built.
    """

    def __init__(
        self,
        key: str,
        make: Callable[[], Any],
        *,
        batch_size: int,
        device: str,
        white: float = 255.0,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        _require_threads()
        self._step = np.float32(255.0 / white)
        self._device = _prepare_device(device)
        key = f"{key}|{self._device}"
        with _LOCK:
            if key not in _LOADED:
                with _device_scope(self._device):
                    network = make()
                    runs = _OnProcessor(network) if _by_graph(self._device) else None
                    _LOADED[key] = network, runs
            self._network, self._runs = _LOADED[key]
        most = _MOST_AT_ONCE if _on_processor(self._device) else _MOST_ON_GPU
        self._most = min(batch_size, GROUP if self._runs else most)

    def parts(self, crops: NDArray[np.uint8]) -> Iterator[tuple[NDArray[np.float32], Outputs]]:
        """Run the network over (N, S, S, 3) uint8 RGB crops, part by part, for all outputs of many crops are large.

        Yields:
            The crops of a part as the network takes them, and its outputs of them. For no crop one part of none: its
            shapes and types are those of one.

        Raises:
            ValueError: wrong shape or type.
            RuntimeError: the process was forked after TensorFlow had run.
        """
        _require_threads()
        crops = np.asarray(crops)
        sides = tuple(self._network.input_shape[1:])
        if crops.dtype != np.uint8 or crops.ndim != 4 or crops.shape[1:] != sides:
            raise ValueError(
                f"crops must be (N, {', '.join(map(str, sides))}) uint8 RGB, got {crops.shape} {crops.dtype}"
            )
        if not len(crops):
            given, made = self._part(np.zeros((1, *sides), np.uint8))
            yield given[:0], {name: values[:0] for name, values in made.items()}
        for start in range(0, len(crops), self._most):
            yield self._part(crops[start : start + self._most])

    def outputs(self, crops: NDArray[np.uint8]) -> Outputs:
        """All outputs of (N, S, S, 3) uint8 RGB crops; raises as ``parts``."""
        return _joined([made for _, made in self.parts(crops)])

    def _part(self, crops: NDArray[np.uint8]) -> tuple[NDArray[np.float32], Outputs]:
        count = len(crops)
        alone = self._runs is not None and count <= ALONE
        places = GROUP if self._runs else 1 << (count - 1).bit_length()
        batch = np.zeros((count if alone else places, *crops.shape[1:]), np.float32)
        np.divide(crops, self._step, out=batch[:count])
        traced = self._runs is not None and self._runs.traced
        with _LOCK, _device_scope(self._device, traced=traced):
            if alone:
                made = _joined([_arrays(self._runs(one[None])) for one in batch])
            elif self._runs:
                made = _arrays(self._runs(batch))
            else:
                made = _arrays(self._network.predict_on_batch(batch))
        return batch[:count], {name: values[:count] for name, values in made.items()}


def _arrays(outputs: Any) -> Outputs:
    return {name: np.asarray(values) for name, values in outputs.items()}


def _joined(parts: list[Outputs]) -> Outputs:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
