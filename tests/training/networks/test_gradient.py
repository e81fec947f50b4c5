"""One training step does the same on every Keras backend, and mixed precision still learns."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from faceqgen_core.training.networks.gradient import gradient_step, loss_scaled, precision

SCRIPT = Path(__file__).with_name("gan_steps.py")


def _steps(backend, name="float32"):
    """Losses and weights after some steps, in a process of its own: a process has one backend."""
    environment = os.environ | {
        "KERAS_BACKEND": backend,
        "PYTHONPATH": str(SCRIPT.parents[3]),
        "CUDA_VISIBLE_DEVICES": "",
    }
    command = [sys.executable, str(SCRIPT), name]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["backend"] == backend
    return result


@pytest.fixture(scope="module", params=["torch", "jax"])
def backend(request):
    """Another backend; where it is not installed, TensorFlow's steps are not taken either."""
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed; the project does not need it")
    return request.param


@pytest.fixture(scope="module")
def on_tensorflow():
    return _steps("tensorflow")


def test_every_backend_takes_the_same_steps(backend, on_tensorflow):
    result = _steps(backend)
    for part in ("graded", "losses"):
        for mine, theirs in zip(result[part], on_tensorflow[part], strict=True):
            # Adam divides by the size of young gradients: rounding grows with every step of the pair of networks.
            assert mine == pytest.approx(theirs, rel=1e-2, abs=1e-3)
    assert result["sums"] == pytest.approx(on_tensorflow["sums"], rel=0.02, abs=0.02)


@pytest.mark.parametrize("name", ["bfloat16", "float16"])
def test_mixed_precision_keeps_float32_weights_and_lowers_the_loss(name):
    result = _steps("tensorflow", name)
    assert result["computed"] == [name, name]
    assert result["weights"] == ["float32"]
    first, last = result["graded"][0], result["graded"][-1]
    assert last["naming"] < 0.7 * first["naming"]  # twenty-four steps
    for part in ("graded", "losses"):
        last = result[part][-1]
        assert all(value == value for value in last.values())


def test_only_float16_scales_the_loss():
    for name, scaled in (("float32", False), ("bfloat16", False), ("float16", True)):
        with precision(name):
            network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        optimizer = loss_scaled(keras.optimizers.Adam(), network)
        assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer) == scaled
    assert keras.config.dtype_policy().name == "float32"


def test_an_unknown_precision_is_a_clear_error():
    with pytest.raises(ValueError, match="precision must be one of float32"), precision("double"):
        pass


def test_an_unknown_backend_is_a_clear_error(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "numpy")
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match="KERAS_BACKEND"):
        gradient_step(lambda: (0, 0), network, keras.optimizers.Adam())
