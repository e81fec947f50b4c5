"""The number of GPUs, as each backend of Keras counts them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from faceqgen_core.process.gpus import count_gpus


def test_tensorflow_counts_the_gpus_itself():
    import tensorflow as tf

    assert count_gpus() == len(tf.config.list_physical_devices("GPU"))


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_are_asked_without_tensorflow(backend):
    pytest.importorskip(backend)
    code = (
        "import sys; from faceqgen_core.process.gpus import count_gpus; n = count_gpus();"
        "assert n >= 0 and 'tensorflow' not in sys.modules"
    )
    environment = {**os.environ, "KERAS_BACKEND": backend}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
