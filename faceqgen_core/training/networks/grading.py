"""Grading: the discriminator learns the order of originals from the labelled set, by how well each will be known again.

Order without any quality label: the target probability of an original falls with its mated similarity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from faceqgen_core.training.labels.labelled_set import LabelledSet
from faceqgen_core.training.networks.gradient import gradient_step, in_float32, loss_scaled

POOR, GOOD = 0.05, 0.75
"""Mated similarities at which an original counts as poor altogether and as good altogether."""
SURE = 0.95
"""Target probability of a good original; of a poor one what is left to 1. Short of certainty, lest logits grow."""


@dataclass(frozen=True)
class GradeWeights:
    """Weights of the discriminator's losses on graded originals."""

    verdict: float = 1.0
    similarity: float = 6.0
    naming: float = 0.2
    identity: float = 1.0


@dataclass(frozen=True, eq=False)
class GradedBatch:
    """Originals with their labels.

    Attributes:
        image: (N, S, S, 3) float32 in [0, 1].
        similarity: (N,) float32.
        strengths: (N, F) float32 in [0, 1].
        identity: (N, D) float32 of unit length, zeros where it is not known.
        weight: (N,) float32.
    """

    image: NDArray[np.float32]
    similarity: NDArray[np.float32]
    strengths: NDArray[np.float32]
    identity: NDArray[np.float32]
    weight: NDArray[np.float32]

    def tensors(self) -> tuple[NDArray[np.float32], ...]:
        """The arrays in the order of ``grading_loss``."""
        return self.image, self.similarity, self.strengths, self.identity, self.weight


class GradedSource:
    """Draws batches of originals; batch number ``n`` is the same whenever it is drawn.

    Args:
        labelled: the labelled set.
        rows: rows of it to draw from.
        seed: start of every draw.
    """

    def __init__(self, labelled: LabelledSet, rows: NDArray[np.int64], *, seed: int = 0) -> None:
        self._labelled = labelled
        self._rows = rows
        self._seed = seed

    def batch(self, number: int, size: int) -> GradedBatch:
        """Draw batch ``number`` of ``size`` originals, half of them mirrored."""
        rng = np.random.default_rng([self._seed, number, 1])
        rows = np.sort(rng.choice(self._rows, size, replace=len(self._rows) < size))
        data = self._labelled
        image = data.crops[rows].astype(np.float32) / np.float32(255)
        mirrored = rng.random(size) < 0.5
        image[mirrored] = image[mirrored, :, ::-1]
        faces = data.rows[rows]
        identity = np.where((faces >= 0)[:, None], data.identities[faces], 0)
        return GradedBatch(
            image,
            data.similarity[rows],
            data.degradation_levels[rows],
            identity.astype(np.float32),
            data.weights[rows],
        )


def logistic(logits: Any, probability: Any) -> Any:
    """Binary cross entropy of patch logits (N, h, w, 1) with one target probability per image (N,) -> (N,)."""
    p = ops.reshape(probability, (-1, 1, 1, 1))
    return ops.mean(ops.softplus(logits) - p * logits, axis=(1, 2, 3))


def grading_loss(
    outputs: Any, similarity: Any, strengths: Any, identity: Any, weight: Any, w: GradeWeights
) -> tuple[Any, Any]:
    """Loss of the discriminator's outputs on graded originals: the sum, and its parts (4,) unweighted."""
    logits, _, _, _, named, predicted, embedding = outputs
    share = weight / (ops.mean(weight) + 1e-6)
    grade = ops.clip((similarity - POOR) / (GOOD - POOR), 0.0, 1.0)
    probability = 1 - SURE + (2 * SURE - 1) * grade
    verdict = ops.mean(logistic(logits, probability) * share)
    distance = ops.mean(ops.square(predicted[:, 0] - similarity) * share)
    naming = ops.mean(ops.sum(ops.square(named - strengths), axis=-1))
    known = ops.sum(ops.square(identity), axis=-1)
    who = ops.mean((1 - ops.sum(embedding * identity, axis=-1)) * known)
    loss = w.verdict * verdict + w.similarity * distance + w.naming * naming + w.identity * who
    return loss, ops.stack([verdict, distance, naming, who])


class Grader:
    """Trains a discriminator on graded originals alone.

    Args:
        discriminator: see ``build_discriminator``.
        weights: loss weights.
        learning_rate: of AdamW at its height; falls to a twentieth along a cosine.
        steps: length of the cosine.
    """

    NAMES = ("verdict", "similarity", "naming", "identity")

    def __init__(
        self,
        discriminator: keras.Model,
        *,
        weights: GradeWeights | None = None,
        learning_rate: float = 1.5e-3,
        steps: int = 3000,
    ) -> None:
        self.discriminator = discriminator
        self._weights = weights or GradeWeights()
        rate = keras.optimizers.schedules.CosineDecay(
            0.02 * learning_rate,
            steps,
            alpha=2.5,
            warmup_target=learning_rate,
            warmup_steps=min(200, max(1, steps // 10)),
        )
        self.optimizer = loss_scaled(
            keras.optimizers.AdamW(rate, weight_decay=0.02, beta_2=0.99, global_clipnorm=1.0),
            discriminator,
        )
        self.optimizer.build(discriminator.trainable_variables)
        self._step = gradient_step(self._loss, discriminator, self.optimizer)

    def _loss(
        self, image: Any, similarity: Any, strengths: Any, identity: Any, weight: Any
    ) -> tuple[Any, Any]:
        outputs = in_float32(self.discriminator(image, training=True))
        return grading_loss(outputs, similarity, strengths, identity, weight, self._weights)

    def step(self, batch: GradedBatch) -> dict[str, float]:
        """Train on one batch; returns the parts of the loss by name."""
        parts = ops.convert_to_numpy(self._step(*batch.tensors())).tolist()
        return dict(zip(self.NAMES, parts, strict=True))
