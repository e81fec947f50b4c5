"""The discriminator: an unconditional patch network that tells good faces from restored and from poor ones.

Every patch gets one logit (Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", 2017); the
measure is the mean of the patch probabilities. A patch sees almost the whole face, since a turned head or a hidden eye
shows on no small patch. Beside its verdict the network says what it needs to know for it: what was done to the image, how
well it will be known again, and who it is; these answers are trained with it and give its features their meaning.
"""

from __future__ import annotations

import keras
from keras import layers

from faceqgen_core.networks.blocks import BandEnergies, UnitLength, conv, norm_act, residual

EMBEDDING = 256
"""Length of the identity embedding."""


def build_discriminator(*, size: int = 128, width: int = 24, families: int = 18) -> keras.Model:
    """Build the discriminator.

    Input: (N, ``size``, ``size``, 3) RGB in [0, 1]. Outputs, in this order, all float32:

    - patch logits (N, ``size``/16, ``size``/16, 1), higher is better;
    - features of three levels: (N, ``size``/4, ``size``/4, 2 ``width``), half that side and 4 ``width``, half again and
      8 ``width``, which feature matching and the quality head read;
    - estimated strength of each of ``families`` degradations, (N, ``families``) in [0, 1];
    - predicted mated similarity score, (N, 1), cosine, higher is better;
    - embedding of the face as it was before it was degraded, (N, 256) of unit length.

    Raises:
        ValueError: ``size`` is not a positive multiple of 16 or ``width`` not a positive multiple of 8.
    """
    if size <= 0 or size % 16:
        raise ValueError(f"size must be a positive multiple of 16, got {size}")
    if width <= 0 or width % 8:
        raise ValueError(f"width must be a positive multiple of 8, got {width}")
    w = width
    image = keras.Input((size, size, 3), name="image")
    x = layers.Rescaling(2.0, -1.0, name="to_signed")(image)
    # shapes at size 128, width 24
    f1 = norm_act(conv(x, w, 4, "d1_conv", strides=2), "d1")  # 64 x 64 x 24
    f2 = norm_act(conv(f1, 2 * w, 3, "d2_conv", strides=2), "d2")
    f2 = norm_act(residual(f2, 2 * w, "d2_res"), "d2_out")  # 32 x 32 x 48
    f3 = norm_act(conv(f2, 4 * w, 3, "d3_conv", strides=2), "d3")
    for i in (1, 2):
        f3 = residual(f3, 4 * w, f"d3_res{i}")
    f3 = norm_act(f3, "d3_out")  # 16 x 16 x 96
    f4 = norm_act(conv(f3, 8 * w, 3, "d4_conv", strides=2), "d4")
    for i in (1, 2):
        f4 = residual(f4, 8 * w, f"d4_res{i}")
    f4 = norm_act(f4, "d4_out")  # 8 x 8 x 192
    # From the pixels, because normalisation takes away how much grain there is.
    energy = BandEnergies(name="energy", dtype="float32")(x)
    pooled = [layers.GlobalAveragePooling2D(name=f"pool{i}")(f) for i, f in enumerate((f2, f3, f4))]
    code = layers.Concatenate(name="code_in")([energy, *pooled])
    code = layers.Dense(5 * w, name="code_dense")(code)
    code = layers.LeakyReLU(negative_slope=0.2, name="code")(code)  # 120
    named = layers.Dense(families, activation="sigmoid", dtype="float32", name="strengths")(code)
    # Grain and light are known to the code alone: it shifts the verdict of all patches.
    verdict = layers.Conv2D(1, 1, name="patch_verdict")(f4)  # 8 x 8 x 1
    whole = layers.Reshape((1, 1, 1), name="whole_verdict")(layers.Dense(1, name="whole")(code))
    # In this order: on TensorFlow, Keras takes a second summand (N, 1, 1, 1) for a bias of channels if N is one of the sides.
    logits = layers.Add(name="logits", dtype="float32")([whole, verdict])
    # Aligned faces: where a feature lies matters, so each channel weighs its places (Chen et al. 2018, MobileFaceNets).
    placed = layers.Flatten(name="placed")(layers.DepthwiseConv2D(size // 16, name="place")(f4))
    embedding = layers.Dense(EMBEDDING, name="embedding_dense")(placed)
    embedding = UnitLength(name="embedding", dtype="float32")(embedding)
    hidden = layers.Flatten(name="where")(conv(f4, w, 1, "where_conv"))
    hidden = layers.Concatenate(name="similarity_in")([hidden, code])
    hidden = layers.Dense(4 * w, name="similarity_dense")(hidden)
    hidden = layers.LeakyReLU(negative_slope=0.2, name="similarity_act")(hidden)
    similarity = layers.Dense(1, dtype="float32", name="similarity")(hidden)
    levels = [
        layers.Activation("linear", dtype="float32", name=f"level{i}")(f)
        for i, f in enumerate((f2, f3, f4))
    ]
    return keras.Model(image, [logits, *levels, named, similarity, embedding], name="discriminator")
