"""Fitting the quality head on the frozen networks' features."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from faceqgen_core.networks.scorer import HEAD_INPUTS, build_features
from faceqgen_core.training.labels.labelled_set import LabelledSet


@dataclass(frozen=True, eq=False)
class Features:
    """What the networks make of N crops: the inputs of the head in its order, and the native measures among them."""

    inputs: tuple[NDArray[Any], ...]

    @property
    def measures(self) -> NDArray[np.float32]:
        """(N, 3) in the order of ``MEASURES``."""
        return self.inputs[-1]

    def rows(self, index: Any) -> list[NDArray[np.float32]]:
        """Inputs of the head for some rows."""
        return [values[index].astype(np.float32) for values in self.inputs]


def extract_features(
    generator: Any,
    discriminator: Any,
    crops: NDArray[np.uint8],
    *,
    region: NDArray[np.float32],
    batch_size: int = 64,
) -> Features:
    """Run both networks over crops, as scoring does; half precision holds a training set's maps in memory.

    Args:
        generator: see ``build_generator``.
        discriminator: see ``build_discriminator``.
        crops: (N, S, S, 3) uint8 RGB.
        region: (S, S) float32, where SSIM and MSE are measured, see ``measures.region``.
        batch_size: crops a call.
    """
    features = build_features(generator, discriminator, region)
    read = keras.Model(features.input, [features.output[name] for name in HEAD_INPUTS])
    parts: list[list[NDArray[Any]]] = []
    starts = range(0, len(crops), batch_size)
    for start in tqdm(starts, desc="features", unit="batch", mininterval=2):
        images = crops[start : start + batch_size].astype(np.float32) / np.float32(255)
        values = [np.asarray(v) for v in read.predict_on_batch(images)]
        parts.append([v.astype(np.float16) if v.ndim == 4 else v for v in values])
    return Features(tuple(np.concatenate(column) for column in zip(*parts, strict=True)))


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
    epochs: int = 6,
    batch_size: int = 128,
    seed: int = 0,
) -> dict[str, list[float]]:
    """Fit the head to the comparison scores; keeps the weights of the epoch with the best held-back loss.

    Returns:
        Curves by name.
    """
    keras.utils.set_random_seed(seed)
    batch_size = min(batch_size, len(train_rows))
    steps = max(1, len(train_rows) // batch_size)
    rate = keras.optimizers.schedules.CosineDecay(1e-3, epochs * steps)
    head.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=0.02), loss=keras.losses.Huber(0.1)
    )
    similarity = labels.similarity[:, None]
    history = head.fit(
        _batches(
            np.random.default_rng(seed),
            features,
            similarity,
            labels.weights,
            train_rows,
            batch_size,
        ),
        steps_per_epoch=steps,
        epochs=epochs,
        validation_data=(
            tuple(features.rows(held_rows)),
            similarity[held_rows],
            labels.weights[held_rows],
        ),
        callbacks=[
            keras.callbacks.EarlyStopping(monitor="val_loss", patience=3, restore_best_weights=True)
        ],
        verbose=0,
    )
    return {k: [float(x) for x in v] for k, v in history.history.items()}


def predict(head: keras.Model, features: Features, *, batch_size: int = 256) -> NDArray[np.float64]:
    """Predict the mated similarity of every row, (N,)."""
    parts = [
        np.asarray(head.predict_on_batch(features.rows(slice(i, i + batch_size))))[:, 0]
        for i in range(0, len(features.measures), batch_size)
    ]
    return np.concatenate(parts).astype(np.float64)
