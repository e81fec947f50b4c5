"""The critic: what teaches the generator sharpness, and is thrown away when it has learned.

Apart from the discriminator that grades originals: one that must tell restored faces from good ones all the time forgets what
makes an original good.
"""

from __future__ import annotations

import keras
from keras import layers


def build_critic(*, size: int = 128, width: int = 32) -> keras.Model:
    """Build the critic: a patch network with spectral normalisation (Miyato et al. 2018).

    Input: (N, ``size``, ``size``, 3) RGB in [0, 1]. Outputs: logits of patches (N, ``size``/8, ``size``/8, 1), higher for
    what looks like a good picture, and the features of three levels.
    """
    image = keras.Input((size, size, 3), name="image")
    x = layers.Rescaling(2.0, -1.0, name="to_signed")(image)
    levels = []
    for i, filters in enumerate((width, 2 * width, 4 * width), 1):
        x = layers.SpectralNormalization(
            layers.Conv2D(filters, 4, strides=2, padding="same"), name=f"c{i}_conv"
        )(x)
        x = layers.LeakyReLU(negative_slope=0.2, name=f"c{i}")(x)
        levels.append(x)
    x = layers.SpectralNormalization(layers.Conv2D(4 * width, 3, padding="same"), name="c4_conv")(x)
    x = layers.LeakyReLU(negative_slope=0.2, name="c4")(x)
    logits = layers.Conv2D(1, 3, padding="same", name="logits")(x)
    return keras.Model(image, [logits, *levels], name="critic")
