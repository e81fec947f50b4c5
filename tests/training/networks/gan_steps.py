"""A few steps of both parts of a training on the Keras backend of the environment; prints losses and sums of weights.

KERAS_BACKEND=torch python tests/training/networks/gan_steps.py [precision]
"""

import json
import sys

import keras
import numpy as np
from skimage.data import astronaut

from faceqgen_core.degradation import FAMILIES
from faceqgen_core.networks import build_discriminator, build_generator
from faceqgen_core.training.data.pairs import Batch
from faceqgen_core.training.networks.components import principal_components
from faceqgen_core.training.networks.critic import build_critic
from faceqgen_core.training.networks.gan import RestorationGAN
from faceqgen_core.training.networks.gradient import precision
from faceqgen_core.training.networks.grading import GradedBatch, Grader

SIZE, PAIRS, STEPS, CODE = 64, 4, 6, 6


def pictures():
    """Parts of a face, a few pixels apart, uint8."""
    picture = astronaut()[20:180, 150:300]
    corners = np.random.default_rng(3).integers(0, 160 - SIZE - 10, (12, 2))
    return [picture[y : y + SIZE, x : x + SIZE] for y, x in corners]


def batches():
    """The pictures, noisy, to be made clean; and the same as graded originals."""
    rng = np.random.default_rng(0)
    clean = np.stack(pictures()).astype(np.float32) / 255
    while True:
        target = clean[rng.integers(0, len(clean), PAIRS)]
        harm = rng.uniform(0, 1, PAIRS).astype(np.float32)
        grain = rng.normal(0, 0.2, target.shape) * harm[:, None, None, None]
        strengths = np.zeros((PAIRS, len(FAMILIES)), np.float32)
        strengths[:, 0] = harm
        image = np.clip(target + grain, 0, 1).astype(np.float32)
        cross = np.array([0, 1] * (PAIRS // 2), np.float32)
        identity = rng.normal(size=(PAIRS, 256)).astype(np.float32)
        identity /= np.linalg.norm(identity, axis=1, keepdims=True)
        weight = np.ones(PAIRS, np.float32)
        yield (
            Batch(image, target, cross, 1 - cross, cross),
            GradedBatch(image, 0.75 * (1 - harm), strengths, identity, weight),
        )


def same_start(network):
    """Weights from numpy: the backends draw differently."""
    rng = np.random.default_rng(1)
    for variable in network.trainable_variables:
        if variable.name == "kernel":
            fan_in = np.prod(variable.shape[:-1])
            variable.assign(rng.normal(0, 1.4 / np.sqrt(fan_in), variable.shape))


def main(name="float32"):
    """Train and print."""
    with precision(name):
        judge = build_discriminator(size=SIZE, width=8)
        generator = build_generator(size=SIZE, width=16, code=CODE)
        critic = build_critic(size=SIZE, width=8)
    for network in (generator, judge, critic):
        same_start(network)
    # Twenty-four steps of the discriminator learn something in any precision. The generator's are slow in halves of a float,
    # and to compile: few, and all with the critic.
    graded_steps, steps, plain = (STEPS, STEPS, STEPS // 2) if name == "float32" else (24, 2, 0)
    grader = Grader(judge, steps=30)
    gan = RestorationGAN(
        generator,
        critic,
        judge,
        components=principal_components(pictures(), CODE),
        region=np.ones((SIZE, SIZE), np.float32),
        steps=30,
    )
    source, graded, losses = batches(), [], []
    for _ in range(graded_steps):
        _, originals = next(source)
        graded.append(grader.step(originals))
    for i in range(steps):
        pairs, _ = next(source)
        losses.append(gan.step(pairs, adversarial=0.0 if i < plain else 1.0))
    networks = (generator, judge, critic)
    sums = [float(np.sum(np.abs(v))) for n in networks for v in n.get_weights()]
    trained = [v for n in networks for v in n.trainable_variables]
    print(
        json.dumps(
            {
                "backend": keras.backend.backend(),
                "graded": graded,
                "losses": losses,
                "sums": sums,
                "weights": sorted({str(v.dtype) for v in trained}),
                "computed": [
                    n.get_layer(layer).compute_dtype
                    for n, layer in ((generator, "enc1_conv"), (judge, "d1_conv"))
                ],
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
