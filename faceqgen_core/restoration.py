"""Restoration: crops -> native measures, restored crops and difference maps, in one compiled call per batch.

uint8 RGB outside; float32 in [0, 1], NHWC, inside. The networks run in inference mode, always.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.presets import WEIGHTS, Preset, PresetError

_LOCK = threading.Lock()
_CACHE: dict[str, Any] = {}


@dataclass(frozen=True, eq=False)
class RestorationResult:
    """What came out for N crops, in their order.

    Attributes:
        ssim, mse, discriminator: (N,) float64 native measures.
        similarity: (N,) float64 predicted mated similarity score, the input of the quality calibration.
        restored: (N, S, S, 3) uint8 RGB, if asked for.
        difference: (N, S, S) float32 in [0, 1], 0 kept, 1 changed entirely, if asked for.
        strengths: (N, F) float32 in [0, 1], the degradations that the discriminator names, in the order of
            ``degradation.FAMILIES``; None from a network that names none.
    """

    ssim: NDArray[np.float64]
    mse: NDArray[np.float64]
    discriminator: NDArray[np.float64]
    similarity: NDArray[np.float64]
    restored: NDArray[np.uint8] | None = None
    difference: NDArray[np.float32] | None = None
    strengths: NDArray[np.float32] | None = None


def difference_map(ssim_values: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Turn local SSIM (..., h, w) into a map of what changed (..., ``size``, ``size``) float32 in [0, 1].

    ``(1 - SSIM) / 2``; the border that no whole window reaches repeats the nearest value.
    """
    values = np.clip((1.0 - ssim_values) / 2.0, 0.0, 1.0)
    before = (size - values.shape[-1]) // 2
    after = size - values.shape[-1] - before
    margins = [(0, 0)] * (values.ndim - 2) + [(before, after)] * 2
    return np.pad(values, margins, mode="edge").astype(np.float32)


def _prepare_device(device: str) -> str | None:
    """Return the Keras device, or None for the backend's own choice; make TensorFlow share a GPU.

    Raises:
        ValueError: the device is unknown or absent.
    """
    import keras

    name = device.lower()
    if not re.fullmatch(r"auto|cpu|gpu(:\d+)?", name):
        raise ValueError(f"device must be 'auto', 'cpu', 'gpu' or 'gpu:N', got {device!r}")
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
        for gpu in gpus:
            try:  # App, notebook and worker are three processes on one GPU: none may take it whole
                tf.config.experimental.set_memory_growth(gpu, True)
            except (
                RuntimeError
            ):  # already in use by the caller's own TensorFlow code: their settings stand
                break
        if name.startswith("gpu") and int(name.partition(":")[2] or 0) >= len(gpus):
            raise ValueError(
                f"device {device!r} asked for, but TensorFlow sees {len(gpus) or 'no'} GPU; use 'cpu' or 'auto'"
            )
    return None if name == "auto" else (name if ":" in name else f"{name}:0")


def build_scorer(generator: Any, discriminator: Any, head: Any) -> Any:
    """Join the networks and the measures into one functional graph.

    Input (N, S, S, 3) in [0, 1]; outputs: measures (N, 3) in the order of ``MEASURES``, predicted similarity (N, 1),
    restored (N, S, S, 3) in [0, 1], local SSIM (N, S - 10, S - 10), strengths of the named degradations (N, F).
    """
    import keras
    from keras import layers

    from faceqgen_core.measures.native import native_measures
    from faceqgen_core.measures.ssim import WINDOW

    class NativeMeasures(layers.Layer):  # type: ignore[misc]
        def call(self, image: Any, restored: Any, logits: Any) -> Any:
            return native_measures(image, restored, logits)

        def compute_output_shape(
            self, image_shape: Any, restored_shape: Any, logits_shape: Any
        ) -> Any:
            side = image_shape[1] - WINDOW + 1
            return (image_shape[0], 3), (image_shape[0], side, side)

    image = keras.Input(generator.input_shape[1:], name="image")
    restored, bottleneck, named, *_ = generator(image, training=False)
    logits, *levels, judged, predicted, _ = discriminator(image, training=False)
    measures, local = NativeMeasures(name="measures")(image, restored, logits)
    similarity = head([bottleneck, levels[-1], named, judged, predicted, measures], training=False)
    return keras.Model(image, [measures, similarity, restored, local, judged], name="scorer")


