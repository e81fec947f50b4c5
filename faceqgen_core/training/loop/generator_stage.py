"""The second part of a training run: the generator learns to restore, against the graded discriminator."""

from __future__ import annotations

import argparse
import logging
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.measures.region import face_region
from faceqgen_core.networks import build_generator
from faceqgen_core.networks.generator import FINER
from faceqgen_core.presets import WEIGHTS
from faceqgen_core.training.config import TrainingConfig
from faceqgen_core.training.data.alteration import AlterationMix
from faceqgen_core.training.data.pairs import Batch, PairSource, align_jitter
from faceqgen_core.training.data.stream import prefetch
from faceqgen_core.training.data.targeted_faces import TargetedFaces
from faceqgen_core.training.loop.checkpoint import load_checkpoint, save_checkpoint
from faceqgen_core.training.loop.early_stop import EarlyStop
from faceqgen_core.training.loop.provenance import data_hash
from faceqgen_core.training.loop.reports import Reports
from faceqgen_core.training.loop.validation import Validation
from faceqgen_core.training.networks.components import MOST, principal_components
from faceqgen_core.training.networks.critic import build_critic
from faceqgen_core.training.networks.gan import LossWeights, RestorationGAN
from faceqgen_core.training.networks.gradient import precision

logger = logging.getLogger(__name__)

SHOWN = 48
"""Held-back targets of a report."""
_SMALL_BATCH = 3
"""How many times as many pairs a step takes at half the side."""


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


def only_finer(generator: keras.Model) -> None:
    """Leave what was learned at half the side as it is: only the finer levels go on learning.

    They see few pairs in small batches, and a critic. Trained along with them, the rest forgets in a few hundred steps how to
    paint covers over (docs/experiments.md).
    """
    for layer in generator.layers:
        layer.trainable = layer.name.startswith(FINER)


def grown(whole: RestorationGAN, half: RestorationGAN) -> RestorationGAN:
    """Go on at the whole side: from the moving average of what was learned at half of it, with fresh finer levels.

    The critic goes on with its optimiser, the generator's sets out anew. Changes both; returns ``whole``.
    """
    half.generator.set_weights(half.averaged)
    take_over(whole.generator, half.generator)
    whole.averaged = [np.array(v) for v in whole.generator.get_weights()]
    whole.critic.set_weights(half.critic.get_weights())
    pairs = zip(whole.optimizers[1].variables, half.optimizers[1].variables, strict=True)
    for variable, value in pairs:
        variable.assign(value)
    return whole


@dataclass(frozen=True, eq=False)
class _Draw:
    """Draws batch ``number``, a larger one while the side is half; an object, since other processes get a copy of it."""

    source: PairSource
    size: int
    on_half: int

    def __call__(self, number: int) -> Batch:
        return self.source.batch(number, self.size * (_SMALL_BATCH if number < self.on_half else 1))


