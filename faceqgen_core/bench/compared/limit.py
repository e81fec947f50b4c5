"""The limit: the networks' bare forward pass, and the largest product of matrices that the machine gives."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

BATCHES = (8, 16, 32, 64)
_SIDE = 2048


def multiply_adds(network: Any) -> int:
    """Multiply-adds of one image: convolutions, dense layers and the linear decoder; norms, resizing and activations are not counted."""
    import keras

    from faceqgen_core.networks.basis import LinearDecoder

    total = 0
    for layer in network.layers:
        if isinstance(layer, keras.layers.DepthwiseConv2D | keras.layers.Conv2D):
            total += int(np.prod(layer.output.shape[1:3])) * int(np.prod(layer.kernel.shape))
        elif isinstance(layer, keras.layers.Dense):
            total += int(np.prod(layer.kernel.shape))
        elif isinstance(layer, LinearDecoder):
            total += int(np.prod(layer.directions.shape))
    return total


class ForwardPass:
    """Generator and discriminator as one graph, without measures, head, reading or writing.

    Args:
        networks: generator and discriminator; more are left out.
    """

    def __init__(self, networks: Sequence[Any]) -> None:
        import tensorflow as tf

        generator, discriminator, *_ = networks
        self.multiply_adds = multiply_adds(generator) + multiply_adds(discriminator)
        self.batch_size = 32
        signature = [tf.TensorSpec((None, *discriminator.input_shape[1:]), tf.float32)]

        def both(batch: Any) -> Any:
            logits, *_, similarity, identity = discriminator(batch, training=False)
            return generator([batch, similarity, identity], training=False)[0], logits

        self._graph = tf.function(both, signature)

    def work(self, crops: Sequence[NDArray[np.float32]]) -> float:
        """Run (S, S, 3) float32 crops in [0, 1]; returns the faces."""
        for start in range(0, len(crops), self.batch_size):
            restored, _ = self._graph(np.stack(crops[start : start + self.batch_size]))
            restored.numpy()
        return len(crops)

    def choose_batch(self, crops: Sequence[NDArray[np.float32]]) -> int:
        """Take the batch size that is fastest here, each tried twice on 64 crops at most."""
        times: dict[int, float] = {}
        for size in BATCHES:
            self.batch_size = size
            part = crops[: max(size, min(len(crops), 64) // size * size)]
            self.work(part[:size])
            for _ in range(2):
                start = time.perf_counter()
                self.work(part)
                each = (time.perf_counter() - start) / len(part)
                times[size] = min(each, times.get(size, each))
        self.batch_size = min(times, key=lambda size: times[size])
        return self.batch_size


def matrix_product(dtype: str = "float32") -> Callable[[Sequence[Any]], float]:
    """Products of two 2048 x 2048 matrices, one per item; returns GFLOP, two for each multiply-add."""
    import tensorflow as tf

    numbers = np.random.default_rng(0).random((_SIDE, _SIDE), np.float32)
    matrix = tf.cast(tf.constant(numbers), dtype)
    multiply = tf.function(lambda a: tf.matmul(a, a))

    def work(items: Sequence[Any]) -> float:
        for _ in items:
            result = multiply(matrix)
        tf.cast(result, tf.float32).numpy()
        return len(items) * 2 * _SIDE**3 / 1e9

    return work
