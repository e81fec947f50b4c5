"""The quality head: predicts comparison scores from what the two other networks already computed."""

from __future__ import annotations

import keras
from keras import layers

from faceqgen_core.networks.basis import SIDE
from faceqgen_core.networks.blocks import conv, norm_act


def build_quality_head(
    *,
    size: int = 128,
    width: int = 32,
    patch_width: int = 24,
    families: int = 18,
    code: int = 320,
    units: int = 96,
) -> keras.Model:
    """Build the quality head.

    Inputs, in this order: the generator's bottleneck (N, 4, 4, 8 ``width``), its code (N, ``code``) and its
    trust in the input (N, ``size``, ``size``, 1); the discriminator's last level (N, ``size``/16, ``size``/16,
    8 ``patch_width``), the strengths of the degradations that it names (N, ``families``) and the similarity that it predicts
    (N, 1); and the native measures (N, 3) in the order ssim, mse, discriminator. Output: (N, 1), the predicted mated
    similarity score, cosine, unbounded; higher is better. It sets out from the discriminator's prediction and learns what is
    wrong with it.
    """
    side = size // 16
    g = keras.Input((SIDE // 16, SIDE // 16, 8 * width), name="bottleneck")
    c = keras.Input((code,), name="code")
    t = keras.Input((size, size, 1), name="trust")
    d = keras.Input((side, side, 8 * patch_width), name="patches")
    judged = keras.Input((families,), name="judged_strengths")
    first = keras.Input((1,), name="judged_similarity")
    m = keras.Input((3,), name="measures")
    trust = layers.AveragePooling2D(size // side, name="trust_pool")(t)  # 8 x 8
    coarse = conv(g, units // 2, 1, "reduce_bottleneck")
    coarse = layers.UpSampling2D(size // SIDE, name="bottleneck_large")(coarse)
    x = layers.Concatenate(name="join")([coarse, conv(d, units, 1, "reduce_patches")])
    x = conv(norm_act(x, "join"), units, 3, "conv1")
    # Beside the features, not among them: the norm per group would take its level away.
    x = layers.Add(name="with_trust")([x, conv(trust, units, 3, "trust_conv")])
    x = norm_act(x, "conv1")
    x = norm_act(conv(x, units, 3, "conv2", strides=2), "conv2")  # 4 x 4
    x = layers.Flatten(name="flatten")(x)  # aligned faces: where a feature lies matters
    drawn = layers.Dense(24, name="code_dense")(layers.Dropout(0.3, name="code_dropout")(c))
    x = layers.Concatenate(name="with_numbers")(
        [x, layers.Flatten(name="trust_flat")(trust), drawn, judged, first, m]
    )
    x = layers.Dropout(0.3, name="dropout")(x)  # in training alone
    x = layers.Dense(64, name="dense")(x)
    x = layers.LeakyReLU(negative_slope=0.2, name="dense_act")(x)
    change = layers.Dense(1, kernel_initializer="zeros", name="change")(x)
    score = layers.Add(name="similarity")([first, change])
    return keras.Model([g, c, t, d, judged, first, m], score, name="quality_head")
