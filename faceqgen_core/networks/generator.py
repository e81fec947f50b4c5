"""The generator: draws every face as a good picture of that person, and keeps of the input what is good already.

Two ways lead to the restored picture. A small encoder turns the face into a code, from which a *fixed* linear decoder, mean
and principal components of good frontal faces before an even background (``basis``), draws a face: it can draw nothing
else, so covers, pose, hard light and backgrounds are left behind. A U-Net with gated skips sees the input and the drawn face;
it corrects the one, sharpens the other, and says for every pixel which of the two to trust:

    ``restored = trust * (input + correction) + (1 - trust) * (drawn + detail)``

How well the face will be known again (the discriminator's prediction) is an input: a face that a recogniser will not know is
to be redrawn, one that it will know is to be left alone.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from faceqgen_core.networks.basis import SIDE, LinearDecoder
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
from faceqgen_core.networks.discriminator import EMBEDDING


@keras.saving.register_keras_serializable(package="faceqgen")
class Restored(layers.Layer):  # type: ignore[misc]
    """Mix the corrected input and the drawn face by the trust in the input."""

    def call(self, image: Any, soft: Any, raw: Any) -> Any:
        """Join.

        Args:
            image: (N, H, W, 3) in [0, 1].
            soft: (N, H, W, 3), the face from the linear decoder.
            raw: (N, H, W, 7): correction of the image, detail of the drawn face, logit of the trust.

        Returns:
            restored and drawn (N, H, W, 3) in [0, 1], trust (N, H, W, 1) in [0, 1].
        """
        trust = ops.sigmoid(raw[..., 6:])
        drawn = ops.clip(soft + ops.tanh(raw[..., 3:6]), 0.0, 1.0)
        corrected = ops.clip(image + ops.tanh(raw[..., :3]), 0.0, 1.0)
        return trust * corrected + (1.0 - trust) * drawn, drawn, trust

    def compute_output_shape(self, image_shape: Any, soft_shape: Any, raw_shape: Any) -> Any:
        """Shapes of the three."""
        return image_shape, image_shape, (*image_shape[:-1], 1)


def _gated(below: Any, skip: Any, drawn: Any, filters: int, name: str) -> Any:
    """What a level of the encoder hands over: a skip that is closed where the input is not to be trusted."""
    joined = layers.Concatenate(name=f"{name}_gate_in")([below, skip, drawn])
    gate = layers.Conv2D(
        filters, 1, activation="sigmoid", bias_initializer="ones", name=f"{name}_gate"
    )(joined)
    kept = layers.Multiply(name=f"{name}_kept")([gate, skip])
    return layers.Add(name=f"{name}_skip")([below, kept, drawn])


def build_generator(*, size: int = 128, width: int = 32, code: int = 320) -> keras.Model:
    """Build the generator.

    Inputs, in this order: (N, ``size``, ``size``, 3) RGB in [0, 1]; the mated similarity that the discriminator predicts
    (N, 1) and its embedding of the face (N, 256). Outputs, in this order, all float32: the restored image, same shape and
    range; the drawn face, likewise; the trust in the input (N, ``size``, ``size``, 1) in [0, 1]; the code (N, ``code``), in
    standard deviations of the principal components; and the bottleneck features (N, ``size``/16, ``size``/16, 8 ``width``),
    which the quality head reads.

    Raises:
        ValueError: ``size`` is not a positive multiple of 64, or ``width`` not a positive multiple of 16.
    """
    if size <= 0 or size % SIDE:
        raise ValueError(f"size must be a positive multiple of {SIDE}, got {size}")
    if width <= 0 or width % 16:
        raise ValueError(f"width must be a positive multiple of 16, got {width}")
    w = width
    image = keras.Input((size, size, 3), name="image")
    similarity = keras.Input((1,), name="similarity")
    identity = keras.Input((EMBEDDING,), name="identity")
    x = layers.Rescaling(2.0, -1.0, name="to_signed")(image)
    known = layers.Concatenate(name="known")([similarity, identity])

    # The code, from a quarter of the pixels: what must be drawn anew is coarse.
    # Pooled and enlarged by 1 where there is nothing to do: weights keep their order whatever the side.
    small = layers.AveragePooling2D(size // SIDE, name="small")(x)
    y = norm_act(conv(small, w + w // 2, 4, "face1_conv", strides=2), "face1")  # 32 x 32 x 48
    y = norm_act(conv(y, 3 * w, 4, "face2_conv", strides=2), "face2")
    y = norm_act(residual(y, 3 * w, "face2_res"), "face2_out")  # 16 x 16 x 96
    y = norm_act(conv(y, 5 * w, 3, "face3_conv", strides=2), "face3")
    y = norm_act(residual(y, 5 * w, "face3_res"), "face3_out")  # 8 x 8 x 160
    y = norm_act(conv(y, 8 * w, 3, "face4_conv", strides=2), "face4")
    y = norm_act(residual(y, 8 * w, "face4_res"), "face4_out")  # 4 x 4 x 256
    flat = layers.Flatten(name="face_flat")(conv(y, 4 * w, 1, "face_reduce"))
    hidden = layers.Dense(16 * w, name="face_dense")(
        layers.Concatenate(name="face_known")([flat, known])
    )
    hidden = layers.LeakyReLU(negative_slope=0.2, name="face_act")(hidden)
    numbers = layers.Dense(
        code,
        dtype="float32",
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
        name="code",
    )(hidden)
    soft = LinearDecoder(code, name="basis", dtype="float32")(numbers)  # 64 x 64 x 3
    soft = layers.UpSampling2D(
        size // SIDE, interpolation="bilinear", name="soft", dtype="float32"
    )(soft)

    # The U-Net; shapes at size 128, width 32
    e1 = norm_act(conv(x, w, 4, "enc1_conv", strides=2), "enc1")  # 64 x 64 x 32
    e2 = norm_act(conv(e1, 2 * w, 4, "enc2_conv", strides=2), "enc2")  # 32 x 32 x 64
    e3 = norm_act(conv(e2, 4 * w, 4, "enc3_conv", strides=2), "enc3")  # 16 x 16 x 128
    b = norm_act(conv(e3, 8 * w, 4, "enc4_conv", strides=2), "enc4")  # 8 x 8 x 256
    b = residual(b, 8 * w, "mid1")
    # From the pixels, because normalisation takes away how much grain there is.
    energy = BandEnergies(name="energy", dtype="float32")(x)
    pooled = [layers.GlobalAveragePooling2D(name=f"pool{i}")(e) for i, e in enumerate((e2, e3, b))]
    style = layers.Dense(4 * w, name="style_dense")(
        layers.Concatenate(name="style_in")([energy, *pooled, known, hidden])
    )
    style = layers.LeakyReLU(negative_slope=0.2, name="style")(style)  # 128
    signed = layers.Rescaling(2.0, -1.0, name="soft_signed")(soft)
    c1 = norm_act(conv(signed, w, 4, "soft1_conv", strides=2), "soft1")  # 64 x 64 x 32
    c2 = norm_act(conv(c1, 2 * w, 4, "soft2_conv", strides=2), "soft2")
    c3 = norm_act(conv(c2, 4 * w, 4, "soft3_conv", strides=2), "soft3")
    d3 = _gated(up(b, 4 * w, "dec3"), e3, c3, 4 * w, "dec3")
    d3 = modulate(norm_act(d3, "dec3"), style, "dec3_film")
    d3 = residual(d3, 4 * w, "dec3_res")  # 16 x 16 x 128
    d2 = _gated(up(d3, 2 * w, "dec2"), e2, c2, 2 * w, "dec2")
    d2 = modulate(norm_act(d2, "dec2"), style, "dec2_film")
    d2 = residual(d2, 2 * w, "dec2_res")  # 32 x 32 x 64
    # The finest level sees the pixels themselves: grain and edges are lost to any stride.
    pixels = SpaceToDepth(name="pixels")(x)  # 64 x 64 x 12
    d1 = layers.Concatenate(name="skip1")([up(d2, w, "dec1"), e1, c1, pixels])
    d1 = norm_act(conv(d1, w + w // 2, 3, "fine1_conv"), "fine1")
    d1 = modulate(d1, style, "fine1_film")  # 64 x 64 x 48
    d1 = norm_act(conv(d1, w + w // 2, 3, "fine2_conv"), "fine2")
    d1 = modulate(d1, style, "fine2_film")
    # Zero at the start: training sets out from half the input and half the soft face.
    raw = layers.Conv2D(28, 3, padding="same", kernel_initializer="zeros", name="out_conv")(d1)
    raw = DepthToSpace(name="raw", dtype="float32")(raw)  # 128 x 128 x 7
    restored, drawn, trust = Restored(name="restored", dtype="float32")(image, soft, raw)
    features = layers.Activation("linear", dtype="float32", name="bottleneck")(b)
    return keras.Model(
        [image, similarity, identity], [restored, drawn, trust, numbers, features], name="generator"
    )
