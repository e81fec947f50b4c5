"""Reports of a training run: curves as CSV, TensorBoard logs, montages of samples."""

from __future__ import annotations

import csv
import importlib.util
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.image_io import save_png
from faceqgen_core.whole_files import written_whole

logger = logging.getLogger(__name__)


def montage(rows: list[list[NDArray[np.float32]]]) -> NDArray[np.uint8]:
    """Tile images (S, S, 3) in [0, 1] into one uint8 RGB picture."""
    tiled = np.concatenate([np.concatenate(row, axis=1) for row in rows], axis=0)
    return np.asarray(np.rint(np.clip(tiled, 0, 1) * 255), np.uint8)


class CurveLog:
    """``curves.csv``: one row a report; columns that come later are empty in earlier rows.

    Args:
        path: the file; rows of an earlier part of the run are kept.
        until: last step to keep, so that a run that goes on from an older checkpoint writes no row twice.
    """

    def __init__(self, path: Path, *, until: int | None = None) -> None:
        self._path = path
        self._rows: list[dict[str, Any]] = []
        if path.is_file():
            with path.open(newline="", encoding="utf-8") as file:
                self._rows = [
                    row
                    for row in csv.DictReader(file)
                    if until is None or int(row["step"]) <= until
                ]

    def add(self, row: Mapping[str, Any]) -> None:
        """Append one row, which has a ``step``."""
        self._rows.append(dict(row))
        columns = list(dict.fromkeys(name for r in self._rows for name in r))
        with (
            written_whole(self._path) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, fieldnames=columns, restval="")
            writer.writeheader()
            writer.writerows(self._rows)


def _board(folder: Path) -> Any:
    """TensorBoard writer, or None with one line in the log."""
    # TensorFlow beside another backend would take the GPU's memory for itself.
    if keras.backend.backend() != "tensorflow" or importlib.util.find_spec("tensorflow") is None:
        logger.info("no TensorBoard logs: they need TensorFlow as the backend of Keras")
        return None
    import tensorflow as tf

    return tf.summary.create_file_writer(str(folder))


def _write(name: str, value: Any, plugin: str, data_class: int) -> None:
    """What ``tf.summary.scalar`` and ``image`` do; those two ask for the viewer to be installed where a run trains."""
    import tensorflow as tf

    kind = tf.compat.v1.SummaryMetadata
    metadata = kind(plugin_data=kind.PluginData(plugin_name=plugin), data_class=data_class)
    tf.summary.write(name, value, metadata=metadata)


class Reports:
    """Everything that a run tells about itself, below its output folder.

    ``curves.csv``; ``logs/``, for ``tensorboard --logdir``; ``samples/<step>.png``.

    Args:
        output: folder of the run.
        step: where the run sets out: 0, or the step of its checkpoint.
    """

    def __init__(self, output: Path, *, step: int = 0) -> None:
        self._output = output
        self._curves = CurveLog(output / "curves.csv", until=step)
        self._writer = _board(output / "logs")

    def losses(self, step: int, losses: Mapping[str, float]) -> None:
        """Log running losses, between two reports."""
        self._scalars(step, {f"loss/{name}": value for name, value in losses.items()})

    def add(
        self,
        step: int,
        *,
        minutes: float,
        losses: Mapping[str, float],
        facts: Mapping[str, float],
        rows: list[list[NDArray[np.float32]]],
    ) -> None:
        """Log one report.

        Args:
            step: training step.
            minutes: spent so far.
            losses: running means by name.
            facts: numbers of the validation by name.
            rows: images (S, S, 3) float32 in [0, 1] for the montage.
        """
        picture = montage(rows)
        save_png(self._output / "samples" / f"{step:06d}.png", picture)
        self._curves.add({"step": step, "minutes": minutes} | dict(losses) | dict(facts))
        self.losses(step, losses)
        self._scalars(step, {f"held_back/{name}": value for name, value in facts.items()})
        if self._writer is not None:
            import tensorflow as tf

            height, width = picture.shape[:2]
            content = tf.io.encode_png(picture).numpy()
            with self._writer.as_default(step=step):
                _write("samples", tf.stack([str(width), str(height), content]), "images", 3)
            self._writer.flush()

    def _scalars(self, step: int, values: Mapping[str, float]) -> None:
        if self._writer is not None:
            with self._writer.as_default(step=step):
                for name, value in values.items():
                    _write(name, np.float32(value), "scalars", 1)
