"""The GAN's losses and its training step; losses in ``keras.ops``, so that any Keras backend can train.

Generator: L1 + SSIM + feature matching in the discriminator (Wang et al. 2018, pix2pixHD) + a small adversarial term.
Discriminator: logistic loss; good originals against restored faces and against poor originals, whose target
probability falls with the known strength of what was done to them: order without any quality label.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from faceqgen_core.measures.ssim import ssim_map
from faceqgen_core.training.gradient import gradient_step, in_float32, loss_scaled
from faceqgen_core.training.pairs import Batch

_ROUND = 0.03
"""Half width of the round bottom of the Charbonnier loss, in units of the image range."""


@dataclass(frozen=True)
class LossWeights:
    """Weights of the generator's losses; the adversarial ones start after ``warm_up`` of the steps."""

    pixel: float = 1.0
    ssim: float = 0.1
    naming: float = 0.1
    features: float = 0.04
    adversarial: float = 0.01
    warm_up: float = 0.55


def _logistic(logits: Any, probability: Any) -> Any:
    """Binary cross entropy of patch logits (N, h, w, 1) with one target probability per image (N,) -> (N,)."""
    p = ops.reshape(probability, (-1, 1, 1, 1))
    return ops.mean(ops.softplus(logits) - p * logits, axis=(1, 2, 3))


