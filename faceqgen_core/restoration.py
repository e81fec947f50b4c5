"""Restoration: crops -> native measures, restored crops and difference maps, in one compiled call per batch.

uint8 RGB outside; float32 in [0, 1], NHWC, inside. The networks run in inference mode, always.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.changes.naming import name_changes
from faceqgen_core.measures.region import face_region
from faceqgen_core.preset_checks import require_shapes
from faceqgen_core.presets import WEIGHTS, Preset, PresetError
from faceqgen_core.process.forks import FORKED, forked_after_tensorflow
from faceqgen_core.process.keras_settings import pinned, require_keras

NETWORK_LOCK = threading.Lock()
"""Keras keeps state per model while it builds, loads or predicts: one of these at a time."""

_CACHE: dict[str, Any] = {}
MOST_AT_ONCE = 64
"""More crops a call make nothing faster, and each takes several megabytes."""

_SIDE_BY_SIDE = 1


@dataclass(frozen=True, eq=False)
class RestorationResult:
    """What came out for N crops, in their order.

    Attributes:
        ssim, mse, discriminator: (N,) float64 native measures.
        similarity: (N,) float64 predicted mated similarity score, the input of the quality calibration.
        restored: (N, S, S, 3) uint8 RGB, if asked for.
        difference: (N, S, S) float32 in [0, 1], 0 kept, 1 changed entirely, dimmed beside the face, if asked for.
        strengths: (N, F) float32 in [0, 1], the degradations that the discriminator names, in the order of
            ``degradation.FAMILIES``; None from a network that names none.
        drawn: (N, S, S, 3) uint8 RGB, the face as drawn from its code alone, if asked for.
        trust: (N, S, S) float32 in [0, 1], how far the restored face is made of the crop, 0 drawn anew, if asked for.
        code: (N, C) float32, the code from which each face was drawn, in standard deviations of the principal components; if
            asked for.
        changes: for each crop what was changed, see ``changes.naming``; None from a network that tells no trust.
    """

    ssim: NDArray[np.float64]
    mse: NDArray[np.float64]
    discriminator: NDArray[np.float64]
    similarity: NDArray[np.float64]
    restored: NDArray[np.uint8] | None = None
    difference: NDArray[np.float32] | None = None
    strengths: NDArray[np.float32] | None = None
    drawn: NDArray[np.uint8] | None = None
    trust: NDArray[np.float32] | None = None
    code: NDArray[np.float32] | None = None
    changes: list[tuple[str, ...]] | None = None

    @property
    def numbers(self) -> dict[str, NDArray[np.float64]]:
        """What the preset makes scores of, (N,) float64 by name."""
        return {
            "ssim": self.ssim,
            "mse": self.mse,
            "discriminator": self.discriminator,
            "similarity": self.similarity,
        }


class MeasuredCrops(Protocol):
    """What the assessor reads of a result: see ``RestorationResult``; None is what a network does not tell."""

    @property
    def numbers(self) -> dict[str, NDArray[np.float64]]:
        """(N,) float64 by name."""
        ...

    @property
    def strengths(self) -> NDArray[np.float32] | None:
        """(N, F) degradations."""
        ...

    @property
    def changes(self) -> list[tuple[str, ...]] | None:
        """What was changed, of each crop."""
        ...


PICTURES = ("restored", "difference", "drawn", "trust", "code")
"""What a result holds of each crop if it is asked for."""

DIMMED = 0.3
"""What is left in a difference map of a change beside the face, where nothing is measured."""


def difference_map(
    ssim_values: NDArray[np.float32], size: int, region: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Turn local SSIM (..., h, w) into a map of what changed (..., ``size``, ``size``) float32 in [0, 1].

    ``(1 - SSIM) / 2``; the border that no whole window reaches repeats the nearest value.

    Args:
        ssim_values: local SSIM where whole windows fit.
        size: side of the crops.
        region: (``size``, ``size``) in [0, 1], see ``measures.region``: outside of it the map is multiplied by ``DIMMED``;
            None: nowhere.
    """
    values = np.clip((1.0 - ssim_values) / 2.0, 0.0, 1.0)
    before = (size - values.shape[-1]) // 2
    after = size - values.shape[-1] - before
    margins = [(0, 0)] * (values.ndim - 2) + [(before, after)] * 2
    changes = np.pad(values, margins, mode="edge").astype(np.float32)
    return changes if region is None else changes * (DIMMED + (1 - DIMMED) * region)


