"""The second part of a training run: the generator learns to restore, against the graded discriminator."""

from __future__ import annotations

import argparse
import logging
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from faceqgen_core.networks import build_discriminator, build_generator
from faceqgen_core.presets import WEIGHTS
from faceqgen_core.training.config import TrainingConfig
from faceqgen_core.training.data.pairs import Batch, PairMix, PairSource
from faceqgen_core.training.data.stream import prefetch
from faceqgen_core.training.data.subjects import FaceSet
from faceqgen_core.training.loop.checkpoint import load_checkpoint, save_checkpoint
from faceqgen_core.training.loop.early_stop import EarlyStop
from faceqgen_core.training.loop.provenance import data_hash
from faceqgen_core.training.loop.reports import Reports
from faceqgen_core.training.loop.validation import Validation
from faceqgen_core.training.networks.gan import LossWeights, RestorationGAN
from faceqgen_core.training.networks.gradient import precision
from faceqgen_core.training.networks.grading import GradedBatch, GradedSource, GradeWeights

logger = logging.getLogger(__name__)

CANONICAL_SHARE = 0.3
"""Share of the targets, the fittest, whose mean is the canonical face."""
SHOWN = 48
"""Held-back targets of a report."""


def canonical_face(faces: FaceSet, targets: NDArray[np.int64]) -> NDArray[np.float32]:
    """Mean of the fittest targets and their mirror images, (S, S, 3) float32 in [0, 1]."""
    fittest = targets[np.argsort(-faces.fitness[targets])]
    fittest = fittest[: max(1, round(CANONICAL_SHARE * len(fittest)))]
    mean = np.zeros(faces.crops.shape[1:], np.float64)
    for row in fittest:
        mean += faces.crops[row]
    mean = mean / (255 * len(fittest))
    return np.asarray((mean + mean[:, ::-1]) / 2, np.float32)


def load_earlier(network: keras.Model, path: Path) -> None:
    """Load the weights of an earlier run into a network.

    Raises:
        ValueError: they are missing or of another network.
    """
    try:
        network.load_weights(path)
    except (ValueError, OSError, KeyError) as error:  # Keras prints whole tensors; one line will do
        raise ValueError(
            f"{path} is missing or does not fit: --start-from takes a run or preset of this version; set "
            "generator_width and discriminator_width as there"
        ) from error


def take_over(network: keras.Model, other: keras.Model) -> int:
    """Copy the weights of equally named layers whose shapes agree; returns how many layers were taken over."""
    theirs = {layer.name: layer.get_weights() for layer in other.layers}
    taken = 0
    for layer in network.layers:
        mine, given = layer.get_weights(), theirs.get(layer.name)
        if mine and given and [w.shape for w in mine] == [w.shape for w in given]:
            layer.set_weights(given)
            taken += 1
    return taken


