"""The graph that is exported: an aligned crop -> all that is known of it, the calibrated quality included.

The crop is cut out before (``alignment``): the graph holds no detector. It makes the same calls as scoring does, and adds to
them the one step that scoring takes outside of the networks, the mapping to 0..100.
"""

from __future__ import annotations

from typing import Any

from faceqgen_core.calibration import SigmoidMapping
from faceqgen_core.measures import MEASURES, QUALITY
from faceqgen_core.presets import Preset

INPUT = "image"
"""Name of the input: (N, S, S, 3) float32 RGB in [0, 1], S the preset's crop size."""

OUTPUTS = ("restored", "drawn", "trust", *MEASURES, QUALITY.name)
"""Names of the outputs, all float32: ``restored`` and ``drawn`` (N, S, S, 3) RGB in [0, 1], ``trust`` (N, S, S) in [0, 1], 0
where the face is drawn anew, the native measures (N,) and ``quality`` (N,), 0..100."""


def build_graph(preset: Preset) -> Any:
    """The preset's networks as one TensorFlow function.

    Args:
        preset: a verified preset.

    Returns:
        A ``tf.function`` from ``INPUT`` to a dictionary of ``OUTPUTS``, with any number of crops N.

    Raises:
        ValueError: Keras runs on another backend than TensorFlow.
        PresetError: weights that do not fit the networks of this version.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            f"the export needs Keras on TensorFlow, and it runs on {keras.backend.backend()}: set KERAS_BACKEND=tensorflow"
        )
    import tensorflow as tf

    from faceqgen_core.measures.region import face_region
    from faceqgen_core.networks.scorer import build_scorer
    from faceqgen_core.restoration import load_networks

    scorer = build_scorer(*load_networks(preset), face_region(preset.protocol))
    size = preset.protocol.size
    mapping = preset.calibration.mappings[QUALITY.name]

    @tf.function(input_signature=[tf.TensorSpec((None, size, size, 3), tf.float32, name=INPUT)])  # type: ignore[untyped-decorator]
    def graph(image: Any) -> Any:
        made = scorer(image, training=False)
        numbers = {name: made["measures"][:, i] for i, name in enumerate(MEASURES)}
        outputs = {
            "restored": made["restored"],
            "drawn": made["drawn"],
            "trust": made["trust"][..., 0],
            **numbers,
            QUALITY.name: _mapped(mapping, made["similarity"][:, 0]),
        }
        return {name: tf.identity(outputs[name], name=name) for name in OUTPUTS}

    return graph


def _mapped(mapping: SigmoidMapping, values: Any) -> Any:
    """What ``SigmoidMapping`` gives, for a tensor."""
    from keras import ops

    z = (values - mapping.x0) / mapping.w
    return ops.clip(mapping.h * (mapping.a + mapping.s * ops.sigmoid(z)), 0.0, 100.0)
