"""The generator: a U-Net that restores a face by a correction of its input.

``restored = input + correction``: a good face must be a fixed point of the restoration, and a network that can leave an
image exactly as it is spends its capacity on what has to change.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

_INIT = "he_normal"


def _conv(x: Any, filters: int, kernel: int, name: str, *, strides: int = 1) -> Any:
    return layers.Conv2D(
        filters, kernel, strides=strides, padding="same", kernel_initializer=_INIT, name=name
    )(x)


def _norm_act(x: Any, name: str) -> Any:
    # Per image and group of channels: batch statistics would let batch mates change a score, and without any
    # normalisation the network hardly learns.
    x = layers.GroupNormalization(groups=8, name=f"{name}_norm")(x)
    return layers.LeakyReLU(negative_slope=0.2, name=f"{name}_act")(x)


def _residual(x: Any, filters: int, name: str) -> Any:
    y = _norm_act(_conv(x, filters, 3, f"{name}_conv1"), name)
    y = layers.Conv2D(filters, 3, padding="same", kernel_initializer="zeros", name=f"{name}_conv2")(
        y
    )
    return layers.Add(name=f"{name}_add")([x, y])


def _modulate(x: Any, code: Any, name: str) -> Any:
    """Scale and shift channels by a code of the whole image (Perez et al. 2018, FiLM); starts as the identity."""
    channels = x.shape[-1]
    scale = layers.Dense(channels, kernel_initializer="zeros", name=f"{name}_scale")(code)
    shift = layers.Dense(channels, kernel_initializer="zeros", name=f"{name}_shift")(code)
    shape = (1, 1, channels)
    scaled = layers.Multiply(name=f"{name}_scaled")([x, layers.Reshape(shape)(scale)])
    return layers.Add(name=name)([x, scaled, layers.Reshape(shape)(shift)])


def _up(x: Any, filters: int, name: str) -> Any:
    # Resize and convolve: a transposed convolution draws a checkerboard.
    x = layers.UpSampling2D(2, interpolation="bilinear", name=f"{name}_resize")(x)
    return _conv(x, filters, 3, f"{name}_conv")


@keras.saving.register_keras_serializable(package="faceqgen")
class SpaceToDepth(layers.Layer):  # type: ignore[misc]
    """(N, 2H, 2W, C) -> (N, H, W, 4C); ``keras.ops`` only, so that every backend runs it."""

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
class Correction(layers.Layer):  # type: ignore[misc]
    """``clip(image + correction, 0, 1)``."""

    def call(self, image: Any, correction: Any) -> Any:
        """Both (N, H, W, 3); the image in [0, 1]."""
        return ops.clip(image + correction, 0.0, 1.0)


def build_generator(*, size: int = 128, width: int = 32, families: int = 18) -> keras.Model:
    """Build the generator.

    Input: (N, ``size``, ``size``, 3) RGB in [0, 1]. Outputs, in this order: the restored image, same shape and range;
    the bottleneck features (N, ``size``/16, ``size``/16, 8 ``width``), which the quality head reads; and the estimated
    strength of each of ``families`` degradations (N, ``families``) in [0, 1].

    What was done to an image decides what must be undone: sharpening harms a noisy image, smoothing a blurred one.
    So the encoder names the degradations (their strengths are known in training) and its code steers the decoder.

    Raises:
        ValueError: ``size`` is not a positive multiple of 16 or ``width`` not a positive multiple of 16.
    """
    if size <= 0 or size % 16:
        raise ValueError(f"size must be a positive multiple of 16, got {size}")
    if width <= 0 or width % 16:
        raise ValueError(f"width must be a positive multiple of 16, got {width}")
    w = width
    image = keras.Input((size, size, 3), name="image")
    x = layers.Rescaling(2.0, -1.0, name="to_signed")(image)
    # encoder; shapes at size 128, width 32
    e1 = _norm_act(_conv(x, w, 4, "enc1_conv", strides=2), "enc1")  # 64 x 64 x 32
    e2 = _norm_act(_conv(e1, 2 * w, 4, "enc2_conv", strides=2), "enc2")  # 32 x 32 x 64
    e3 = _norm_act(_conv(e2, 4 * w, 4, "enc3_conv", strides=2), "enc3")  # 16 x 16 x 128
    b = _norm_act(_conv(e3, 8 * w, 4, "enc4_conv", strides=2), "enc4")  # 8 x 8 x 256
    b = _residual(b, 8 * w, "mid1")
    # From the pixels, because normalisation takes away how much grain there is.
    energy = BandEnergies(name="energy")(x)
    pooled = [layers.GlobalAveragePooling2D(name=f"pool{i}")(e) for i, e in enumerate((e2, e3, b))]
    code = layers.Dense(4 * w, name="code_dense")(
        layers.Concatenate(name="code_in")([energy, *pooled])
    )
    code = layers.LeakyReLU(negative_slope=0.2, name="code")(code)  # 128
    strengths = layers.Dense(families, activation="sigmoid", name="strengths")(code)
    # decoder: skips are added, so each costs nothing and a level can ignore it
    d3 = layers.Add(name="skip3")([_up(b, 4 * w, "dec3"), e3])
    d3 = _modulate(_norm_act(d3, "dec3"), code, "dec3_film")  # 16 x 16 x 128
    d2 = layers.Add(name="skip2")([_up(d3, 2 * w, "dec2"), e2])
    d2 = _modulate(_norm_act(d2, "dec2"), code, "dec2_film")
    d2 = _residual(d2, 2 * w, "dec2_res")  # 32 x 32 x 64
    # The finest level sees the pixels themselves: grain and edges are lost to any stride.
    pixels = SpaceToDepth(name="pixels")(x)  # 64 x 64 x 12
    d1 = layers.Concatenate(name="skip1")([_up(d2, w, "dec1"), e1, pixels])
    d1 = _norm_act(_conv(d1, w + w // 2, 3, "fine1_conv"), "fine1")
    d1 = _modulate(d1, code, "fine1_film")  # 64 x 64 x 48
    d1 = _norm_act(_conv(d1, w + w // 2, 3, "fine2_conv"), "fine2")
    d1 = _modulate(d1, code, "fine2_film")
    # Zero at the start: training sets out from the identity.
    raw = layers.Conv2D(12, 3, padding="same", kernel_initializer="zeros", name="out_conv")(d1)
    correction = DepthToSpace(name="correction")(raw)  # 128 x 128 x 3
    restored = Correction(name="restored")(image, correction)
    return keras.Model(image, [restored, b, strengths], name="generator")