class Restoring:
    """One run of the second part.

    Args:
        data: all aligned faces, with their targets and their geometry.
        rows: faces to train on, and faces held back.
        config: the run's configuration.
        args: carries output, resume, budget_minutes and, if wanted, workers.

    Raises:
        ValueError: too few faces on one of the sides.
    """

    def __init__(
        self,
        data: TargetedFaces,
        rows: tuple[NDArray[np.int64], NDArray[np.int64]],
        config: TrainingConfig,
        args: argparse.Namespace,
    ) -> None:
        faces = data.faces
        train_rows, held_rows = rows
        shown = held_rows[np.isin(held_rows, data.targets.rows)]
        shown = np.random.default_rng(config.seed).permutation(shown)[:SHOWN]
        drawn = data.targets.rows[np.isin(data.targets.rows, train_rows)]
        if not len(drawn) or not len(shown):
            raise ValueError(
                f"{len(drawn)} targets to train on and {len(shown)} held-back targets: change held_back, now "
                f"{config.held_back}, or train on more subjects"
            )
        self._config = config
        self._args = args
        self._output: Path = args.output
        self._size = faces.crops.shape[1]
        self._data = data_hash(faces)
        alterer = data.alterer(rows=train_rows, mix=AlterationMix(**config.mix))
        self._source = PairSource(alterer, data.targets, seed=config.seed)
        rng = np.random.default_rng(config.seed)
        chosen = rng.choice(drawn, min(len(drawn), MOST), replace=False)
        pictures = [align_jitter(rng, data.targets.pictures[int(row)]) for row in chosen]
        self._components = principal_components(pictures, config.code)
        self._region = face_region(CropProtocol(size=self._size))
        shown = np.sort(shown)
        self._validation = Validation(
            faces.select(shown), np.stack([data.targets.pictures[int(row)] for row in shown])
        )
        self._on_half = round(config.half_size * config.steps)
        self._start: keras.Model | None = None
        self._step, self._earlier = 0, 0.0
        self._averages: dict[str, float] = {}
        self._stop = EarlyStop(config.patience)

    def _generator(self, side: int) -> keras.Model:
        return build_generator(
            size=side, width=self._config.generator_width, code=self._config.code
        )

    def _make(self, step: int, discriminator: keras.Model) -> RestorationGAN:
        config = self._config
        small = step < self._on_half
        side = self._size // 2 if small else self._size
        with precision(config.precision):
            generator, critic = self._generator(side), build_critic(size=side)
        if self._start is not None:
            taken = take_over(generator, self._start)
            if step == 0:  # else what was learned since is put in their place
                logger.info("%d layers of the generator were taken over", taken)
        if self._on_half and not small:
            only_finer(generator)
        return RestorationGAN(
            generator,
            critic,
            discriminator,
            components=self._components,
            region=self._region,
            weights=LossWeights(**config.losses),
            learning_rate=config.learning_rate,
            critic_rate=config.critic_rate,
            steps=self._on_half if small else config.steps - self._on_half,
        )

    def run(
        self, discriminator: keras.Model, generator: keras.Model | None, *, used: float = 0.0
    ) -> None:
        """Train and write the weights.

        Args:
            discriminator: graded, see ``discriminator_stage``; not changed.
            generator: where to set out from, layer by layer as far as they agree; None for fresh weights.
            used: minutes of the budget that the grading has used up.
        """
        self._start = generator
        config, checkpoint = self._config, self._output / "checkpoint.npz"
        if self._args.resume and checkpoint.is_file():
            gan = self._resumed(checkpoint, discriminator)
        else:
            gan = self._make(0, discriminator)
        if config.patience:
            self._stop.start = round(min(1.0, config.adversarial_from + 0.1) * config.steps)
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
            draw = _Draw(self._source, config.batch_size, self._on_half)
            workers = getattr(self._args, "workers", None)
            for batch in prefetch(draw, self._step, config.steps, workers=workers):
                gan = self._advance(gan, batch)
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

    def _resumed(self, checkpoint: Path, discriminator: keras.Model) -> RestorationGAN:
        arrays, facts = load_checkpoint(checkpoint)
        if facts["config"] != asdict(self._config) or facts.get("data") != self._data:
            raise ValueError(
                f"{checkpoint} was made with another configuration or other data; mend it or leave out --resume"
            )
        self._step, self._earlier = int(facts["step"]), facts["minutes"]
        self._averages = facts["averages"]
        self._stop = EarlyStop.from_state(facts["stop"])
        # As the last step that was taken made it: the next one may be the first at the whole side.
        gan = self._make(self._step - 1, discriminator)
        gan.restore_state(arrays)
        return gan

    def _advance(self, gan: RestorationGAN, batch: Batch) -> RestorationGAN:
        config, step = self._config, self._step
        if step >= self._on_half and gan.generator.input_shape[0][1] != self._size:
            gan = grown(self._make(step, gan.discriminator), gan)
        start = max(self._on_half, config.adversarial_from * config.steps)
        ramp = float(np.clip((step - start) / max(0.1 * config.steps, 1), 0, 1))
        losses = gan.step(batch, adversarial=ramp)
        self._step = step + 1
        for name, value in losses.items():
            self._averages[name] = 0.98 * self._averages.get(name, value) + 0.02 * value
        return gan

    def _keep(
        self, gan: RestorationGAN, reports: Reports, minutes: float, *, on_schedule: bool
    ) -> None:
        config = self._config
        mean_generator = self._generator(gan.generator.input_shape[0][1])
        mean_generator.set_weights(gan.averaged)
        if mean_generator.input_shape[0][1] != self._size:
            small, mean_generator = mean_generator, self._generator(self._size)
            take_over(mean_generator, small)
        facts, rows = self._validation.report(mean_generator, gan.discriminator)
        # A cut by the budget must not change what an uncut run would have kept.
        better = on_schedule and self._stop.report(self._step, facts["order"])
        if better or not config.patience or self._stop.best_step < 0:
            mean_generator.save_weights(self._output / WEIGHTS[0])
        gan.discriminator.save_weights(self._output / WEIGHTS[1])
        reports.add(self._step, minutes=minutes, losses=self._averages, facts=facts, rows=rows)
        # Last: a run that dies above goes on from the checkpoint before, and writes the same again.
        state: dict[str, Any] = {"step": self._step, "config": asdict(config), "data": self._data}
        state |= {"minutes": minutes, "averages": self._averages, "stop": self._stop.state()}
        save_checkpoint(self._output / "checkpoint.npz", gan.state(), state)
        logger.info(" ".join(f"{k} {v:.3f}" for k, v in facts.items()))
