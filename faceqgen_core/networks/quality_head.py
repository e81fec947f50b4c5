"""The quality head: predicts comparison scores from what the two other networks already computed."""

from __future__ import annotations

import keras
from keras import layers


def build_quality_head(
    *, size: int = 128, width: int = 32, patch_width: int = 32, units: int = 96
) -> keras.Model:
    """Build the quality head.

    Inputs: the generator's bottleneck (N, ``size``/16, ``size``/16, 8 ``width``), the discriminator's third level
    (N, ``size``/8, ``size``/8, 4 ``patch_width``) and the native measures (N, 3) in the order ssim, mse, discriminator.
    Output: (N, 1), the predicted mated similarity score, cosine, unbounded; higher is better.
    """
    g = keras.Input((size // 16, size // 16, 8 * width), name="bottleneck")
    d = keras.Input((size // 8, size // 8, 4 * patch_width), name="patches")
    m = keras.Input((3,), name="measures")

    def block(x: keras.KerasTensor, name: str, strides: int) -> keras.KerasTensor:
        x = layers.Conv2D(units, 3, strides=strides, padding="same", use_bias=False, name=name)(x)
        x = layers.GroupNormalization(groups=8, name=f"{name}_norm")(x)
        return layers.LeakyReLU(negative_slope=0.2, name=f"{name}_act")(x)

    x = layers.Concatenate(name="join")([g, block(d, "reduce", 2)])  # 8 x 8
    x = block(x, "conv1", 1)
    x = block(x, "conv2", 2)  # 4 x 4
    x = layers.Flatten(name="flatten")(x)  # aligned faces: where a feature lies matters
    x = layers.Concatenate(name="with_measures")([x, m])
    x = layers.Dense(64, name="dense")(x)
    x = layers.LeakyReLU(negative_slope=0.2, name="dense_act")(x)
    score = layers.Dense(1, name="similarity")(x)
    return keras.Model([g, d, m], score, name="quality_head")
