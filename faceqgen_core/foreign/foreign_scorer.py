"""Runs a network from elsewhere over crops, as ``restoration.Restorer`` runs ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.restoration import (
    MOST_AT_ONCE,
    NETWORK_LOCK,
    device_scope,
    on_processor,
    one_by_one,
    prepare_device,
    require_threads,
)

_LOADED: dict[str, Any] = {}


class ForeignScorer:
    """A network, loaded once per process and device and shared.

    On the processor each crop goes through it by itself, so that a face has the same bits alone and in any batch.

    Args:
        key: what the network is known by in this process.
        make: builds it: a Keras model from (N, S, S, 3) float32 RGB, 0 to 255, to a dictionary.
        batch_size: crops per call, at least 1.
        device: "auto", "cpu", "gpu" or "gpu:N".

    Raises:
        ValueError: a batch size under 1 or an unknown or absent device.
        RuntimeError: the process was forked after TensorFlow had run.
        PresetError: the network cannot be built.
    """

    def __init__(self, key: str, make: Callable[[], Any], *, batch_size: int, device: str) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        require_threads()
        self._most = min(batch_size, MOST_AT_ONCE)
        self._device = prepare_device(device)
        key = f"{key}|{self._device}"
        with NETWORK_LOCK:
            if key not in _LOADED:
                with device_scope(self._device):
                    network = make()
                    alone = one_by_one(network) if on_processor(self._device) else None
                    _LOADED[key] = network, alone
            self._network, self._alone = _LOADED[key]

    def run(self, crops: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Run the network over (N, S, S, 3) uint8 RGB crops; arrays of N by name.

        Raises:
            ValueError: wrong shape or type.
            RuntimeError: the process was forked after TensorFlow had run.
        """
        require_threads()
        crops = np.asarray(crops)
        sides = tuple(self._network.input_shape[1:])
        if crops.dtype != np.uint8 or crops.ndim != 4 or crops.shape[1:] != sides:
            raise ValueError(
                f"crops must be (N, {', '.join(map(str, sides))}) uint8 RGB, got {crops.shape} {crops.dtype}"
            )
        parts = [self._part(crops[i : i + self._most]) for i in range(0, len(crops), self._most)]
        if not parts:  # shapes and types of no crop are those of one
            one = self._part(np.zeros((1, *sides), np.uint8))
            parts = [{name: values[:0] for name, values in one.items()}]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _part(self, crops: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        count = len(crops)
        padded = count if self._alone else 1 << (count - 1).bit_length()
        batch = np.zeros((padded, *crops.shape[1:]), np.float32)
        batch[:count] = crops
        with NETWORK_LOCK, device_scope(self._device):
            made = self._alone(batch) if self._alone else self._network.predict_on_batch(batch)
        return {name: np.asarray(values)[:count] for name, values in made.items()}