class CropRestorer(Protocol):
    """What the assessor needs of a network: see ``restoration.Restorer``."""

    def restore(
        self,
        crops: NDArray[np.uint8],
        *,
        restored: bool = False,
        difference: bool = False,
        drawn: bool = False,
        trust: bool = False,
        code: bool = False,
    ) -> MeasuredCrops:
        """Restore and measure (N, S, S, 3) uint8 RGB crops; pictures are attributes named by ``PICTURES``."""
        ...


def prepare_device(device: str) -> str | None:
    """Return the Keras device, or None for the backend's own choice; make TensorFlow share a GPU.

    Raises:
        ValueError: the device is unknown or absent, or Keras has no backend.
    """
    keras = require_keras()
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


@contextmanager
def device_scope(device: str | None) -> Iterator[None]:
    """Where and how networks are built and run; ``device`` is what ``prepare_device`` gave."""
    import keras

    with keras.device(device) if device else nullcontext(), pinned():
        yield


def on_processor(device: str | None) -> bool:
    """Whether TensorFlow runs the networks on the processor."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return device.startswith("cpu") if device else not tf.config.list_physical_devices("GPU")


def one_by_one(scorer: Any) -> Any:
    """A call for any number of crops that runs each by itself: how an operation is cut up depends on the batch's size."""
    import tensorflow as tf

    given = tf.TensorSpec((None, *scorer.input_shape[1:]), tf.float32)
    made = {n: tf.TensorSpec(x.shape[1:], tf.float32) for n, x in scorer.output.items()}

    @tf.function(input_signature=[given])  # type: ignore[untyped-decorator]
    def run(crops: Any) -> Any:
        def one(crop: Any) -> dict[str, Any]:
            outputs = scorer(crop[None], training=False)
            return {name: outputs[name][0] for name in made}

        return tf.map_fn(one, crops, fn_output_signature=made, parallel_iterations=_SIDE_BY_SIDE)

    return run


def load_networks(preset: Preset) -> tuple[Any, Any, Any]:
    """The preset's generator, discriminator and quality head, with their weights.

    Raises:
        PresetError: weights that do not fit the networks of this version.
    """
    from faceqgen_core.networks.scorer import build_networks

    networks = build_networks(preset.networks)
    for network, file in zip(networks, WEIGHTS, strict=True):
        try:
            require_shapes(preset.weights(file), [weight.shape for weight in network.weights])
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
    return networks


def _load_scorer(preset: Preset) -> Any:
    from faceqgen_core.networks.scorer import build_scorer

    return build_scorer(*load_networks(preset), face_region(preset.protocol))


def require_threads() -> None:
    """Refuse to call networks where they would never answer.

    Raises:
        RuntimeError: the process was forked after TensorFlow had run.
    """
    if forked_after_tensorflow():
        raise RuntimeError(FORKED)


