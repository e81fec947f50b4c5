"""The first part of a training run: the discriminator alone, on graded originals."""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray
from tqdm import tqdm

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.measures.discriminator_score import discriminator_score
from faceqgen_core.training.config import TrainingConfig
from faceqgen_core.training.data.stream import prefetch
from faceqgen_core.training.data.targeted_faces import TargetedFaces
from faceqgen_core.training.labels.labelled_set import LabelledSet, build_labelled_set
from faceqgen_core.training.loop.checkpoint import load_checkpoint, save_checkpoint
from faceqgen_core.training.loop.provenance import data_hash
from faceqgen_core.training.loop.reports import CurveLog
from faceqgen_core.training.networks.grading import GradedSource, Grader, GradeWeights
from faceqgen_core.training.networks.weight_mean import WeightMean
from faceqgen_core.training.recognisers.teachers import hash_teachers, load_teachers

logger = logging.getLogger(__name__)

LABELLING = 2
"""Version of what is done to the faces of a labelled set: sets of another one are made anew."""
SHOWN = 1500
"""Held-back originals of a report."""


def labelled_set(
    data: TargetedFaces,
    *,
    teachers: Sequence[Path],
    protocol: CropProtocol,
    copies: int,
    seed: int,
    cache: Path,
) -> LabelledSet:
    """Label the faces, or read what an earlier run with the same data, teachers and settings has left in the cache.

    Raises:
        ValueError: a teacher is missing, of another kind or damaged, or OpenVINO is not installed.
    """
    faces = data.faces
    parts = [seed, copies, protocol.identifier, hash_teachers(teachers), data_hash(faces)]
    parts.append(LABELLING)
    parts.append(data.geometry is not None)
    store = cache / f"labelled-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]}"
    if not store.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        build_labelled_set(
            faces,
            load_teachers(teachers, protocol),
            alterer=data.alterer(),
            copies=copies,
            no_faces=max(1, len(faces.crops) // 9),
            seed=seed,
        ).save(store)
    return LabelledSet.load(store)


def split_labelled(
    labelled: LabelledSet, held_faces: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows to train on and rows held back: the faces of held-back subjects, and a tenth of what is no face."""
    none = labelled.rows < 0
    held = np.isin(labelled.rows, held_faces) & ~none
    held |= none & (np.arange(len(none)) % 10 == 0)
    return np.flatnonzero(~held), np.flatnonzero(held)


def correlations(
    values: NDArray[np.floating], labelled: LabelledSet, rows: NDArray[np.int64]
) -> dict[str, float]:
    """Correlation of ``values`` (N,) with the labels of ``rows`` (N,), of ``natural`` and ``degraded`` faces apart.

    Left out where there are too few, or where one side says nothing: without a recogniser all untouched faces have the
    same label.
    """
    found = {}
    labels = labelled.similarity[rows]
    for kind, chosen in (
        ("natural", labelled.natural[rows]),
        ("degraded", labelled.degraded[rows]),
    ):
        if chosen.sum() > 2 and np.ptp(labels[chosen]) > 0 and np.ptp(values[chosen]) > 0:
            found[kind] = float(np.corrcoef(values[chosen], labels[chosen])[0, 1])
    return found


def report(discriminator: Any, labelled: LabelledSet, rows: NDArray[np.int64]) -> dict[str, float]:
    """Correlation of the verdict and of the predicted similarity with the labels, natural and degraded faces apart."""
    verdicts, predicted = [], []
    for start in range(0, len(rows), 128):
        crops = labelled.crops[rows[start : start + 128]].astype(np.float32) / np.float32(255)
        outputs = discriminator.predict_on_batch(crops)
        verdicts.append(ops.convert_to_numpy(discriminator_score(outputs[0])))
        predicted.append(np.asarray(outputs[5])[:, 0])
    return {
        f"{name}_{kind}": value
        for name, parts in (("d", verdicts), ("similarity", predicted))
        for kind, value in correlations(np.concatenate(parts), labelled, rows).items()
    }


def grade(
    discriminator: Any,
    labelled: LabelledSet,
    rows: tuple[NDArray[np.int64], NDArray[np.int64]],
    config: TrainingConfig,
    args: argparse.Namespace,
) -> bool:
    """Train the discriminator on the labelled set; returns whether it came to its end within the budget.

    Args:
        discriminator: changed in place.
        labelled: the labelled set.
        rows: its rows to train on, and those held back for the reports.
        config: the run's configuration.
        args: carries output, resume and budget_minutes.
    """
    checkpoint = args.output / "grading.npz"
    grader = Grader(
        discriminator,
        weights=GradeWeights(**config.grades),
        learning_rate=config.grading_rate,
        steps=config.grading_steps,
    )
    variables = [*discriminator.weights, *grader.optimizer.variables]
    mean = WeightMean(discriminator.weights)
    labels = hashlib.sha256(labelled.similarity.tobytes()).hexdigest()
    step = 0
    if args.resume and checkpoint.is_file():
        arrays, facts = load_checkpoint(checkpoint)
        if facts["config"] != asdict(config) or facts["labels"] != labels:
            raise ValueError(
                f"{checkpoint} was made with another configuration, other data or other teachers; "
                "mend it or leave out --resume"
            )
        step = int(facts["step"])
        for i, variable in enumerate(variables):
            variable.assign(arrays[f"v/{i}"])
        mean.restore(arrays, int(facts["averaged"]))
    source = GradedSource(labelled, rows[0], seed=config.seed)
    chosen = np.random.default_rng(config.seed).permutation(rows[1])[:SHOWN]
    curves = CurveLog(args.output / "grading.csv", until=step)
    averages: dict[str, float] = {}
    started = time.monotonic()
    with tqdm(
        total=config.grading_steps, initial=step, desc="grade", unit="step", mininterval=2
    ) as progress:
        batches = prefetch(
            lambda n: source.batch(n, config.graded_batch), step, config.grading_steps
        )
        for batch in batches:
            for name, value in grader.step(batch).items():
                averages[name] = 0.98 * averages.get(name, value) + 0.02 * value
            step += 1
            progress.update()
            if step % config.report_every == 0:
                rate = config.graded_batch * (progress.format_dict["rate"] or 0.0)
                losses = " ".join(f"{k} {v:.3f}" for k, v in averages.items())
                progress.set_postfix_str(f"{rate:.0f} img/s {losses}")
            spent = (time.monotonic() - started) / 60
            over = args.budget_minutes is not None and spent > args.budget_minutes
            ended = step == config.grading_steps
            planned = step % config.checkpoint_every == 0 or ended
            if planned and step > (1 - config.grading_average) * config.grading_steps:
                mean.add()
            if planned or over:
                facts = report(discriminator, labelled, np.sort(chosen))
                curves.add({"step": step, "minutes": spent, **averages, **facts})
                logger.info(" ".join(f"{k} {v:.3f}" for k, v in facts.items()))
                arrays = {f"v/{i}": ops.convert_to_numpy(v) for i, v in enumerate(variables)}
                state = {"step": step, "config": asdict(config), "labels": labels}
                state["averaged"] = mean.count
                save_checkpoint(checkpoint, arrays | mean.arrays(), state)
            if over and not ended:
                logger.warning(
                    "stopped after %.1f minutes at grading step %d; --resume goes on", spent, step
                )
                return False
    mean.assign()
    return True
