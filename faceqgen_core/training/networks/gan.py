"""The GAN's losses and its training step; losses in ``keras.ops``, so that any Keras backend can train.

Generator: Charbonnier + SSIM + naming of the degradations + feature matching in the discriminator (Wang et al. 2018,
pix2pixHD) + a small adversarial term. How well a face will be known again, as the discriminator predicts it, decides what
the generator shall do with it: leave a good face alone, restore a poor one, and replace what is lost altogether by what
faces have in common. Discriminator: graded originals, see ``grading``, against restored faces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from faceqgen_core.measures.ssim import ssim_map
from faceqgen_core.training.data.pairs import Batch
from faceqgen_core.training.networks.gradient import gradient_step, in_float32, loss_scaled
from faceqgen_core.training.networks.grading import (
    GOOD,
    POOR,
    SURE,
    GradedBatch,
    GradeWeights,
    grading_loss,
    logistic,
)

_ROUND = 0.03
"""Half width of the round bottom of the Charbonnier loss, in units of the image range."""


@dataclass(frozen=True)
class LossWeights:
    """Weights of the losses; the adversarial ones start after ``warm_up`` of the steps.

    ``fakes`` weighs restored faces in the discriminator's loss. ``lost`` is the worth (0..1, see ``worth``) under which
    the target turns from the clean face towards the canonical one, ``canonical`` how far it gets at worth 0. ``gain`` and
    ``floor`` lay the share of the correction that is applied: ``gain * (1 - worth)``, at least ``floor``, at most 1.
    """

    pixel: float = 1.0
    ssim: float = 0.1
    naming: float = 0.1
    share: float = 0.2
    features: float = 0.04
    identity: float = 0.1
    adversarial: float = 0.01
    fakes: float = 0.5
    warm_up: float = 0.55
    lost: float = 0.4
    canonical: float = 0.85
    gain: float = 1.7
    floor: float = 0.1


def light_matched(canonical: Any, target: Any) -> Any:
    """Give the canonical face (1, S, S, 3) the mean and the contrast of each target's channels -> (N, S, S, 3)."""
    axes = (1, 2)
    canonical = ops.convert_to_tensor(canonical)  # torch adds no arrays to tensors
    mean, spread = ops.mean(target, axes, keepdims=True), ops.std(target, axes, keepdims=True)
    centred = canonical - ops.mean(canonical, axes, keepdims=True)
    return ops.clip(
        centred / (ops.std(canonical, axes, keepdims=True) + 1e-3) * spread + mean, 0.0, 1.0
    )


