"""Restoration: crops -> native measures, restored crops and difference maps, in one compiled call per batch.

uint8 RGB outside; float32 in [0, 1], NHWC, inside. The networks run in inference mode, always.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.changes.naming import name_changes
from faceqgen_core.measures.region import face_region
from faceqgen_core.preset_checks import require_shapes
from faceqgen_core.presets import WEIGHTS, Preset, PresetError
from faceqgen_core.process.crop_network import CropNetwork, Outputs


@dataclass(frozen=True, eq=False)
class RestorationResult:
    """What came out for N crops, in their order.

    Attributes:
        ssim, mse, discriminator: (N,) float64 native measures.
        similarity: (N,) float64 predicted mated similarity score, the input of the quality calibration.
        restored: (N, S, S, 3) uint8 RGB, if asked for.
        difference: (N, S, S) float32 in [0, 1], 0 kept, 1 changed entirely, dimmed beside the face, if asked for.
        predicted_levels: (N, F) float32 in [0, 1], the degradations that the discriminator names, in the order of
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
    predicted_levels: NDArray[np.float32] | None = None
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
    def predicted_levels(self) -> NDArray[np.float32] | None:
        """(N, F) degradations."""
        ...

    @property
    def changes(self) -> list[tuple[str, ...]] | None:
        """What was changed, of each crop."""
        ...


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """What a result shall hold of each crop beside the numbers.

    Attributes:
        restored: the restored crop.
        difference: the difference map.
        drawn: the face as drawn from its code alone.
        trust: how far each pixel of the crop was kept.
        code: the code from which the face is drawn.
    """

    restored: bool = False
    difference: bool = False
    drawn: bool = False
    trust: bool = False
    code: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Of those that are asked for: attributes of the result and of an Assessment."""
        return tuple(name for name, asked in asdict(self).items() if asked)


NO_PICTURES = Pictures()

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
    changes = np.pad(values, margins, mode="edge").astype(np.float32, copy=False)
    return changes if region is None else changes * (DIMMED + (1 - DIMMED) * region)


def as_picture(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Pictures in [0, 1], same shape, as uint8; what is not finite becomes black."""
    return np.asarray(np.rint(_finite(values) * 255.0), np.uint8)


def _finite(values: NDArray[np.float32], missing: float = 0.0) -> NDArray[np.float32]:
    """The values themselves where all are finite, which costs a tenth of a copy; else with ``missing`` for NaN."""
    return values if np.isfinite(values).all() else np.nan_to_num(values, nan=missing)


class CropRestorer(Protocol):
    """What the assessor needs of a network: see ``restoration.Restorer``."""

    def restore(
        self, crops: NDArray[np.uint8], *, pictures: Pictures = NO_PICTURES
    ) -> MeasuredCrops:
        """Restore and measure (N, S, S, 3) uint8 RGB crops; pictures that are asked for are attributes."""
        ...


def load_networks(preset: Preset) -> tuple[Any, Any, Any]:
    """The preset's generator, discriminator and quality head, with their weights.

    Raises:
        PresetError: weights that do not fit the networks of this version.
    """
    from faceqgen_core.networks.scorer import network_builders

    networks = []
    # One after the other: a file that does not fit is refused before room is made for the next network.
    for build, file in zip(network_builders(preset.networks), WEIGHTS, strict=True):
        network = build()
        networks.append(network)
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
    generator, discriminator, head = networks
    return generator, discriminator, head


def _load_scorer(preset: Preset) -> Any:
    from faceqgen_core.networks.scorer import build_scorer

    return build_scorer(*load_networks(preset), face_region(preset.protocol))


class Restorer:
    """Runs a preset's networks over crops.

    Networks are loaded once per process and device and shared between restorers. On the processor crops go through them in
    groups of eight, a few that are left over one by one. A face scores the same alone, in any batch and order, and with any
    number of threads within 0.001 of 100 in quality, 0.00005 in the native measures and one grey level of a restored crop,
    of which far less is used (docs/reliability.md); a name of a change whose number lies on its limit may come or go.
    Elsewhere (a GPU, another backend of Keras) crops share calls of a few fixed sizes, and a batch may change the last digits.

    Args:
        preset: a verified preset.
        batch_size: crops per call, at least 1.
        device: "auto", "cpu", "gpu" or "gpu:N".

    Raises:
        ValueError: a batch size under 1, an unknown or absent device, or a backend of Keras that is not installed.
        RuntimeError: the process was forked after TensorFlow had run.
    """

    def __init__(self, preset: Preset, *, batch_size: int = 32, device: str = "auto") -> None:
        self.preset = preset
        self.batch_size = batch_size
        self._network = CropNetwork(
            f"{preset.identifier}|{preset.folder}",
            lambda: _load_scorer(preset),
            batch_size=batch_size,
            device=device,
            white=1.0,
        )

    def restore(
        self, crops: NDArray[np.uint8], *, pictures: Pictures = NO_PICTURES
    ) -> RestorationResult:
        """Restore and measure crops.

        Args:
            crops: (N, S, S, 3) uint8 RGB, S the preset's crop size; N may be 0.
            pictures: what else to return.

        Raises:
            ValueError: wrong shape or type.
            RuntimeError: the process was forked after TensorFlow had run.
        """
        parts = [self._result(*part, pictures.names) for part in self._network.parts(crops)]
        changes = [names for part in parts for names in part.pop("changes")]
        return RestorationResult(
            **{name: np.concatenate([part[name] for part in parts]) for name in parts[0]},
            changes=changes,
        )

    def _result(
        self, crops: NDArray[np.float32], made: Outputs, asked: tuple[str, ...]
    ) -> dict[str, Any]:
        """What the result holds of a part of the crops, by its name there."""
        numbers = made["measures"].astype(np.float64)
        local = _finite(made["local"], -1.0)
        result = {
            "ssim": numbers[:, 0],
            "mse": numbers[:, 1],
            "discriminator": numbers[:, 2],
            "similarity": made["similarity"][:, 0].astype(np.float64),
            "predicted_levels": made["strengths"],
            "changes": name_changes(
                crops,
                _finite(made["restored"]),
                _finite(made["trust"][..., 0]),
                difference_map(local, crops.shape[1]),
                self.preset.protocol,
            ),
        }
        for name in asked:
            if name == "difference":
                region = face_region(self.preset.protocol)
                result[name] = difference_map(local, crops.shape[1], region)
            elif name == "trust":
                result[name] = _finite(made[name][..., 0])
            elif name == "code":
                result[name] = _finite(made[name])
            else:
                result[name] = as_picture(made[name])
        return result
