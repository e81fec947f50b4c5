"""Fitting the quality head on the frozen networks' features."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray
from tqdm import tqdm

from faceqgen_core.measures.native import native_measures
from faceqgen_core.training.labelled import LabelledSet


@dataclass(frozen=True, eq=False)
class Features:
    """N crops and what the networks make of them: the inputs of the head, measures in the order of ``MEASURES``."""

    crops: NDArray[np.uint8]
    bottleneck: NDArray[np.float16]
    patches: NDArray[np.float16]
    strengths: NDArray[np.float32]
    measures: NDArray[np.float32]

    def rows(self, index: Any) -> list[NDArray[np.float32]]:
        """Inputs of the head for some rows."""
        return [
            self.crops[index].astype(np.float32) / np.float32(255),
            self.bottleneck[index].astype(np.float32),
            self.patches[index].astype(np.float32),
            self.strengths[index],
            self.measures[index],
        ]


def extract_features(
    generator: Any, discriminator: Any, crops: NDArray[np.uint8], *, batch_size: int = 64
) -> Features:
    """Run both networks over crops (N, S, S, 3) uint8 RGB; half precision holds a training set in memory."""
    parts: list[tuple[Any, Any, Any, Any]] = []
    starts = range(0, len(crops), batch_size)
    for start in tqdm(starts, desc="features", unit="batch", mininterval=2):
        images = crops[start : start + batch_size].astype(np.float32) / np.float32(255)
        restored, bottleneck, named = generator.predict_on_batch(images)
        logits, *levels = discriminator.predict_on_batch(images)
        measures, _ = native_measures(images, restored, logits)
        parts.append(
            (
                np.asarray(bottleneck).astype(np.float16),
                np.asarray(levels[-1]).astype(np.float16),
                np.asarray(named),
                ops.convert_to_numpy(measures),
            )
        )
    joined = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Features(crops, *joined)


def _batches(
    rng: np.random.Generator, features: Features, labels: Any, weights: Any, rows: Any, size: int
) -> Iterator[Any]:
    while True:
        order = rng.permutation(rows)
        for start in range(0, len(order) - size + 1, size):
            index = np.sort(order[start : start + size])
            yield tuple(features.rows(index)), labels[index], weights[index]


def fit_head(
    head: keras.Model,
    features: Features,
    labels: LabelledSet,
    train_rows: NDArray[np.int64],
    held_rows: NDArray[np.int64],
    *,
    epochs: int = 12,
    batch_size: int = 64,
    seed: int = 0,
) -> dict[str, list[float]]:
    """Fit the head to the comparison scores; keeps the weights of the epoch with the best held-back loss.

    Untouched images weigh double: there are few of them, and they are what users have.

    Returns:
        Curves by name.
    """
    keras.utils.set_random_seed(seed)
    steps = max(1, len(train_rows) // batch_size)
    rate = keras.optimizers.schedules.CosineDecay(1.5e-3, epochs * steps)
    head.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=0.02), loss=keras.losses.Huber(0.1)
    )
    similarity = labels.similarity[:, None]
    weights = np.where(labels.natural, 2.0, 1.0).astype(np.float32)
    history = head.fit(
        _batches(
            np.random.default_rng(seed), features, similarity, weights, train_rows, batch_size
        ),
        steps_per_epoch=steps,
        epochs=epochs,
        validation_data=(
            tuple(features.rows(held_rows)),
            similarity[held_rows],
            weights[held_rows],
        ),
        callbacks=[
            keras.callbacks.EarlyStopping(monitor="val_loss", patience=4, restore_best_weights=True)
        ],
        verbose=0,
    )
    return {k: [float(x) for x in v] for k, v in history.history.items()}


def predict(head: keras.Model, features: Features, *, batch_size: int = 256) -> NDArray[np.float64]:
    """Predict the mated similarity of every row, (N,)."""
    parts = [
        np.asarray(head.predict_on_batch(features.rows(slice(i, i + batch_size))))[:, 0]
        for i in range(0, len(features.crops), batch_size)
    ]
    return np.concatenate(parts).astype(np.float64)
