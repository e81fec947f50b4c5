"""The GAN's losses and its training step; losses in ``keras.ops``, so that any Keras backend can train.

Generator: Charbonnier and SSIM of the restored and of the drawn face against the target, the target's own components for the
code (which makes the drawn face converge), fine detail, identity by the graded discriminator's embedding, and from a part of the
run on an adversarial term with feature matching (Wang et al. 2018, pix2pixHD). How much a face shall change follows from how
well it will be known again, as the graded discriminator predicts it. The critic sees restored and drawn faces against targets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from faceqgen_core.measures.ssim import WINDOW, ssim_map
from faceqgen_core.networks.basis import SIDE
from faceqgen_core.training.data.pairs import Batch
from faceqgen_core.training.networks.components import Components
from faceqgen_core.training.networks.gradient import gradient_step, in_float32, loss_scaled
from faceqgen_core.training.networks.grading import GOOD, POOR

_ROUND = 0.02
"""Half width of the round bottom of the Charbonnier loss, in units of the image range."""
_ALTERED = 0.15
"""From this mean absolute difference of input and target on a pixel counts as altered in full."""
_EVEN = 0.02
"""Greatest difference to the corner of a target, in units of the image range, of what is its even background."""
_NEAR_BLACK = 0.02
"""Added to a mean luminance, in units of the image range: the logarithm of a black face has an end."""
_MORE_HEED = 2.0
"""How much more the change that utility asks for counts where nothing else says what is to change: of an untouched
photograph whose target is another photograph."""
_LEFT = 0.9
"""Share of identity's and the critic's say that a turned head is spared: the face is most alike, and sharpest, where it
stays as it is."""


@dataclass(frozen=True)
class LossWeights:
    """Weights of the losses.

    ``cross`` is how much less the pixels of another image of the subject count; ``face`` how much more the face counts than
    its surroundings. ``altered`` is how much more those pixels count at which input and target differ: covers, hard light, what
    stands behind the head; ``even`` how much more those count that are the target's even background. ``light`` weighs by
    what factor (its logarithm) the mean luminance of the face misses that of the target. ``change`` weighs how far SSIM and
    error of input and restoration, over the face, are from what the utility of the face asks for: SSIM
    ``least + (most - least) * utility``, and twice the root of the mean squared error
    ``near + (far - near) * (1 - utility)``. A face that will not be known again is to change much. One may always change as
    much as its target asks for: a dark face is lit, however well it is known. But an untouched photograph may not where the
    target is another photograph: every natural face would change, and SSIM would tell nothing.

    ``symmetry`` weighs how far the drawn face is from its mirror image; it is off, for the shipped weights were made
    without it (docs/experiments.md).

    A head that is turned is to come to the front: there the pixels of another photograph count as those of the same do, and
    identity and critic, which ask to leave it, hardly. In an untouched photograph pixels and identity heed the turn the less
    the better it is known.
    """

    restored: float = 1.0
    drawn: float = 0.6
    ssim: float = 0.25
    detail: float = 1.0
    code: float = 0.2
    identity: float = 0.3
    change: float = 1.6
    adversarial: float = 0.06
    features: float = 0.5
    cross: float = 0.4
    face: float = 2.0
    altered: float = 2.0
    even: float = 1.5
    light: float = 1.2
    symmetry: float = 0.0
    least: float = 0.3
    most: float = 0.97
    near: float = 0.02
    far: float = 0.18


def charbonnier(error: Any) -> Any:
    """Quadratic near zero, linear beyond."""
    return ops.sqrt(ops.square(error) + _ROUND**2) - _ROUND


def _detail(image: Any) -> Any:
    """What a 3 x 3 mean takes away."""
    return image - ops.average_pool(image, 3, 1, padding="same")


def _shrunk(image: Any, side: int) -> Any:
    factor = image.shape[1] // side
    return ops.average_pool(image, factor, factor) if factor > 1 else image


def _enlarged(image: Any, side: int) -> Any:
    if image.shape[1] == side:
        return image
    return ops.image.resize(image, (side, side), data_format="channels_last")


def _beyond(change: Any, asked: Any, due: Any, heed: Any) -> Any:
    """Mean, weighed by ``heed``, of how far changes (N,) are below what is asked for, or above both that and what is due."""
    above = change - ops.maximum(asked, due)
    return ops.mean(heed * (ops.relu(asked - change) + ops.relu(above)))


def _column(values: Any) -> Any:
    return ops.reshape(values, (-1, 1, 1, 1))


class RestorationGAN:
    """Generator, critic, their optimisers and the moving average that is kept in the end.

    Args:
        generator: see ``build_generator``; its side may be that of the discriminator or a half of it.
        critic: see ``build_critic``, of the generator's side.
        discriminator: graded, not changed; of the side of the pairs.
        components: what the generator's decoder draws with.
        region: (S, S) float32 in [0, 1], the face in a crop of the discriminator's side.
        weights: loss weights.
        learning_rate: of the generator's Adam optimiser at its height; falls to a tenth along a cosine.
        critic_rate: of the critic's, constant.
        steps: length of the cosine.
        average: decay of the generator's moving average per step, once there are steps enough.
    """

    NAMES = (
        "restored",
        "drawn",
        "1-ssim",
        "detail",
        "code",
        "identity",
        "change",
        "light",
        "features",
        "adversarial",
    )
    CRITIC_NAMES = ("critic",)

    def __init__(
        self,
        generator: keras.Model,
        critic: keras.Model,
        discriminator: keras.Model,
        *,
        components: Components,
        region: NDArray[np.float32],
        weights: LossWeights | None = None,
        learning_rate: float = 6e-4,
        critic_rate: float = 3e-4,
        steps: int = 3000,
        average: float = 0.997,
    ) -> None:
        self.generator = generator
        self.critic = critic
        self.discriminator = discriminator
        self.weights = weights or LossWeights()
        self.average = average
        generator.get_layer("basis").set_basis(components.mean, components.directions)
        self._mean, self._projection = components.mean[None], components.projection
        spread = components.spread
        self._importance = (spread / max(float(spread.mean()), 1e-6))[None]
        self._side = int(generator.input_shape[0][1])
        face = np.asarray(_shrunk(np.asarray(region, np.float32)[None, ..., None], self._side))
        pixel = 1 + (self.weights.face - 1) * face
        self._pixel = np.asarray(pixel / pixel.mean(), np.float32)
        self._face = np.asarray(face[..., 0] / max(float(face.sum()), 1e-6), np.float32)
        edge = WINDOW // 2
        inside = face[:, edge:-edge, edge:-edge, 0]
        self._inside = np.asarray(inside / max(float(inside.sum()), 1e-6), np.float32)
        fall = keras.optimizers.schedules.CosineDecay(
            0.02 * learning_rate,
            steps,
            alpha=5.0,
            warmup_target=learning_rate,
            # Adam remembers the first, huge gradients for long unless it sets out slowly.
            warmup_steps=min(100, max(1, steps // 10)),
        )
        self.optimizers = [
            loss_scaled(
                keras.optimizers.Adam(rate, beta_1=beta, beta_2=0.99, global_clipnorm=1.0), network
            )
            for rate, beta, network in ((fall, 0.9, generator), (critic_rate, 0.0, critic))
        ]
        for optimizer, network in zip(self.optimizers, (generator, critic), strict=True):
            optimizer.build(network.trainable_variables)
        self.averaged = [np.array(v) for v in generator.get_weights()]
        self._steps = {
            adversarial: gradient_step(
                self._adversarial_loss if adversarial else self._plain_loss,
                generator,
                self.optimizers[0],
                reads=[discriminator, critic],
            )
            for adversarial in (False, True)
        }
        self._critic_step = gradient_step(self._critic_loss, critic, self.optimizers[1])

    def _known(self, image: Any) -> tuple[Any, Any]:
        """Predicted similarity (N, 1) and embedding (N, 256) of faces."""
        outputs = in_float32(self.discriminator(image, training=False))
        return ops.stop_gradient(outputs[5]), ops.stop_gradient(outputs[6])

    def _error(self, image: Any, other: Any) -> Any:
        """Root of the mean squared error over the face, (N,)."""
        squared = ops.mean(ops.square(image - other), axis=-1) * self._face
        return ops.sqrt(ops.sum(squared, axis=(1, 2)) + 1e-6)

    def _luminance(self, image: Any) -> Any:
        """Mean of the colours over the face, (N,), not quite 0 where it is black."""
        return ops.sum(ops.mean(image, axis=-1) * self._face, axis=(1, 2)) + _NEAR_BLACK

    def _restoration_loss(self, image: Any, target: Any, kinds: Any) -> tuple[Any, Any, Any]:
        """Loss, (restored, drawn, target) of the generator's side, and the parts (8,) of the loss."""
        w = self.weights
        cross, turned, untouched = kinds[:, 0], kinds[:, 1], kinds[:, 2]
        similarity, identity = self._known(image)
        mine, aim = _shrunk(image, self._side), _shrunk(target, self._side)
        utility = ops.clip((similarity[:, 0] - POOR) / (GOOD - POOR), 0.0, 1.0)
        turned = turned * (1 - untouched * utility)
        restored, drawn, _, code, _ = in_float32(
            self.generator([mine, similarity, identity], training=True)
        )
        flat = ops.reshape(_shrunk(target, SIDE), (-1, SIDE * SIDE * 3))
        own = ops.matmul(flat - self._mean, self._projection)
        same = 1 - cross
        distance = ops.mean((1 - 0.4 * cross)[:, None] * ops.square(code - own) * self._importance)
        away = ops.average_pool(
            ops.mean(ops.abs(mine - aim), axis=-1, keepdims=True), 3, 1, padding="same"
        )
        altered = 1 + w.altered * _column(ops.maximum(same, turned)) * ops.clip(
            away / _ALTERED, 0.0, 1.0
        )
        off = ops.max(ops.abs(aim - aim[:, :1, :1]), axis=-1, keepdims=True)
        altered = altered * (1 + w.even * ops.cast(off < _EVEN, aim.dtype))
        pixel = self._pixel * altered * _column(1 - w.cross * cross * (1 - turned))
        on_restored = ops.mean(pixel * charbonnier(restored - aim))
        on_drawn = ops.mean(pixel * charbonnier(drawn - aim))
        structure = ops.mean(same[:, None, None] * (1 - ssim_map(restored, aim)))
        fine = _detail(aim)
        detail = ops.mean(
            self._pixel
            * _column(same)
            * (charbonnier(_detail(restored) - fine) + 0.5 * charbonnier(_detail(drawn) - fine))
        )
        # A different person is no restoration: who it is, by the embedding that was distilled from a recogniser.
        who = ops.zeros(())
        if w.identity:
            large = _enlarged(restored, image.shape[1])
            seen = in_float32(self.discriminator(large, training=False))[6]
            _, theirs = self._known(target)
            who = ops.mean((1 - ops.sum(seen * theirs, axis=-1)) * (1 - _LEFT * turned))
        missed = ops.abs(ops.log(self._luminance(restored) / self._luminance(aim)))
        light = ops.mean(same * missed)
        kept, due = (
            ops.sum(ssim_map(mine, x) * self._inside, axis=(1, 2)) for x in (restored, aim)
        )
        asked = 1 - (w.least + (w.most - w.least) * utility)
        as_taken = cross * untouched
        heed, free = 1 + _MORE_HEED * as_taken, 1 - as_taken
        change = _beyond(1 - kept, asked, free * (1 - due), heed)
        moved, due = (self._error(mine, x) for x in (restored, aim))
        asked = w.far - (w.far - w.near) * utility
        change = change + 2 * _beyond(moved, asked, free * due, heed)
        loss = (
            w.restored * on_restored
            + w.drawn * on_drawn
            + w.ssim * structure
            + w.detail * detail
            + w.code * distance
            + w.identity * who
            + w.change * change
            + w.light * light
        )
        if w.symmetry:
            loss = loss + w.symmetry * ops.mean(charbonnier(drawn - drawn[:, :, ::-1]))
        parts = ops.stack([on_restored, on_drawn, structure, detail, distance, who, change, light])
        return loss, (restored, drawn, aim), parts

    def _plain_loss(self, image: Any, target: Any, kinds: Any) -> tuple[Any, Any]:
        loss, pictures, parts = self._restoration_loss(image, target, kinds)
        return loss, (*pictures, parts)

    def _adversarial_loss(
        self, image: Any, target: Any, kinds: Any, adversarial: Any
    ) -> tuple[Any, Any]:
        loss, pictures, parts = self._restoration_loss(image, target, kinds)
        restored, drawn, aim = pictures
        fooled, *_ = in_float32(self.critic(drawn, training=False))
        logits, *mine = in_float32(self.critic(restored, training=False))
        _, *theirs = in_float32(self.critic(aim, training=False))
        matching = ops.zeros(())
        for level, other in zip(mine, theirs, strict=True):
            away = ops.mean(ops.abs(level - ops.stop_gradient(other)), axis=(1, 2, 3))
            matching = matching + ops.mean((1 - kinds[:, 0]) * away)
        heed = _column(1 - _LEFT * kinds[:, 1])
        realism = -0.5 * ops.mean(heed * (logits + fooled))
        w = self.weights
        loss = loss + adversarial * (w.features * matching + w.adversarial * realism)
        parts = ops.concatenate([parts, ops.stack([matching, realism])])
        return loss, (*pictures, parts)

    def _critic_loss(self, restored: Any, drawn: Any, target: Any) -> tuple[Any, Any]:
        """Hinge loss: good pictures above 1, restored and drawn ones below -1."""
        fake = in_float32(self.critic(ops.concatenate([restored, drawn]), training=True))[0]
        good = in_float32(self.critic(target, training=True))[0]
        loss = ops.mean(ops.relu(1 + fake)) + ops.mean(ops.relu(1 - good))
        return loss, ops.stack([loss])

    def step(self, batch: Batch, *, adversarial: float) -> dict[str, float]:
        """Train the generator on pairs and, where ``adversarial`` is above 0, the critic.

        Args:
            batch: pairs of whole faces of the discriminator's side.
            adversarial: in [0, 1], scales the critic's part in the generator's loss.
        """
        kinds = np.stack([batch.cross, batch.turned, batch.untouched], axis=1)
        pairs = (batch.image, batch.target, kinds)
        if adversarial > 0:
            *pictures, parts = self._steps[True](*pairs, np.float32(adversarial))
        else:  # the critic has no say yet: spare its passes
            *pictures, parts = self._steps[False](*pairs)
        numbers = dict(zip(self.NAMES, ops.convert_to_numpy(parts).tolist(), strict=False))
        if adversarial > 0:
            judged = ops.convert_to_numpy(self._critic_step(*pictures)).tolist()
            numbers |= dict(zip(self.CRITIC_NAMES, judged, strict=True))
        self._follow()
        return numbers

    def _follow(self) -> None:
        """Move the average a little towards the generator; further while there is little to average."""
        taken = int(ops.convert_to_numpy(self.optimizers[0].iterations))
        decay = min(self.average, (1 + taken) / (10 + taken))
        for mean, value in zip(self.averaged, self.generator.get_weights(), strict=True):
            if mean.dtype == np.float32:  # the basis is fixed
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
        """Set what ``state`` returned; the side is the same."""
        for name, variables in self._groups().items():
            for i, variable in enumerate(variables):
                variable.assign(arrays[f"{name}/{i}"])
        self.averaged = [np.array(arrays[f"averaged/{i}"]) for i in range(len(self.averaged))]

    def _groups(self) -> dict[str, list[Any]]:
        return {
            "generator": self.generator.weights,
            "critic": self.critic.weights,
            "optimizer_g": self.optimizers[0].variables,
            "optimizer_c": self.optimizers[1].variables,
        }
