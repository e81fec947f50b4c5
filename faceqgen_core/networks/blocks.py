"""What the networks are built from: convolutions with a norm per image, residual blocks, octave energies.

``keras.ops`` only, so that every backend runs them. Nothing here looks at the batch.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

GROUPS = 8
"""Channel groups of the normalisation; every width is a multiple of it."""


def conv(x: Any, filters: int, kernel: int, name: str, *, strides: int = 1) -> Any:
    """Convolution with bias, same padding."""
    return layers.Conv2D(
        filters, kernel, strides=strides, padding="same", kernel_initializer="he_normal", name=name
    )(x)


def norm_act(x: Any, name: str) -> Any:
    """Group normalisation and leaky ReLU.

    Per image and group of channels: batch statistics would let batch mates change a score, and without any normalisation
    the networks hardly learn.
    """
    x = GroupNormalization(groups=GROUPS, name=f"{name}_norm")(x)
    return layers.LeakyReLU(negative_slope=0.2, name=f"{name}_act")(x)


def residual(x: Any, filters: int, name: str) -> Any:
    """Two convolutions whose result is added; starts as the identity."""
    y = norm_act(conv(x, filters, 3, f"{name}_conv1"), name)
    y = layers.Conv2D(filters, 3, padding="same", kernel_initializer="zeros", name=f"{name}_conv2")(
        y
    )
    return layers.Add(name=f"{name}_add")([x, y])


def modulate(x: Any, code: Any, name: str) -> Any:
    """Scale and shift channels by a code of the whole image (Perez et al. 2018, FiLM); starts as the identity."""
    channels = x.shape[-1]
    scale = layers.Dense(channels, kernel_initializer="zeros", name=f"{name}_scale")(code)
    shift = layers.Dense(channels, kernel_initializer="zeros", name=f"{name}_shift")(code)
    shape = (1, 1, channels)
    scaled = layers.Multiply(name=f"{name}_scaled")([x, layers.Reshape(shape)(scale)])
    return layers.Add(name=name)([x, scaled, layers.Reshape(shape)(shift)])


def up(x: Any, filters: int, name: str) -> Any:
    """Resize and convolve: a transposed convolution draws a checkerboard."""
    x = layers.UpSampling2D(2, interpolation="bilinear", name=f"{name}_resize")(x)
    return conv(x, filters, 3, f"{name}_conv")


@keras.saving.register_keras_serializable(package="faceqgen")
class GroupNormalization(layers.GroupNormalization):  # type: ignore[misc]
    """Keras' layer with less reading of memory: one pass for both moments, one that scales and shifts.

    The map is large and the arithmetic small, so that passes over the map are what it costs. Keras' layer centres the
    map before it squares it; here the moments of each channel come first and are joined to those of its group, on a few
    numbers. The class keeps Keras' name, for weight files name their layers by it.

    Args:
        groups: channel groups; divides the channels, which are the last axis.
        **kwargs: those of Keras' layer.

    Raises:
        ValueError: another axis than the last.
    """

    def __init__(self, groups: int = GROUPS, **kwargs: Any) -> None:
        if kwargs.get("axis", -1) != -1:
            raise ValueError(f"axis must be -1, the last, got {kwargs['axis']}")
        super().__init__(groups=groups, **kwargs)

    def call(self, inputs: Any) -> Any:
        """(N, ..., C) -> same shape; moments in at least float32, for half precision overflows when it is squared."""
        exact = keras.backend.result_type(inputs.dtype, "float32")
        x = ops.cast(inputs, exact)
        channels = x.shape[-1]
        places = tuple(range(1, len(x.shape) - 1))
        grouped = (-1, self.groups, channels // self.groups)
        means = ops.reshape(ops.mean(x, axis=places), grouped)
        squares = ops.reshape(ops.mean(x * x, axis=places), grouped)
        mean = ops.mean(means, axis=-1, keepdims=True)
        # Of a flat map rounding may leave a little less than nothing.
        variance = ops.maximum(ops.mean(squares, axis=-1, keepdims=True) - mean * mean, 0.0)
        scale = ops.broadcast_to(ops.rsqrt(variance + self.epsilon), ops.shape(means))
        if self.scale:
            scale = scale * ops.reshape(ops.cast(self.gamma, exact), (1, *grouped[1:]))
        shift = -mean * scale
        if self.center:
            shift = shift + ops.reshape(ops.cast(self.beta, exact), (1, *grouped[1:]))
        each = (-1, *(1 for _ in places), channels)
        return ops.cast(x * ops.reshape(scale, each) + ops.reshape(shift, each), self.compute_dtype)


@keras.saving.register_keras_serializable(package="faceqgen")
class SpaceToDepth(layers.Layer):  # type: ignore[misc]
    """(N, 2H, 2W, C) -> (N, H, W, 4C)."""

    def call(self, inputs: Any) -> Any:
        """Pixel (2h + i, 2w + j) goes to channels ``(2i + j) * C`` and following."""
        _, height, width, channels = inputs.shape
        x = ops.reshape(inputs, (-1, height // 2, 2, width // 2, 2, channels))
        x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
        return ops.reshape(x, (-1, height // 2, width // 2, 4 * channels))


@keras.saving.register_keras_serializable(package="faceqgen")
class DepthToSpace(layers.Layer):  # type: ignore[misc]
    """(N, H, W, 4C) -> (N, 2H, 2W, C): undoes ``SpaceToDepth``."""

    def call(self, inputs: Any) -> Any:
        """Channels ``(2i + j) * C`` and following go to pixel (2h + i, 2w + j)."""
        _, height, width, channels = inputs.shape
        x = ops.reshape(inputs, (-1, height, width, 2, 2, channels // 4))
        x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
        return ops.reshape(x, (-1, 2 * height, 2 * width, channels // 4))


@keras.saving.register_keras_serializable(package="faceqgen")
class BandEnergies(layers.Layer):  # type: ignore[misc]
    """How much of each octave an image holds: noise, blur and low resolution show in its spectrum at once."""

    LEVELS = 4

    def call(self, inputs: Any) -> Any:
        """(N, H, W, C) -> (N, 5 C): log mean magnitude of four octaves, finest first, then the channel means."""
        numbers, x = [], inputs
        for _ in range(self.LEVELS):
            coarse = ops.average_pool(x, 2, 2)
            band = x - ops.repeat(ops.repeat(coarse, 2, axis=1), 2, axis=2)
            numbers.append(ops.log(ops.mean(ops.abs(band), axis=(1, 2)) + 1e-3) + 4.0)
            x = coarse
        numbers.append(ops.mean(x, axis=(1, 2)))
        return ops.concatenate(numbers, axis=-1)


@keras.saving.register_keras_serializable(package="faceqgen")
class UnitLength(layers.Layer):  # type: ignore[misc]
    """(N, D) -> (N, D) of length 1."""

    def call(self, inputs: Any) -> Any:
        """Divide each row by its length."""
        x = ops.cast(inputs, "float32")
        return x / ops.sqrt(ops.sum(ops.square(x), axis=-1, keepdims=True) + 1e-12)
