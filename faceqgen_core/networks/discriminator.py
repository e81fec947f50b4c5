"""The discriminator: an unconditional patch network that tells good faces from restored and from poor ones.

Every patch gets one logit (Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", 2017);
the measure is the mean of the patch probabilities.
"""

from __future__ import annotations

import keras
from keras import layers


def build_discriminator(
    *, size: int = 128, width: int = 32, spectral_norm: bool = True
) -> keras.Model:
    """Build the discriminator.

    Input: (N, ``size``, ``size``, 3) RGB in [0, 1]. Outputs, in this order: patch logits (N, ``size``/8, ``size``/8, 1),
    higher is better, and the features of the three levels (``size``/2, /4, /8; 1, 2, 4 times ``width`` channels),
    which the feature-matching loss and the quality head read.

    Spectral normalisation (Miyato et al. 2018) updates its estimate in training mode only; inference is deterministic.

    Raises:
        ValueError: ``size`` is not a positive multiple of 8 or ``width`` is not positive.
    """
    if size <= 0 or size % 8:
        raise ValueError(f"size must be a positive multiple of 8, got {size}")
    if width <= 0:
        raise ValueError(f"width must be positive, got {width}")

    def conv(
        x: keras.KerasTensor, filters: int, kernel: int, strides: int, name: str
    ) -> keras.KerasTensor:
        layer: layers.Layer = layers.Conv2D(
            filters,
            kernel,
            strides=strides,
            padding="same",
            kernel_initializer="he_normal",
            name=name,
        )
        if spectral_norm:
            layer = layers.SpectralNormalization(layer, name=f"{name}_sn")
        return layer(x)

    def act(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
        return layers.LeakyReLU(negative_slope=0.2, name=name)(x)

    image = keras.Input((size, size, 3), name="image")
    x = layers.Rescaling(2.0, -1.0, name="to_signed")(image)
    f1 = act(conv(x, width, 4, 2, "conv1"), "act1")  # 64 x 64 x 32
    f2 = act(conv(f1, 2 * width, 4, 2, "conv2"), "act2")  # 32 x 32 x 64
    f3 = act(conv(f2, 4 * width, 4, 2, "conv3"), "act3")  # 16 x 16 x 128
    x = act(conv(f3, 8 * width, 3, 1, "conv4"), "act4")  # 16 x 16 x 256
    logits = conv(x, 1, 3, 1, "logits")  # 16 x 16 x 1
    return keras.Model(image, [logits, f1, f2, f3], name="discriminator")