class RestorationGAN:
    """Generator, discriminator, their optimisers and the moving average that is kept in the end.

    Args:
        generator: see ``build_generator``; ``discriminator``: see ``build_discriminator``.
        weights: loss weights.
        learning_rate: of the generator's Adam optimiser at the start; falls to a tenth along a cosine.
        discriminator_rate: of the discriminator's, constant.
        steps: length of the cosine.
        average: decay of the generator's moving average per step.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        weights: LossWeights | None = None,
        learning_rate: float = 1e-3,
        discriminator_rate: float = 3e-4,
        steps: int = 3000,
        average: float = 0.995,
    ) -> None:
        self.generator = generator
        self.discriminator = discriminator
        self.weights = weights or LossWeights()
        self.average = average
        fall = keras.optimizers.schedules.CosineDecay(
            0.02 * learning_rate,
            steps,
            alpha=2.0,
            warmup_target=learning_rate,
            # Adam remembers the first, huge gradients for long unless it sets out slowly.
            warmup_steps=min(60, max(1, steps // 10)),
        )
        self.optimizers = [
            loss_scaled(keras.optimizers.Adam(rate, beta_1=beta, beta_2=0.99), network)
            for rate, beta, network in (
                (fall, 0.9, generator),
                (discriminator_rate, 0.5, discriminator),
            )
        ]
        for optimizer, network in zip(self.optimizers, (generator, discriminator), strict=True):
            optimizer.build(network.trainable_variables)
        self.averaged = [np.array(v) for v in generator.get_weights()]
        self._generator_step = gradient_step(
            self._generator_loss, generator, self.optimizers[0], reads=[discriminator]
        )
        self._warm_up_step = gradient_step(self._similarity_loss, generator, self.optimizers[0])
        self._discriminator_step = gradient_step(
            self._discriminator_loss, discriminator, self.optimizers[1]
        )

    def _similarity_loss(self, image: Any, target: Any, strengths: Any) -> tuple[Any, Any]:
        restored, _, named = in_float32(self.generator(image, training=True))
        error = restored - target
        # Charbonnier: quadratic near zero. Under plain L1 most pixels of a mixed batch want no change, and that
        # median holds the network at the identity.
        each = ops.mean(ops.sqrt(ops.square(error) + _ROUND**2) - _ROUND, axis=(1, 2, 3))
        # What cannot be restored (a covered face, another pose) has errors that drown the ones that can.
        weight = 1 / (1 + ops.mean(ops.abs(image - target), axis=(1, 2, 3)) / 0.06)
        pixel = ops.mean(each * weight)
        naming = ops.mean(ops.sum(ops.square(named - strengths), axis=-1))
        structure = 1 - ops.mean(ssim_map(restored, target))
        w = self.weights
        loss = w.pixel * pixel + w.ssim * structure + w.naming * naming
        return loss, (restored, ops.stack([pixel, structure, naming]))

    def _generator_loss(
        self, image: Any, target: Any, strengths: Any, harm: Any, adversarial: Any
    ) -> tuple[Any, Any]:
        w = self.weights
        loss, (restored, numbers) = self._similarity_loss(image, target, strengths)
        both = self.discriminator(ops.concatenate([restored, target]), training=False)
        logits, *levels = in_float32(both)
        matching = 0.0
        for level in levels:
            mine, theirs = ops.split(level, 2)
            theirs = ops.stop_gradient(theirs)
            matching = matching + ops.mean(ops.abs(mine - theirs)) / (
                ops.mean(ops.abs(theirs)) + 1e-6
            )
        fooled = ops.softplus(-ops.split(logits, 2)[0])
        # A clean input has nothing to be fooled about: its restoration is a good original.
        realism = ops.mean(ops.mean(fooled, axis=(1, 2, 3)) * harm)
        loss = loss + adversarial * (w.features * matching / len(levels) + w.adversarial * realism)
        return loss, (restored, ops.concatenate([numbers, ops.stack([matching, realism])]))

    def _discriminator_loss(
        self, image: Any, target: Any, restored: Any, harm: Any, good: Any
    ) -> tuple[Any, Any]:
        judged = self.discriminator(ops.concatenate([target, restored, image]), training=True)
        logits, *_ = in_float32(judged)
        real, fake, original = ops.split(logits, 3)
        p_real = 0.05 + 0.9 * good
        on_real = ops.mean(_logistic(real, p_real))
        on_fake = ops.sum(_logistic(fake, 0.05 + 0.0 * harm) * harm) / (ops.sum(harm) + 1e-6)
        on_original = ops.mean(_logistic(original, 0.05 + 0.9 * good * (1 - harm)))
        loss = on_real + 0.5 * on_fake + on_original
        return loss, ops.stack([on_real, on_fake, on_original])

    def step(self, batch: Batch, *, adversarial: float, judge: bool = True) -> dict[str, float]:
        """Train the networks on one batch.

        Args:
            batch: the pairs.
            adversarial: in [0, 1], scales the discriminator's part in the generator's loss.
            judge: also train the discriminator.
        """
        if adversarial > 0:
            restored, numbers = self._generator_step(
                batch.image, batch.target, batch.strengths, batch.harm, np.float32(adversarial)
            )
        else:  # the discriminator has no say yet: spare its passes
            restored, numbers = self._warm_up_step(batch.image, batch.target, batch.strengths)
        verdicts = [float("nan")] * 3
        if judge:
            judged = self._discriminator_step(
                batch.image, batch.target, restored, batch.harm, batch.good
            )
            verdicts = ops.convert_to_numpy(judged).tolist()
        decay = self.average
        for mean, value in zip(self.averaged, self.generator.get_weights(), strict=True):
            mean *= decay
            mean += (1 - decay) * value
        numbers = [*ops.convert_to_numpy(numbers).tolist(), 0.0, 0.0][:5]
        names = (
            "pixel",
            "1-ssim",
            "naming",
            "features",
            "adversarial",
            "d_real",
            "d_restored",
            "d_original",
        )
        return dict(zip(names, [*numbers, *verdicts], strict=True))

    def state(self) -> dict[str, Any]:
        """Everything that a resumed training needs, as arrays by name."""
        arrays: dict[str, Any] = {}
        for name, variables in self._groups().items():
            for i, variable in enumerate(variables):
                arrays[f"{name}/{i}"] = ops.convert_to_numpy(variable)
        arrays.update({f"averaged/{i}": value for i, value in enumerate(self.averaged)})
        return arrays

    def restore_state(self, arrays: Any) -> None:
        """Set what ``state`` returned."""
        for name, variables in self._groups().items():
            for i, variable in enumerate(variables):
                variable.assign(arrays[f"{name}/{i}"])
        self.averaged = [np.array(arrays[f"averaged/{i}"]) for i in range(len(self.averaged))]

    def _groups(self) -> dict[str, list[Any]]:
        return {
            "generator": self.generator.weights,
            "discriminator": self.discriminator.weights,
            "optimizer_g": self.optimizers[0].variables,
            "optimizer_d": self.optimizers[1].variables,
        }