def _load_scorer(preset: Preset) -> Any:
    from faceqgen_core.networks import build_discriminator, build_generator, build_quality_head

    n = preset.networks
    networks = (
        build_generator(size=n["size"], width=n["generator_width"]),
        build_discriminator(size=n["size"], width=n["discriminator_width"]),
        build_quality_head(
            size=n["size"],
            width=n["generator_width"],
            patch_width=n["discriminator_width"],
            units=n["head_units"],
        ),
    )
    for network, file in zip(networks, WEIGHTS, strict=True):
        try:
            network.load_weights(preset.weights(file))
        except (
            ValueError,
            OSError,
            KeyError,
        ) as error:  # Keras prints whole tensors; one line will do
            raise PresetError(
                f"preset {preset.name!r}: {file} does not fit the networks of this version; "
                "use the version the preset was made with, or fetch the preset again"
            ) from error
    return build_scorer(*networks)


class Restorer:
    """Runs a preset's networks over crops.

    Networks are loaded once per process and device and shared between restorers. Batches are padded to a few fixed
    sizes, so that a face costs no recompilation and scores the same alone and in any batch.

    Args:
        preset: a verified preset.
        batch_size: crops per call, at least 1.
        device: "auto", "cpu", "gpu" or "gpu:N".

    Raises:
        ValueError: a batch size under 1 or an unknown or absent device.
    """

    def __init__(self, preset: Preset, *, batch_size: int = 32, device: str = "auto") -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        self.preset = preset
        self.batch_size = batch_size
        self._device = _prepare_device(device)
        key = f"{preset.identifier}|{preset.folder}|{self._device}"
        with _LOCK:
            if key not in _CACHE:
                with self._scope():
                    _CACHE[key] = _load_scorer(preset)
            self._scorer = _CACHE[key]

    def _scope(self) -> Any:
        import contextlib

        import keras

        return keras.device(self._device) if self._device else contextlib.nullcontext()

    def restore(
        self, crops: NDArray[np.uint8], *, restored: bool = False, difference: bool = False
    ) -> RestorationResult:
        """Restore and measure crops.

        Args:
            crops: (N, S, S, 3) uint8 RGB, S the preset's crop size; N may be 0.
            restored: also return the restored crops.
            difference: also return the difference maps.

        Raises:
            ValueError: wrong shape or type.
        """
        size = self.preset.protocol.size
        crops = np.asarray(crops)
        if crops.dtype != np.uint8 or crops.ndim != 4 or crops.shape[1:] != (size, size, 3):
            raise ValueError(
                f"crops must be (N, {size}, {size}, 3) uint8 RGB, got {crops.shape} {crops.dtype}"
            )
        parts = [
            self._run(crops[i : i + self.batch_size], restored=restored, difference=difference)
            for i in range(0, len(crops), self.batch_size)
        ]
        if not parts:
            none = np.empty(0, np.float64)
            return RestorationResult(
                none,
                none,
                none,
                none,
                np.empty((0, size, size, 3), np.uint8) if restored else None,
                np.empty((0, size, size), np.float32) if difference else None,
                np.empty((0, self._scorer.output_shape[-1][-1]), np.float32),
            )
        measures = np.concatenate([p[0] for p in parts]).astype(np.float64)
        return RestorationResult(
            ssim=measures[:, 0],
            mse=measures[:, 1],
            discriminator=measures[:, 2],
            similarity=measures[:, 3],
            restored=np.concatenate([p[1] for p in parts]) if restored else None,
            difference=np.concatenate([p[2] for p in parts]) if difference else None,
            strengths=np.concatenate([p[3] for p in parts]),
        )

    def _run(
        self, crops: NDArray[np.uint8], *, restored: bool, difference: bool
    ) -> tuple[Any, Any, Any, Any]:
        count = len(crops)
        padded = min(self.batch_size, 1 << (count - 1).bit_length())
        batch = np.zeros((padded, *crops.shape[1:]), np.float32)
        batch[:count] = crops / np.float32(255.0)
        # Keras keeps state per model while it predicts: one call at a time.
        with _LOCK, self._scope():
            outputs = self._scorer.predict_on_batch(batch)
        measures, similarity, images, local, named = (np.asarray(o)[:count] for o in outputs)
        numbers = np.concatenate([measures, similarity], axis=1)
        pictures = np.rint(np.nan_to_num(images) * 255.0).astype(np.uint8) if restored else None
        maps = (
            difference_map(np.nan_to_num(local, nan=-1.0), crops.shape[1]) if difference else None
        )
        return numbers, pictures, maps, named
