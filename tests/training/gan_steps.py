"""A few steps of the GAN on the Keras backend of the environment; prints the losses and sums of the weights as JSON.

KERAS_BACKEND=torch python tests/training/gan_steps.py [precision]
"""

import json
import sys

import keras
import numpy as np
from skimage.data import astronaut

from faceqgen_core.networks import build_discriminator, build_generator
from faceqgen_core.training.degradation import FAMILIES
from faceqgen_core.training.gan import RestorationGAN
from faceqgen_core.training.gradient import precision
from faceqgen_core.training.pairs import Batch

SIZE, PAIRS, STEPS = 32, 4, 6


def batches():
    """Parts of a face, noisy, to be made clean."""
    rng = np.random.default_rng(0)
    picture = astronaut()[60:220, 140:300].astype(np.float32) / 255
    while True:
        corners = rng.integers(0, 160 - SIZE, (PAIRS, 2))
        target = np.stack([picture[y : y + SIZE, x : x + SIZE] for y, x in corners])
        harm = rng.uniform(0, 1, PAIRS).astype(np.float32)
        grain = rng.normal(0, 0.2, target.shape) * harm[:, None, None, None]
        strengths = np.zeros((PAIRS, len(FAMILIES)), np.float32)
        strengths[:, 0] = harm
        image = np.clip(target + grain, 0, 1).astype(np.float32)
        yield Batch(image, target, harm, np.ones(PAIRS, np.float32), strengths)


def same_start(network):
    """Weights from numpy: the backends draw differently."""
    rng = np.random.default_rng(1)
    for variable in network.trainable_variables:
        if variable.name == "kernel":
            fan_in = np.prod(variable.shape[:-1])
            variable.assign(rng.normal(0, 1.4 / np.sqrt(fan_in), variable.shape))
    for variable in network.non_trainable_variables:
        if variable.name == "vector_u":
            variable.assign(rng.normal(0, 1, variable.shape))


def main(name="float32"):
    """Train and print."""
    with precision(name):
        gan = RestorationGAN(
            build_generator(size=SIZE, width=16), build_discriminator(size=SIZE, width=8), steps=30
        )
    for network in (gan.generator, gan.discriminator):
        same_start(network)
    steps = 24 if name != "float32" else STEPS
    source = batches()
    losses = [
        gan.step(next(source), adversarial=0.0 if i < steps // 3 else 1.0) for i in range(steps)
    ]
    sums = [
        float(np.sum(np.abs(v)))
        for n in (gan.generator, gan.discriminator)
        for v in n.get_weights()
    ]
    kinds = sorted({str(v.dtype) for v in gan.generator.weights})
    computed = gan.generator.get_layer("enc1_conv").compute_dtype
    print(
        json.dumps(
            {
                "backend": keras.backend.backend(),
                "losses": losses,
                "sums": sums,
                "weights": kinds,
                "computed": computed,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