class Restoring:
    """One run of the second part.

    Args:
        faces: all aligned faces.
        best: for every face the row of its subject's target.
        rows: faces to train on, and faces held back.
        originals: graded originals for the discriminator.
        config: the run's configuration.
        args: carries output, resume and budget_minutes.

    Raises:
        ValueError: too few faces on one of the sides.
    """

    def __init__(
        self,
        faces: FaceSet,
        best: NDArray[np.int64],
        rows: tuple[NDArray[np.int64], NDArray[np.int64]],
        originals: GradedSource,
        config: TrainingConfig,
        args: argparse.Namespace,
    ) -> None:
        train_rows, held_rows = rows
        shown = held_rows[np.isin(held_rows, best)]
        shown = np.random.default_rng(config.seed).permutation(shown)[:SHOWN]
        if not len(train_rows) or not len(shown):
            raise ValueError(
                f"{len(train_rows)} faces to train on and {len(shown)} held-back targets: change held_back, now "
                f"{config.held_back}, or train on more subjects"
            )
        position = np.full(len(best), -1)
        position[train_rows] = np.arange(len(train_rows))
        chosen = faces.select(train_rows)
        targets = position[best[train_rows]]
        self._config = config
        self._args = args
        self._output: Path = args.output
        self._size = faces.crops.shape[1]
        self._data = data_hash(faces)
        self._source = PairSource(chosen, targets, mix=PairMix(**config.mix), seed=config.seed)
        self._originals = originals
        self._canonical = canonical_face(chosen, np.unique(targets))
        self._validation = Validation(faces.select(np.sort(shown)))
        # Patches first: the generator is convolutional, and twice as many patches cost half as much as whole faces.
        self._on_patches = round(config.patch_share * config.steps)
        self._step, self._earlier = 0, 0.0
        self._averages: dict[str, float] = {}
        self._stop = EarlyStop(config.patience)

    def _make(self, step: int) -> RestorationGAN:
        config = self._config
        side = config.patch_size if step < self._on_patches else self._size
        with precision(config.precision):
            generator = build_generator(size=side, width=config.generator_width)
            judge = build_discriminator(size=self._size, width=config.discriminator_width)
        return RestorationGAN(
            generator,
            judge,
            canonical=self._canonical,
            weights=LossWeights(**config.losses),
            grades=GradeWeights(**config.grades),
            learning_rate=config.learning_rate,
            discriminator_rate=config.discriminator_rate,
            steps=config.steps,
        )

    def run(
        self, discriminator: keras.Model, generator: keras.Model | None, *, used: float = 0.0
    ) -> None:
        """Train and write the weights.

        Args:
            discriminator: graded, see ``grade``; not changed.
            generator: where to set out from, layer by layer as far as they agree; None for fresh weights.
            used: minutes of the budget that the grading has used up.
        """
        config, checkpoint = self._config, self._output / "checkpoint.npz"
        if self._args.resume and checkpoint.is_file():
            gan = self._resumed(checkpoint)
        else:
            gan = self._make(0)
            gan.discriminator.set_weights(discriminator.get_weights())
            if generator is not None:
                taken = take_over(gan.generator, generator)
                logger.info("%d layers of the generator were taken over", taken)
                gan.averaged = [np.array(v) for v in gan.generator.get_weights()]
        if config.patience:
            self._stop.start = round(min(1.0, gan.weights.warm_up + 0.1) * config.steps)
        if self._stop.over:
            logger.warning(
                "the run has ended: no better report since step %d", self._stop.best_step
            )
            return
        reports = Reports(self._output, step=self._step)
        started = time.monotonic()
        with tqdm(
            total=config.steps, initial=self._step, desc="train", unit="step", mininterval=2
        ) as progress:
            for batch, originals in prefetch(self._draw, self._step, config.steps):
                gan = self._advance(gan, batch, originals)
                progress.update()
                if self._step % config.report_every == 0:
                    reports.losses(self._step, self._averages)
                    rate = len(batch.image) * (progress.format_dict["rate"] or 0.0)
                    losses = " ".join(f"{k} {v:.3f}" for k, v in self._averages.items())
                    progress.set_postfix_str(f"{rate:.0f} img/s {losses}")
                spent = (time.monotonic() - started) / 60
                budget = self._args.budget_minutes
                over = budget is not None and used + spent > budget
                on_schedule = (
                    self._step % config.checkpoint_every == 0 or self._step == config.steps
                )
                if on_schedule or over:
                    self._keep(gan, reports, self._earlier + spent, on_schedule=on_schedule)
                if self._stop.over:
                    logger.warning(
                        "no better report since step %d: stopped at %d",
                        self._stop.best_step,
                        self._step,
                    )
                    break
                if over:
                    logger.warning(
                        "stopped after %.1f minutes at step %d; --resume goes on", spent, self._step
                    )
                    break

    def _resumed(self, checkpoint: Path) -> RestorationGAN:
        arrays, facts = load_checkpoint(checkpoint)
        if facts["config"] != asdict(self._config) or facts.get("data") != self._data:
            raise ValueError(
                f"{checkpoint} was made with another configuration or other data; mend it or leave out --resume"
            )
        self._step, self._earlier = int(facts["step"]), facts["minutes"]
        self._averages = facts["averages"]
        self._stop = EarlyStop.from_state(facts["stop"])
        gan = self._make(self._step)
        gan.restore_state(arrays)
        return gan

    def _draw(self, number: int) -> tuple[Batch, GradedBatch | None]:
        config = self._config
        if number < self._on_patches:
            pairs = self._source.batch(number, 2 * config.batch_size, patch=config.patch_size)
            return pairs, None
        # Other numbers than those the discriminator has been graded with before.
        originals = self._originals.batch(config.grading_steps + number, config.batch_size)
        return self._source.batch(number, config.batch_size), originals

    def _advance(
        self, gan: RestorationGAN, batch: Batch, originals: GradedBatch | None
    ) -> RestorationGAN:
        config, step = self._config, self._step
        if step < self._on_patches:
            losses = gan.patch_step(batch)
        else:
            if gan.generator.input_shape[1] != self._size:
                whole = self._make(step)
                whole.restore_state(gan.state())
                gan = whole
            warm = config.steps * gan.weights.warm_up
            ramp = float(np.clip((step - warm) / max(0.1 * config.steps, 1), 0, 1))
            # Before the generator listens to it, the discriminator is left as the grading made it.
            losses = gan.step(batch, originals if ramp > 0 else None, adversarial=ramp)
        self._step = step + 1
        for name, value in losses.items():
            self._averages[name] = 0.98 * self._averages.get(name, value) + 0.02 * value
        return gan

    def _keep(
        self, gan: RestorationGAN, reports: Reports, minutes: float, *, on_schedule: bool
    ) -> None:
        config = self._config
        mean_generator = build_generator(size=self._size, width=config.generator_width)
        mean_generator.set_weights(gan.averaged)
        judge = build_discriminator(size=self._size, width=config.discriminator_width)
        judge.set_weights(gan.discriminator.get_weights())
        facts, rows = self._validation.report(mean_generator, judge)
        # A cut by the budget must not change what an uncut run would have kept.
        better = on_schedule and self._stop.report(self._step, facts["order"])
        if better or not config.patience or self._stop.best_step < 0:
            mean_generator.save_weights(self._output / WEIGHTS[0])
            judge.save_weights(self._output / WEIGHTS[1])
        reports.add(self._step, minutes=minutes, losses=self._averages, facts=facts, rows=rows)
        # Last: a run that dies above goes on from the checkpoint before, and writes the same again.
        state: dict[str, Any] = {"step": self._step, "config": asdict(config), "data": self._data}
        state |= {"minutes": minutes, "averages": self._averages, "stop": self._stop.state()}
        save_checkpoint(self._output / "checkpoint.npz", gan.state(), state)
        logger.info(" ".join(f"{k} {v:.3f}" for k, v in facts.items()))
