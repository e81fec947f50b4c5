"""The GPUs that the backend of Keras sees."""

from __future__ import annotations

from faceqgen_core.process.keras_settings import require_keras


def count_gpus() -> int:
    """How many GPUs the backend of Keras sees; 0 where it is a backend that this package knows nothing of.

    Raises:
        ValueError: Keras has no backend.
    """
    backend = require_keras().backend.backend()
    if backend == "tensorflow":  # does not start the GPUs: their memory is not divided yet
        import tensorflow as tf

        return len(tf.config.list_physical_devices("GPU"))
    if backend == "jax":
        import jax

        try:
            return len(jax.devices("gpu"))
        except RuntimeError:  # JAX is installed without its part for GPUs
            return 0
    if backend == "torch":
        import torch

        return int(torch.cuda.device_count())
    return 0
