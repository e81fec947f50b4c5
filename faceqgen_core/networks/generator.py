"""The generator: a U-Net that restores a face by a correction of its input.

``restored = input + share * correction``: a good face must be a fixed point of the restoration, and a network that can
leave an image exactly as it is spends its capacity on what has to change. How much of the full correction is applied, the
network decides from how well the face will be known again (residual gating by a predicted quality): what does not hurt
recognition is left alone, so that a face that changes much is a poor one.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from faceqgen_core.networks.blocks import (
    BandEnergies,
    DepthToSpace,
    SpaceToDepth,
    conv,
    modulate,
    norm_act,
    residual,
    up,
)


@keras.saving.register_keras_serializable(package="faceqgen")
class Correction(layers.Layer):  # type: ignore[misc]
    """``clip(image + share * correction, 0, 1)``."""

    def call(self, image: Any, correction: Any, share: Any = None) -> Any:
        """Image, in [0, 1], and correction (N, H, W, 3); share (N, 1) or None for 1."""
        if share is not None:
            correction = correction * ops.reshape(share, (-1, 1, 1, 1))
        return ops.clip(image + correction, 0.0, 1.0)


def build_generator(*, size: int = 128, width: int = 32, families: int = 18) -> keras.Model:
    """Build the generator.

    Input: (N, ``size``, ``size``, 3) RGB in [0, 1]. Outputs, in this order: the restored image, same shape and range;
    the bottleneck features (N, ``size``/16, ``size``/16, 8 ``width``), which the quality head reads; the estimated
    strength of each of ``families`` degradations (N, ``families``) in [0, 1]; the image under the full correction, from
    which training learns; and the share of it that was applied (N, 1) in [0, 1]. Images and numbers are float32.

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
    e1 = norm_act(conv(x, w, 4, "enc1_conv", strides=2), "enc1")  # 64 x 64 x 32
    e2 = norm_act(conv(e1, 2 * w, 4, "enc2_conv", strides=2), "enc2")  # 32 x 32 x 64
    e3 = norm_act(conv(e2, 4 * w, 4, "enc3_conv", strides=2), "enc3")  # 16 x 16 x 128
    b = norm_act(conv(e3, 8 * w, 4, "enc4_conv", strides=2), "enc4")  # 8 x 8 x 256
    b = residual(b, 8 * w, "mid1")
    # From the pixels, because normalisation takes away how much grain there is.
    energy = BandEnergies(name="energy", dtype="float32")(x)
    pooled = [layers.GlobalAveragePooling2D(name=f"pool{i}")(e) for i, e in enumerate((e2, e3, b))]
    code = layers.Dense(4 * w, name="code_dense")(
        layers.Concatenate(name="code_in")([energy, *pooled])
    )
    code = layers.LeakyReLU(negative_slope=0.2, name="code")(code)  # 128
    strengths = layers.Dense(families, activation="sigmoid", dtype="float32", name="strengths")(
        code
    )
    share = layers.Dense(
        1, activation="sigmoid", bias_initializer="ones", dtype="float32", name="share"
    )(code)
    # decoder: skips are added, so each costs nothing and a level can ignore it
    d3 = layers.Add(name="skip3")([up(b, 4 * w, "dec3"), e3])
    d3 = modulate(norm_act(d3, "dec3"), code, "dec3_film")  # 16 x 16 x 128
    d2 = layers.Add(name="skip2")([up(d3, 2 * w, "dec2"), e2])
    d2 = modulate(norm_act(d2, "dec2"), code, "dec2_film")
    d2 = residual(d2, 2 * w, "dec2_res")  # 32 x 32 x 64
    # The finest level sees the pixels themselves: grain and edges are lost to any stride.
    pixels = SpaceToDepth(name="pixels")(x)  # 64 x 64 x 12
    d1 = layers.Concatenate(name="skip1")([up(d2, w, "dec1"), e1, pixels])
    d1 = norm_act(conv(d1, w + w // 2, 3, "fine1_conv"), "fine1")
    d1 = modulate(d1, code, "fine1_film")  # 64 x 64 x 48
    d1 = norm_act(conv(d1, w + w // 2, 3, "fine2_conv"), "fine2")
    d1 = modulate(d1, code, "fine2_film")
    # Zero at the start: training sets out from the identity.
    raw = layers.Conv2D(12, 3, padding="same", kernel_initializer="zeros", name="out_conv")(d1)
    correction = DepthToSpace(name="correction", dtype="float32")(raw)  # 128 x 128 x 3
    full = Correction(name="full", dtype="float32")(image, correction)
    restored = Correction(name="restored", dtype="float32")(image, correction, share)
    return keras.Model(image, [restored, b, strengths, full, share], name="generator")
