"""A generator and a discriminator of somebody else's: restoration and the three native measures, no quality.

The crop protocol is ours, at the size that the generator states; SSIM and MSE are taken over the outline of the face in
[0, 1] RGB, whatever range and order of colours the networks work in.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.foreign.foreign_preset import ForeignPreset, ForeignResult, name_of
from faceqgen_core.foreign.network_loading import inspect_network, last_activation, load_network
from faceqgen_core.foreign.pair_config import PairConfig, read_pair
from faceqgen_core.foreign.refusal import refuse
from faceqgen_core.measures import MEASURES
from faceqgen_core.measures.region import face_region
from faceqgen_core.presets import sha256_of
from faceqgen_core.restoration import NO_PICTURES, Pictures, as_picture, difference_map

SIZES = (16, 512)
_CERTAIN = 1e-6


@dataclass(frozen=True)
class PairPreset(ForeignPreset):
    """A checked pair that is not loaded.

    Attributes:
        pair: what its ``pair.json`` says, ``judgement`` decided.
    """

    pair: PairConfig

    notice = (
        "A pair without quality head and calibration gives SSIM, MSE and the discriminator's number: no quality of 0 to "
        "100, no reasons"
    )

    def restorer(self, *, batch_size: int = 32, device: str = "auto") -> PairRestorer:
        """Load both networks, see ``PairRestorer``."""
        return PairRestorer(self, batch_size=batch_size, device=device)


def open_pair(path: Path) -> PairPreset:
    """Check a ``pair.json`` and the two files that it names; loads no network library.

    Raises:
        PresetError: a file is not usable, or the two do not fit together.
    """
    said = read_pair(path)
    _, shape = inspect_network(said.generator)
    stored, judged = inspect_network(said.discriminator)
    side = shape[0] if shape else None
    if shape != (side, side, 3) or side is None or not SIZES[0] <= side <= SIZES[1]:
        refuse(
            said.generator,
            f"a generator takes a square of {SIZES[0]} to {SIZES[1]} pixels in three colours, this one {shape}",
        )
    if judged != shape:
        refuse(said.discriminator, f"it takes {judged}, its generator {shape}")
    judgement = said.judgement or (
        "probability" if last_activation(stored.config) == "sigmoid" else "logit"
    )
    digest = hashlib.sha256(
        "|".join(
            [
                *(sha256_of(file) for file in (said.generator, said.discriminator)),
                *map(str, (said.low, said.high, said.channels, judgement)),
            ]
        ).encode()
    ).hexdigest()
    try:
        protocol = CropProtocol(size=side, eye_distance=said.eye_distance, center_y=said.center_y)
        face_region(protocol)
    except ValueError as error:
        refuse(path, str(error))
    return PairPreset.of(
        path,
        name=said.name or name_of(said.generator),
        digest=digest,
        protocol=protocol,
        pair=PairConfig(**{**vars(said), "judgement": judgement}),
    )


class PairRestorer:
    """Runs a pair over crops.

    Args:
        preset: the checked pair.
        batch_size: crops per call, at least 1.
        device: "auto", "cpu", "gpu" or "gpu:N".

    Raises:
        ValueError: a batch size under 1 or an unknown or absent device.
        PresetError: weights that do not fit, or a network that gives something else than a picture or a judgement.
    """

    def __init__(self, preset: PairPreset, *, batch_size: int = 32, device: str = "auto") -> None:
        self._region = face_region(preset.protocol)
        self._network = preset.crop_network(
            lambda: _model(preset.pair, self._region), batch_size=batch_size, device=device
        )

    def restore(
        self, crops: NDArray[np.uint8], *, pictures: Pictures = NO_PICTURES
    ) -> ForeignResult:
        """Restore and measure (N, S, S, 3) uint8 RGB crops; ``drawn``, ``trust`` and ``code`` are there for none of them.

        Raises:
            ValueError: wrong shape or type.
        """
        made = self._network.outputs(crops)
        numbers = made["measures"].astype(np.float64)
        local = np.nan_to_num(made["local"], nan=-1.0)
        return ForeignResult(
            {name: numbers[:, place] for place, name in enumerate(MEASURES)},
            restored=as_picture(made["restored"]) if pictures.restored else None,
            difference=difference_map(local, len(self._region), self._region)
            if pictures.difference
            else None,
        )


def _model(pair: PairConfig, region: NDArray[np.float32]) -> Any:
    """From RGB, 0 to 255, to measures, the restored picture in [0, 1] and local SSIM."""
    import keras
    from keras import ops

    from faceqgen_core.networks.scorer import NativeMeasures

    generator, discriminator = load_network(pair.generator), load_network(pair.discriminator)
    image = keras.Input((*region.shape, 3))
    if generator.output_shape != (None, *region.shape, 3):
        refuse(pair.generator, f"it gives {generator.output_shape}, no picture of its input's size")
    shape = discriminator.output_shape
    if len(discriminator.outputs) != 1 or len(shape) not in (2, 4) or shape[-1] != 1:
        refuse(
            pair.discriminator,
            f"it gives {shape}: one number, or a map of one, is what can be read",
        )

    def turned(pixels: Any) -> Any:
        return pixels[..., ::-1] if pair.channels == "BGR" else pixels

    span = pair.high - pair.low
    scaled = turned(image) * (span / 255.0) + pair.low
    made = (turned(generator(scaled, training=False)) - pair.low) / span
    judged = discriminator(scaled, training=False)
    if pair.judgement == "probability":
        certain = ops.clip(judged, _CERTAIN, 1 - _CERTAIN)
        judged = ops.log(certain) - ops.log(1 - certain)
    if len(shape) == 2:
        judged = keras.layers.Reshape((1, 1, 1))(judged)
    restored = ops.clip(made, 0.0, 1.0)
    measures, local = NativeMeasures(region)(image / 255.0, restored, judged)
    return keras.Model(image, {"measures": measures, "restored": restored, "local": local})
