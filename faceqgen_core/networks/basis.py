"""The linear decoder: a face as a mean and a weighted sum of fixed principal components."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

SIDE = 64
"""Side of what is drawn, in pixels; larger pictures are enlarged from it and refined by the U-Net."""


@keras.saving.register_keras_serializable(package="faceqgen")
class LinearDecoder(layers.Layer):  # type: ignore[misc]
    """(N, ``components``) in standard deviations -> (N, 64, 64, 3) RGB, about [0, 1], not clipped.

    The components are not trained: a decoder that can draw nothing but faces is what makes the code converge. They are kept
    in half precision, 8 MB for 320 of them.
    """

    def __init__(self, components: int, **options: Any) -> None:
        super().__init__(trainable=False, **options)
        self.components = components

    def build(self, _: Any) -> None:
        """Make the weights: zero until ``set_basis`` or the loading of weights."""
        shape = (self.components, SIDE * SIDE * 3)
        self.directions = self.add_weight(
            shape=shape, dtype="float16", initializer="zeros", trainable=False, name="directions"
        )
        self.mean = self.add_weight(
            shape=shape[1:], dtype="float16", initializer="zeros", trainable=False, name="mean"
        )

    def set_basis(self, mean: NDArray[np.floating], directions: NDArray[np.floating]) -> None:
        """Set the mean (64 * 64 * 3,) and the components times their standard deviation (K, 64 * 64 * 3)."""
        self.mean.assign(mean.astype(np.float16))
        self.directions.assign(directions.astype(np.float16))

    def call(self, code: Any) -> Any:
        """Draw."""
        directions = ops.cast(self.directions, "float32")
        flat = ops.matmul(ops.cast(code, "float32"), directions) + ops.cast(self.mean, "float32")
        return ops.reshape(flat, (-1, SIDE, SIDE, 3))

    def compute_output_shape(self, shape: Any) -> Any:
        """Shape of the picture."""
        return (shape[0], SIDE, SIDE, 3)

    def get_config(self) -> dict[str, Any]:
        """What builds the layer again."""
        return {**super().get_config(), "components": self.components}
