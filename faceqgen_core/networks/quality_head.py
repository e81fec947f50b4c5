"""The quality head: predicts comparison scores from what the two other networks already computed."""

from __future__ import annotations

import keras
from keras import layers


def build_quality_head(
    *,
    size: int = 128,
    width: int = 32,
    patch_width: int = 32,
    families: int = 18,
    units: int = 96,
) -> keras.Model:
    """Build the quality head.

    Inputs: the crop (N, ``size``, ``size``, 3) in [0, 1]; the generator's bottleneck (N, ``size``/16, ``size``/16,
    8 ``width``); the discriminator's third level (N, ``size``/8, ``size``/8, 4 ``patch_width``); the strengths of
    degradations that the generator names (N, ``families``); and the native measures (N, 3) in the order ssim, mse,
    discriminator. Output: (N, 1), the predicted mated similarity score, cosine, unbounded; higher is better.
    """
    image = keras.Input((size, size, 3), name="image")
    g = keras.Input((size // 16, size // 16, 8 * width), name="bottleneck")
    d = keras.Input((size // 8, size // 8, 4 * patch_width), name="patches")
    named = keras.Input((families,), name="strengths")
    m = keras.Input((3,), name="measures")

    def block(x: keras.KerasTensor, name: str, strides: int, filters: int) -> keras.KerasTensor:
        x = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False, name=name)(x)
        x = layers.GroupNormalization(groups=8, name=f"{name}_norm")(x)
        return layers.LeakyReLU(negative_slope=0.2, name=f"{name}_act")(x)

    # The other networks were not asked about pose, expression or age: a small branch of its own looks at the face.
    x = layers.Rescaling(2.0, -1.0, name="to_signed")(image)
    x = block(x, "own1", 2, units // 4)  # 64 x 64
    x = block(x, "own2", 2, units // 2)  # 32 x 32
    x = block(x, "own3", 2, units)  # 16 x 16
    x = block(x, "own4", 2, units)  # 8 x 8
    x = layers.Concatenate(name="join")([x, g, block(d, "reduce", 2, units)])
    x = block(x, "conv1", 1, units)
    x = block(x, "conv2", 2, units)  # 4 x 4
    x = layers.Flatten(name="flatten")(x)  # aligned faces: where a feature lies matters
    x = layers.Concatenate(name="with_measures")([x, named, m])
    x = layers.Dense(64, name="dense")(x)
    x = layers.LeakyReLU(negative_slope=0.2, name="dense_act")(x)
    score = layers.Dense(1, name="similarity")(x)
    return keras.Model([image, g, d, named, m], score, name="quality_head")
