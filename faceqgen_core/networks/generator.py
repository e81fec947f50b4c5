"""The generator: draws every face as a good picture of that person, and keeps of the input what is good already.

Two ways lead to the restored picture. A small encoder turns the face into a code, from which a *fixed* linear decoder, mean
and principal components of good frontal faces before an even background (``basis``), draws a face: it can draw nothing
else, so covers, pose, hard light and backgrounds are left behind. A U-Net with gated skips sees the input and the drawn face;
it corrects the one, sharpens the other, and says for every pixel which of the two to trust:

    ``restored = trust * (input + correction) + (1 - trust) * (drawn + detail)``

Both work at 64 x 64: what is to be drawn anew is coarse, and a cover or a cheek must lie within what a level sees. A larger
crop gets their answer enlarged, and one finer level for each doubling that looks at its pixels and adds the detail.

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

FINER = "finer"
"""How the names of the layers of the finer levels begin."""


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


def _finer(pixels: Any, raw: Any, below: Any, style: Any, width: int, name: str) -> tuple[Any, Any]:
    """The answer at twice the side: enlarged, and the detail that the finer pixels ask for; none before training.

    Args:
        pixels: (N, 2S, 2S, 3), the crop in [-1, 1].
        raw: (N, S, S, 7), see ``Restored``.
        below: (N, S/2, S/2, C), features that ``raw`` was made of.
        style: (N, K), the whole crop in numbers.
        width: the generator's.
        name: of the level.

    Returns:
        ``raw`` and features of twice the side.
    """
    filters = width + width // 2
    energy = BandEnergies(name=f"{name}_energy", dtype="float32")(pixels)
    known = layers.Concatenate(name=f"{name}_known")([energy, style])
    seen = SpaceToDepth(name=f"{name}_pixels")(pixels)  # S x S x 12
    x = layers.Concatenate(name=f"{name}_in")([up(below, width, name), seen, raw])
    for i in (1, 2):
        x = norm_act(conv(x, filters, 3, f"{name}_conv{i}"), f"{name}_{i}")
        x = modulate(x, known, f"{name}_film{i}")
    detail = layers.Conv2D(
        28, 3, padding="same", kernel_initializer="zeros", name=f"{name}_out_conv"
    )(x)
    detail = DepthToSpace(name=f"{name}_detail", dtype="float32")(detail)
    large = layers.UpSampling2D(interpolation="bilinear", name=f"{name}_raw", dtype="float32")(raw)
    return layers.Add(name=f"{name}_sum", dtype="float32")([large, detail]), x


def build_generator(*, size: int = 128, width: int = 32, code: int = 320) -> keras.Model:
    """Build the generator.

    Inputs, in this order: (N, ``size``, ``size``, 3) RGB in [0, 1]; the mated similarity that the discriminator predicts
    (N, 1) and its embedding of the face (N, 256). Outputs, in this order, all float32: the restored image, same shape and
    range; the drawn face, likewise; the trust in the input (N, ``size``, ``size``, 1) in [0, 1]; the code (N, ``code``), in
    standard deviations of the principal components; and the bottleneck features (N, 4, 4, 8 ``width``), which the quality
    head reads.

    Raises:
        ValueError: ``size`` is not 64, 128, 256 or 512, or ``width`` not a positive multiple of 16.
    """
    if size not in (SIDE, 2 * SIDE, 4 * SIDE, 8 * SIDE):
        raise ValueError(f"size must be {SIDE}, or that doubled, up to {8 * SIDE}, not {size}")
    if width <= 0 or width % 16:
        raise ValueError(f"width must be a positive multiple of 16, got {width}")
    w = width
    image = keras.Input((size, size, 3), name="image")
    similarity = keras.Input((1,), name="similarity")
    identity = keras.Input((EMBEDDING,), name="identity")
    x = layers.Rescaling(2.0, -1.0, name="to_signed")(image)
    known = layers.Concatenate(name="known")([similarity, identity])

    # Pooled by 1 where there is nothing to do: weights keep their order whatever the side.
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

    # The U-Net; shapes at width 32
    e1 = norm_act(conv(small, w, 4, "enc1_conv", strides=2), "enc1")  # 32 x 32 x 32
    e2 = norm_act(conv(e1, 2 * w, 4, "enc2_conv", strides=2), "enc2")  # 16 x 16 x 64
    e3 = norm_act(conv(e2, 4 * w, 4, "enc3_conv", strides=2), "enc3")  # 8 x 8 x 128
    b = norm_act(conv(e3, 8 * w, 4, "enc4_conv", strides=2), "enc4")  # 4 x 4 x 256
    b = residual(b, 8 * w, "mid1")
    # From the pixels, because normalisation takes away how much grain there is.
    energy = BandEnergies(name="energy", dtype="float32")(small)
    pooled = [layers.GlobalAveragePooling2D(name=f"pool{i}")(e) for i, e in enumerate((e2, e3, b))]
    style = layers.Dense(4 * w, name="style_dense")(
        layers.Concatenate(name="style_in")([energy, *pooled, known, hidden])
    )
    style = layers.LeakyReLU(negative_slope=0.2, name="style")(style)  # 128
    signed = layers.Rescaling(2.0, -1.0, name="soft_signed")(soft)
    c1 = norm_act(conv(signed, w, 4, "soft1_conv", strides=2), "soft1")  # 32 x 32 x 32
    c2 = norm_act(conv(c1, 2 * w, 4, "soft2_conv", strides=2), "soft2")
    c3 = norm_act(conv(c2, 4 * w, 4, "soft3_conv", strides=2), "soft3")
    d3 = _gated(up(b, 4 * w, "dec3"), e3, c3, 4 * w, "dec3")
    d3 = modulate(norm_act(d3, "dec3"), style, "dec3_film")
    d3 = residual(d3, 4 * w, "dec3_res")  # 8 x 8 x 128
    d2 = _gated(up(d3, 2 * w, "dec2"), e2, c2, 2 * w, "dec2")
    d2 = modulate(norm_act(d2, "dec2"), style, "dec2_film")
    d2 = residual(d2, 2 * w, "dec2_res")  # 16 x 16 x 64
    # The finest level sees the pixels themselves: grain and edges are lost to any stride.
    pixels = SpaceToDepth(name="pixels")(small)  # 32 x 32 x 12
    d1 = layers.Concatenate(name="skip1")([up(d2, w, "dec1"), e1, c1, pixels])
    d1 = norm_act(conv(d1, w + w // 2, 3, "fine1_conv"), "fine1")
    d1 = modulate(d1, style, "fine1_film")  # 32 x 32 x 48
    d1 = norm_act(conv(d1, w + w // 2, 3, "fine2_conv"), "fine2")
    d1 = modulate(d1, style, "fine2_film")
    # Zero at the start: training sets out from half the input and half the soft face.
    raw = layers.Conv2D(28, 3, padding="same", kernel_initializer="zeros", name="out_conv")(d1)
    raw = DepthToSpace(name="raw", dtype="float32")(raw)  # 64 x 64 x 7
    for level in range(1, (size // SIDE).bit_length()):
        pixels = layers.AveragePooling2D(size // (SIDE << level), name=f"pool_{SIDE << level}")(x)
        soft = layers.UpSampling2D(interpolation="bilinear", name=f"soft_{level}", dtype="float32")(
            soft
        )
        raw, d1 = _finer(pixels, raw, d1, style, w, f"{FINER}{level}")
    restored, drawn, trust = Restored(name="restored", dtype="float32")(image, soft, raw)
    features = layers.Activation("linear", dtype="float32", name="bottleneck")(b)
    return keras.Model(
        [image, similarity, identity], [restored, drawn, trust, numbers, features], name="generator"
    )
