"""Training steps as they stand, for tests that take few of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import pytest

from faceqgen_core.training.networks import gradient


@pytest.fixture(scope="module")
def uncompiled() -> Iterator[None]:
    """TensorFlow runs the steps of training as they stand, for the tests of one module.

    To compile a step of the generator takes ten seconds, to run it as it stands one: for a handful of steps the rest is waste.
    What compiled steps do is shown by ``test_gradient``, ``test_grading``, ``test_small_run`` and ``test_vanishing_cover``.
    """
    compiled_step = gradient._tensorflow_step

    def as_it_stands(*of: Any) -> Callable[..., Any]:
        step = compiled_step(*of).python_function
        return lambda *tensors: step(*map(keras.ops.convert_to_tensor, tensors))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gradient, "_tensorflow_step", as_it_stands)
        yield
