"""The networks and the measures as one graph: scoring, the fitting of the quality head and its use run the very same one.

The discriminator comes first: how well a face will be known, and whom it shows, are inputs of the generator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from faceqgen_core.measures.native import native_measures
from faceqgen_core.measures.ssim import WINDOW
from faceqgen_core.networks.discriminator import build_discriminator
from faceqgen_core.networks.generator import build_generator
from faceqgen_core.networks.quality_head import build_quality_head

HEAD_INPUTS = ("bottleneck", "code", "trust", "patches", "strengths", "judged", "measures")
"""What the quality head reads, in its order: outputs of ``build_features``."""


@keras.saving.register_keras_serializable(package="faceqgen")
class NativeMeasures(layers.Layer):  # type: ignore[misc]
    """``native_measures`` over a fixed region, as a layer without weights."""

    def __init__(self, region: Any, **options: Any) -> None:
        super().__init__(**options)
        self.region = np.asarray(region, np.float32)

    def call(self, image: Any, restored: Any, logits: Any) -> Any:
        """Measures (N, 3) in the order of ``MEASURES`` and local SSIM (N, S - 10, S - 10)."""
        return native_measures(image, restored, logits, self.region)

    def compute_output_shape(self, image_shape: Any, restored_shape: Any, logits_shape: Any) -> Any:
        """Shapes of the two."""
        side = image_shape[1] - WINDOW + 1
        return (image_shape[0], 3), (image_shape[0], side, side)

    def get_config(self) -> dict[str, Any]:
        """What builds the layer again."""
        return {**super().get_config(), "region": self.region.tolist()}


def network_builders(numbers: Mapping[str, int]) -> tuple[Callable[[], Any], ...]:
    """What builds generator, discriminator and quality head, without weights, in the order of ``presets.WEIGHTS``.

    Args:
        numbers: a preset's ``networks``: size, generator_width, discriminator_width, head_units and code.
    """
    size, code = numbers["size"], numbers["code"]
    width, patch_width = numbers["generator_width"], numbers["discriminator_width"]
    units = numbers["head_units"]
    return (
        lambda: build_generator(size=size, width=width, code=code),
        lambda: build_discriminator(size=size, width=patch_width),
        lambda: build_quality_head(
            size=size, width=width, patch_width=patch_width, code=code, units=units
        ),
    )


def build_networks(numbers: Mapping[str, int]) -> tuple[Any, Any, Any]:
    """Build generator, discriminator and quality head, see ``network_builders``."""
    generator, discriminator, head = (build() for build in network_builders(numbers))
    return generator, discriminator, head


def build_features(generator: Any, discriminator: Any, region: NDArray[np.float32]) -> Any:
    """Join generator, discriminator and measures.

    Args:
        generator: see ``build_generator``.
        discriminator: see ``build_discriminator``.
        region: (S, S) float32, where SSIM and MSE are measured, see ``measures.region``.

    Returns:
        A model from (N, S, S, 3) RGB in [0, 1] to a dictionary: ``restored`` and ``drawn`` (N, S, S, 3) in [0, 1],
        ``local`` SSIM (N, S - 10, S - 10), and what ``HEAD_INPUTS`` names. ``trust`` is (N, S, S, 1) in [0, 1],
        ``strengths`` the degradations that the discriminator names (N, F), ``judged`` the mated similarity that it
        predicts (N, 1), ``measures`` (N, 3) in the order of ``MEASURES``.
    """
    image = keras.Input(discriminator.input_shape[1:], name="image")
    logits, *levels, named, judged, identity = discriminator(image, training=False)
    restored, drawn, trust, code, bottleneck = generator([image, judged, identity], training=False)
    measures, local = NativeMeasures(region, name="measures")(image, restored, logits)
    outputs = {
        "restored": restored,
        "drawn": drawn,
        "local": local,
        "bottleneck": bottleneck,
        "code": code,
        "trust": trust,
        "patches": levels[-1],
        "strengths": named,
        "judged": judged,
        "measures": measures,
    }
    return keras.Model(image, outputs, name="features")


def build_scorer(generator: Any, discriminator: Any, head: Any, region: NDArray[np.float32]) -> Any:
    """Join the three networks and the measures.

    Returns:
        A model as of ``build_features``: ``measures``, ``restored``, ``drawn``, ``trust``, ``local``, ``strengths`` and ``code``, and
        with them ``similarity`` (N, 1), the mated similarity that the head predicts.
    """
    image = keras.Input(discriminator.input_shape[1:], name="image")
    made = build_features(generator, discriminator, region)(image, training=False)
    similarity = head([made[name] for name in HEAD_INPUTS], training=False)
    kept = ("measures", "restored", "drawn", "trust", "local", "strengths", "code")
    outputs = {"similarity": similarity, **{name: made[name] for name in kept}}
    return keras.Model(image, outputs, name="scorer")