class Restorer:
    """Runs a preset's networks over crops.

    Networks are loaded once per process and device and shared between restorers. On the processor each crop goes through
    them by itself: a face has the same bits alone and in any batch and order, for about a third more of the networks' time
    than one call for all of them would take; another number of threads may change the last bits (measures and similarity by
    5e-6 at most). Elsewhere (a GPU, another backend of Keras) crops share calls of a few fixed sizes, and a batch may change
    the last digits.

    Args:
        preset: a verified preset.
        batch_size: crops per call, at least 1.
        device: "auto", "cpu", "gpu" or "gpu:N".

    Raises:
        ValueError: a batch size under 1, an unknown or absent device, or a backend of Keras that is not installed.
        RuntimeError: the process was forked after TensorFlow had run.
    """

    def __init__(self, preset: Preset, *, batch_size: int = 32, device: str = "auto") -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        require_threads()
        self.preset = preset
        self.batch_size = batch_size
        self._device = prepare_device(device)
        key = f"{preset.identifier}|{preset.folder}|{self._device}"
        with NETWORK_LOCK:
            if key not in _CACHE:
                with device_scope(self._device):
                    scorer = _load_scorer(preset)
                    alone = one_by_one(scorer) if on_processor(self._device) else None
                    _CACHE[key] = scorer, alone
            self._scorer, self._alone = _CACHE[key]

    def restore(
        self,
        crops: NDArray[np.uint8],
        *,
        restored: bool = False,
        difference: bool = False,
        drawn: bool = False,
        trust: bool = False,
        code: bool = False,
    ) -> RestorationResult:
        """Restore and measure crops.

        Args:
            crops: (N, S, S, 3) uint8 RGB, S the preset's crop size; N may be 0.
            restored: also return the restored crops.
            difference: also return the difference maps.
            drawn: also return the faces as drawn from their codes.
            trust: also return how far each pixel of the crop was trusted.
            code: also return the codes from which the faces are drawn.

        Raises:
            ValueError: wrong shape or type.
            RuntimeError: the process was forked after TensorFlow had run.
        """
        require_threads()
        size = self.preset.protocol.size
        crops = np.asarray(crops)
        if crops.dtype != np.uint8 or crops.ndim != 4 or crops.shape[1:] != (size, size, 3):
            raise ValueError(
                f"crops must be (N, {size}, {size}, 3) uint8 RGB, got {crops.shape} {crops.dtype}"
            )
        wanted = (restored, difference, drawn, trust, code)
        asked = tuple(name for name, this in zip(PICTURES, wanted, strict=True) if this)
        most = min(self.batch_size, MOST_AT_ONCE)
        parts = [self._run(crops[i : i + most], asked) for i in range(0, len(crops), most)]
        if not parts:  # shapes and types of no crop are those of one
            one = self._run(np.zeros((1, size, size, 3), np.uint8), asked)
            parts = [{name: values[:0] for name, values in one.items()}]
        changes = [names for part in parts for names in part.pop("changes")]
        return RestorationResult(
            **{name: np.concatenate([part[name] for part in parts]) for name in parts[0]},
            changes=changes,
        )

    def _run(self, crops: NDArray[np.uint8], asked: tuple[str, ...]) -> dict[str, Any]:
        """What the result holds of up to a batch of crops, by its name there."""
        count = len(crops)
        padded = count if self._alone else 1 << (count - 1).bit_length()
        batch = np.zeros((padded, *crops.shape[1:]), np.float32)
        batch[:count] = crops / np.float32(255.0)
        with NETWORK_LOCK, device_scope(self._device):
            outputs = self._alone(batch) if self._alone else self._scorer.predict_on_batch(batch)
        made = {name: np.asarray(values)[:count] for name, values in outputs.items()}
        numbers = made["measures"].astype(np.float64)
        local = np.nan_to_num(made["local"], nan=-1.0)
        result = {
            "ssim": numbers[:, 0],
            "mse": numbers[:, 1],
            "discriminator": numbers[:, 2],
            "similarity": made["similarity"][:, 0].astype(np.float64),
            "strengths": made["strengths"],
            "changes": name_changes(
                batch[:count],
                np.nan_to_num(made["restored"]),
                np.nan_to_num(made["trust"][..., 0]),
                difference_map(local, crops.shape[1]),
                self.preset.protocol,
            ),
        }
        for name in asked:
            if name == "difference":
                region = face_region(self.preset.protocol)
                result[name] = difference_map(local, crops.shape[1], region)
            elif name == "trust":
                result[name] = np.nan_to_num(made[name][..., 0])
            elif name == "code":
                result[name] = np.nan_to_num(made[name])
            else:
                result[name] = np.rint(np.nan_to_num(made[name]) * 255.0).astype(np.uint8)
        return result
