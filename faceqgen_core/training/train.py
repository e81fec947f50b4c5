"""``faceqgen train``: from folders of subjects to the weights of the restoration GAN."""

from __future__ import annotations

import argparse
import json
import logging
import math
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.training.layouts import LAYOUTS, list_images
from faceqgen_core.training.pairs import Batch, PairMix, PairSource
from faceqgen_core.training.provenance import data_hash as data_hash
from faceqgen_core.training.provenance import write_provenance
from faceqgen_core.training.subjects import (
    FaceSet,
    align_faces,
    best_images,
    read_landmarks,
    split_subjects,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides a training run besides the data."""

    steps: int = 2200
    batch_size: int = 16
    learning_rate: float = 1e-3
    discriminator_rate: float = 3e-4
    seed: int = 0
    held_back: float = 0.06
    report_every: int = 50
    checkpoint_every: int = 150
    patience: int = 0
    precision: str = "float32"
    generator_width: int = 32
    discriminator_width: int = 32
    patch_size: int = 64
    patch_share: float = 0.55
    mix: dict[str, float] = field(default_factory=lambda: asdict(PairMix()))
    losses: dict[str, float] = field(default_factory=dict)

    @classmethod
    def from_file(cls, path: Path) -> TrainingConfig:
        """Read a JSON file.

        Raises:
            ValueError: unknown keys.
        """
        values = json.loads(path.read_text(encoding="utf-8"))
        unknown = set(values) - {f.name for f in fields(cls)}
        if unknown:
            raise ValueError(f"{path}: unknown key(s) {sorted(unknown)}")
        return cls(**values)


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that ``load_faces`` reads."""
    parser.add_argument(
        "--data",
        type=Path,
        nargs="+",
        required=True,
        help="the training folders, or the CSV files of --layout list",
    )
    parser.add_argument(
        "--layout",
        choices=LAYOUTS,
        default="subjects",
        help="subjects: <root>/<subject>/<image>; scface: SCface as distributed; list: CSV of input,target",
    )
    parser.add_argument(
        "--infrared", action="store_true", help="with --layout scface: cameras 6 to 8, too"
    )
    parser.add_argument("--subjects", type=Path, help="text file: the subjects to train on")
    parser.add_argument(
        "--landmarks", type=Path, help="CSV of known landmarks; the rest is detected"
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_data_arguments(parser)
    parser.add_argument("--output", type=Path, required=True, help="folder for weights and logs")
    parser.add_argument("--targets", type=Path, help="text file: <root>/<subject>/<best image>")
    parser.add_argument("--config", type=Path, help="JSON file with training settings")
    parser.add_argument("--steps", type=int, help="steps, instead of the configured number")
    parser.add_argument("--batch-size", type=int, help="pairs a step")
    parser.add_argument("--seed", type=int, help="start of every draw")
    parser.add_argument(
        "--budget-minutes", type=float, help="stop with a checkpoint after this long"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")


def read_lines(path: Path | None) -> set[str] | None:
    """Read the stripped, non-empty lines of a text file; None for no file."""
    if path is None:
        return None
    return {line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()}


def load_faces(args: argparse.Namespace, protocol: CropProtocol) -> FaceSet:
    """List, align and cache the faces that the options name."""
    listings = list_images(
        args.data,
        layout=getattr(args, "layout", "subjects"),
        keep=read_lines(args.subjects),
        infrared=getattr(args, "infrared", False),
    )
    known = read_landmarks(args.landmarks) if args.landmarks else None
    return align_faces(listings, protocol, known=known, cache=args.output / "cache")


def prefetch(draw: Callable[[int], Batch], first: int, last: int) -> Iterator[Batch]:
    """Draw batches ``first`` to ``last`` - 1 ahead, in a thread."""
    ready: queue.Queue[Batch | BaseException] = queue.Queue(maxsize=4)
    stop = threading.Event()

    def work() -> None:
        try:
            for number in range(first, last):
                batch = draw(number)
                while not stop.is_set():
                    try:
                        ready.put(batch, timeout=0.5)
                        break
                    except queue.Full:
                        continue
                if stop.is_set():
                    return
        except BaseException as error:
            ready.put(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        for _ in range(first, last):
            item = ready.get()
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()


def train(faces: FaceSet, best: NDArray[np.int64], config: TrainingConfig, args: Any) -> Path:
    """Train the GAN; returns the folder with the generator's and the discriminator's weights.

    ``args`` carries output, resume and budget_minutes. Held-back subjects serve the reports alone.
    """
    import keras
    from tqdm import tqdm

    from faceqgen_core.networks import build_discriminator, build_generator
    from faceqgen_core.presets import WEIGHTS
    from faceqgen_core.training.checkpoint import load_checkpoint, save_checkpoint
    from faceqgen_core.training.early_stop import EarlyStop
    from faceqgen_core.training.gan import LossWeights, RestorationGAN
    from faceqgen_core.training.gradient import precision
    from faceqgen_core.training.reports import Reports
    from faceqgen_core.training.validation import Validation

    output: Path = args.output
    output.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(config.seed)
    size = faces.crops.shape[1]
    train_rows, held_rows = split_subjects(faces, share=config.held_back, seed=config.seed)
    shown = np.random.default_rng(config.seed).permutation(held_rows[np.isin(held_rows, best)])[:48]
    if not len(train_rows) or not len(shown):
        raise ValueError(
            f"{len(train_rows)} faces to train on and {len(shown)} held-back targets: change held_back, now "
            f"{config.held_back}, or train on more subjects"
        )
    position = np.full(len(best), -1)
    position[train_rows] = np.arange(len(train_rows))
    source = PairSource(
        faces.select(train_rows),
        position[best[train_rows]],
        mix=PairMix(**config.mix),
        seed=config.seed,
    )

    def make_gan(side: int) -> RestorationGAN:
        with precision(config.precision):
            generator = build_generator(size=side, width=config.generator_width)
            judge = build_discriminator(size=side, width=config.discriminator_width)
        return RestorationGAN(
            generator,
            judge,
            weights=LossWeights(**config.losses),
            learning_rate=config.learning_rate,
            discriminator_rate=config.discriminator_rate,
            steps=config.steps,
        )

    # Patches first: the networks are convolutional, and twice as many patches cost half as much as whole faces.
    on_patches = round(config.patch_share * config.steps)

    def draw(number: int) -> Batch:
        if number < on_patches:
            return source.batch(number, 2 * config.batch_size, patch=config.patch_size)
        return source.batch(number, config.batch_size)

    validation = Validation(faces.select(np.sort(shown)))
    checkpoint, step = output / "checkpoint.npz", 0
    averages: dict[str, float] = {}
    stop, earlier = EarlyStop(config.patience), 0.0
    if args.resume and checkpoint.is_file():
        arrays, facts = load_checkpoint(checkpoint)
        if facts["config"] != asdict(config) or facts.get("data") != data_hash(faces):
            raise ValueError(
                f"{checkpoint} was made with another configuration or other data; mend it or leave out --resume"
            )
        step, earlier, averages = int(facts["step"]), facts["minutes"], facts["averages"]
        stop = EarlyStop.from_state(facts["stop"])
        gan = make_gan(config.patch_size if step < on_patches else size)
        gan.restore_state(arrays)
    elif checkpoint.is_file():
        raise ValueError(
            f"{output} holds a checkpoint already: add --resume or choose another --output"
        )
    else:
        gan = make_gan(config.patch_size if on_patches else size)
    (output / "config.json").write_text(json.dumps(asdict(config), indent=2) + "\n")
    write_provenance(output / "provenance.json", faces, precision=config.precision)
    reports = Reports(output, step=step)
    started = time.monotonic()
    if config.patience:
        stop.start = round(min(1.0, gan.weights.warm_up + 0.1) * config.steps)

    def keep(final_step: int, *, on_schedule: bool) -> None:
        mean_generator = build_generator(size=size, width=config.generator_width)
        mean_generator.set_weights(gan.averaged)
        judge = build_discriminator(size=size, width=config.discriminator_width)
        judge.set_weights(gan.discriminator.get_weights())
        facts, rows = validation.report(mean_generator, judge)
        # A cut by the budget must not change what an uncut run would have kept.
        better = on_schedule and stop.report(final_step, facts["order"])
        if better or not config.patience or stop.best_step < 0:
            mean_generator.save_weights(output / WEIGHTS[0])
            judge.save_weights(output / WEIGHTS[1])
        minutes = earlier + (time.monotonic() - started) / 60
        reports.add(final_step, minutes=minutes, losses=averages, facts=facts, rows=rows)
        # Last: a run that dies above goes on from the checkpoint before, and writes the same again.
        state = {"step": final_step, "config": asdict(config), "data": data_hash(faces)}
        state |= {"minutes": minutes, "averages": averages, "stop": stop.state()}
        save_checkpoint(checkpoint, gan.state(), state)
        logger.info(" ".join(f"{k} {v:.3f}" for k, v in facts.items()))

    if stop.over:
        logger.warning("the run has ended: no better report since step %d", stop.best_step)
        return output
    warm = config.steps * gan.weights.warm_up
    with tqdm(
        total=config.steps, initial=step, desc="train", unit="step", mininterval=2
    ) as progress:
        for batch in prefetch(draw, step, config.steps):
            ramp = float(np.clip((step - warm) / max(0.1 * config.steps, 1), 0, 1))
            if step == on_patches and gan.generator.input_shape[1] != size:
                whole = make_gan(size)
                whole.restore_state(gan.state())
                gan = whole
            # The discriminator may learn at half the pace until the generator listens to it.
            losses = gan.step(batch, adversarial=ramp, judge=ramp > 0 or step % 2 == 0)
            step += 1
            for name, value in losses.items():
                if not math.isnan(value):
                    averages[name] = 0.98 * averages.get(name, value) + 0.02 * value
            progress.update()
            if step % config.report_every == 0:
                reports.losses(step, averages)
                rate = len(batch.image) * (progress.format_dict["rate"] or 0.0)
                progress.set_postfix_str(
                    f"{rate:.0f} img/s " + " ".join(f"{k} {v:.3f}" for k, v in averages.items())
                )
            spent = (time.monotonic() - started) / 60
            over = args.budget_minutes is not None and spent > args.budget_minutes
            on_schedule = step % config.checkpoint_every == 0 or step == config.steps
            if on_schedule or over:
                keep(step, on_schedule=on_schedule)
            if stop.over:
                logger.warning(
                    "no better report since step %d: stopped at %d", stop.best_step, step
                )
                break
            if over:
                logger.warning(
                    "stopped after %.1f minutes at step %d; --resume goes on", spent, step
                )
                break
    return output


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    config = TrainingConfig.from_file(args.config) if args.config else TrainingConfig()
    changes = {
        k: v
        for k in ("steps", "batch_size", "seed")
        if (v := getattr(args, k.replace("-", "_"))) is not None
    }
    config = TrainingConfig(**(asdict(config) | changes))
    faces = load_faces(args, CropProtocol())
    best = best_images(faces, named=read_lines(args.targets))
    print(f"{len(faces.crops)} faces of {len(set(faces.subjects))} subjects", file=sys.stderr)
    train(faces, best, config, args)
    return 0