class RestorationGAN:
    """Generator, discriminator, their optimisers and the moving average that is kept in the end.

    Args:
        generator: see ``build_generator``; ``discriminator``: see ``build_discriminator``.
        canonical: (S, S, 3) float32 in [0, 1], what good faces have in common: their mean.
        weights: loss weights.
        grades: loss weights of graded originals.
        learning_rate: of the generator's Adam optimiser at the start; falls to a tenth along a cosine.
        discriminator_rate: of the discriminator's, constant.
        steps: length of the cosine.
        average: decay of the generator's moving average per step.
    """

    NAMES = ("pixel", "1-ssim", "naming", "share", "features", "identity", "adversarial")
    JUDGE_NAMES = ("d_original", "d_similarity", "d_naming", "d_identity", "d_restored")

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        canonical: NDArray[np.float32],
        weights: LossWeights | None = None,
        grades: GradeWeights | None = None,
        learning_rate: float = 1e-3,
        discriminator_rate: float = 3e-4,
        steps: int = 3000,
        average: float = 0.995,
    ) -> None:
        self.generator = generator
        self.discriminator = discriminator
        self.weights = weights or LossWeights()
        self._grades = grades or GradeWeights()
        self._canonical = np.asarray(canonical, np.float32)[None]
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
            loss_scaled(
                keras.optimizers.Adam(rate, beta_1=beta, beta_2=0.99, global_clipnorm=1.0), network
            )
            for rate, beta, network in (
                (fall, 0.9, generator),
                (discriminator_rate, 0.5, discriminator),
            )
        ]
        for optimizer, network in zip(self.optimizers, (generator, discriminator), strict=True):
            optimizer.build(network.trainable_variables)
        self.averaged = [np.array(v) for v in generator.get_weights()]
        self._patch_step = gradient_step(self._patch_loss, generator, self.optimizers[0])
        self._steps = {
            adversarial: gradient_step(
                self._adversarial_loss if adversarial else self._gated_loss,
                generator,
                self.optimizers[0],
                reads=[discriminator],
            )
            for adversarial in (False, True)
        }
        self._discriminator_step = gradient_step(
            self._discriminator_loss, discriminator, self.optimizers[1]
        )

    def worth(self, image: Any) -> Any:
        """How well faces will be known again, as the discriminator predicts it: (N, S, S, 3) -> (N,) in [0, 1]."""
        similarity = in_float32(self.discriminator(image, training=False))[5][:, 0]
        return ops.stop_gradient(ops.clip((similarity - POOR) / (GOOD - POOR), 0.0, 1.0))

    def aim(self, image: Any, target: Any, cross: Any, worth: Any) -> Any:
        """What the full correction shall arrive at.

        A good face of another moment stays itself, a poor one becomes the subject's best image; of a face that is lost
        altogether, however it was lost, nothing better can be said than what faces have in common.
        """
        w = self.weights
        worth = ops.reshape(worth, (-1, 1, 1, 1))
        target = target + ops.reshape(cross, (-1, 1, 1, 1)) * worth * (image - target)
        lost = w.canonical * ops.clip((w.lost - worth) / w.lost, 0.0, 1.0)
        return target + lost * (light_matched(self._canonical, target) - target)

    def _restoration_loss(self, image: Any, target: Any, strengths: Any) -> tuple[Any, Any, Any]:
        """Loss, the generator's outputs, and the parts (3,) of the loss."""
        outputs = in_float32(self.generator(image, training=True))
        _, _, named, full, _ = outputs
        error = full - target
        # Charbonnier: quadratic near zero. Under plain L1 most pixels of a mixed batch want no change, and that
        # median holds the network at the identity.
        each = ops.mean(ops.sqrt(ops.square(error) + _ROUND**2) - _ROUND, axis=(1, 2, 3))
        # What cannot be restored (a covered face, another pose) has errors that drown the ones that can.
        weight = 1 / (1 + ops.mean(ops.abs(image - target), axis=(1, 2, 3)) / 0.06)
        pixel = ops.mean(each * weight)
        naming = ops.mean(ops.sum(ops.square(named - strengths), axis=-1))
        structure = 1 - ops.mean(ssim_map(full, target))
        w = self.weights
        loss = w.pixel * pixel + w.ssim * structure + w.naming * naming
        return loss, outputs, ops.stack([pixel, structure, naming])

    def _patch_loss(self, image: Any, target: Any, strengths: Any) -> tuple[Any, Any]:
        loss, outputs, parts = self._restoration_loss(image, target, strengths)
        # A gradient of zero for the share, which has no part here: Keras warns of variables without any.
        return loss + 0.0 * ops.mean(outputs[4]), parts

    def _gated(
        self, image: Any, target: Any, cross: Any, strengths: Any
    ) -> tuple[Any, Any, Any, Any, Any]:
        worth = self.worth(image)
        aim = self.aim(image, target, cross, worth)
        loss, outputs, parts = self._restoration_loss(image, aim, strengths)
        w = self.weights
        due = ops.clip(w.gain * (1 - worth), w.floor, 1.0)
        share = ops.mean(ops.square(outputs[4][:, 0] - due))
        parts = ops.concatenate([parts, ops.stack([share])])
        return loss + w.share * share, outputs[3], aim, worth, parts

    def _gated_loss(self, image: Any, target: Any, cross: Any, strengths: Any) -> tuple[Any, Any]:
        loss, full, _, worth, parts = self._gated(image, target, cross, strengths)
        return loss, (full, worth, parts)

    def _adversarial_loss(
        self, image: Any, target: Any, cross: Any, strengths: Any, adversarial: Any
    ) -> tuple[Any, Any]:
        loss, full, aim, worth, parts = self._gated(image, target, cross, strengths)
        both = self.discriminator(ops.concatenate([full, aim]), training=False)
        logits, *others = in_float32(both)
        matching = 0.0
        for level in others[:3]:
            mine, theirs = ops.split(level, 2)
            theirs = ops.stop_gradient(theirs)
            matching = matching + ops.mean(ops.abs(mine - theirs)) / (
                ops.mean(ops.abs(theirs)) + 1e-6
            )
        mine, theirs = ops.split(others[5], 2)
        # A different person is no restoration: compare who it is, by the embedding that was distilled from a recogniser.
        who = ops.mean(1 - ops.sum(mine * ops.stop_gradient(theirs), axis=-1))
        fooled = ops.mean(ops.softplus(-ops.split(logits, 2)[0]), axis=(1, 2, 3))
        # A good input has nothing to be fooled about: its restoration is a good original.
        realism = ops.mean(fooled * (1 - worth))
        w = self.weights
        loss = loss + adversarial * (
            w.features * matching / 3 + w.identity * who + w.adversarial * realism
        )
        parts = ops.concatenate([parts, ops.stack([matching, who, realism])])
        return loss, (full, worth, parts)

    def _discriminator_loss(
        self,
        image: Any,
        similarity: Any,
        strengths: Any,
        identity: Any,
        weight: Any,
        restored: Any,
        worth: Any,
    ) -> tuple[Any, Any]:
        count = ops.shape(image)[0]  # a compiled step may know no fixed number
        judged = in_float32(self.discriminator(ops.concatenate([image, restored]), training=True))
        loss, parts = grading_loss(
            [output[:count] for output in judged],
            similarity,
            strengths,
            identity,
            weight,
            self._grades,
        )
        fake = logistic(judged[0][count:], ops.zeros_like(worth) + (1 - SURE))
        on_fake = ops.sum(fake * (1 - worth)) / (ops.sum(1 - worth) + 1e-6)
        return loss + self.weights.fakes * on_fake, ops.concatenate([parts, ops.stack([on_fake])])

    def patch_step(self, batch: Batch) -> dict[str, float]:
        """Train the generator alone on patches of pairs, of which the discriminator can say nothing."""
        parts = self._patch_step(batch.image, batch.target, batch.strengths)
        self._follow()
        return dict(zip(self.NAMES, ops.convert_to_numpy(parts).tolist(), strict=False))

    def step(
        self, batch: Batch, originals: GradedBatch | None, *, adversarial: float
    ) -> dict[str, float]:
        """Train the generator on pairs and, where originals are given, the discriminator.

        Args:
            batch: pairs of whole faces.
            originals: graded originals for the discriminator; None leaves it as it is.
            adversarial: in [0, 1], scales the discriminator's part in the generator's loss.
        """
        pairs = (batch.image, batch.target, batch.cross, batch.strengths)
        if adversarial > 0:
            result = self._steps[True](*pairs, np.float32(adversarial))
        else:  # the discriminator has no say yet: spare its passes
            result = self._steps[False](*pairs)
        restored, worth, parts = result
        numbers = dict(zip(self.NAMES, ops.convert_to_numpy(parts).tolist(), strict=False))
        if originals is not None:
            judged = self._discriminator_step(*originals.tensors(), restored, worth)
            values = ops.convert_to_numpy(judged).tolist()
            numbers |= dict(zip(self.JUDGE_NAMES, values, strict=True))
        self._follow()
        return numbers

    def _follow(self) -> None:
        """Move the average a little towards the generator."""
        decay = self.average
        for mean, value in zip(self.averaged, self.generator.get_weights(), strict=True):
            mean *= decay
            mean += (1 - decay) * value

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
