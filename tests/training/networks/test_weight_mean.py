"""The mean of weights over the last part of a training."""

from __future__ import annotations

import numpy as np
import pytest
from keras import Variable, ops

from faceqgen_core.training.networks.weight_mean import WeightMean


@pytest.fixture
def states() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(5, 3, 2)).astype(np.float32)


def test_the_mean_is_numpys_mean_of_the_states_that_were_added(states):
    weight = Variable(np.zeros((3, 2), np.float32))
    mean = WeightMean([weight])
    for state in states:
        weight.assign(state)
        mean.add()
    weight.assign(np.full((3, 2), 9.0))
    mean.assign()
    np.testing.assert_allclose(ops.convert_to_numpy(weight), states.mean(axis=0), atol=1e-6)


def test_a_mean_goes_on_from_a_checkpoint(states):
    weight = Variable(np.zeros((3, 2), np.float32))
    whole, part = WeightMean([weight]), WeightMean([weight])
    for number, state in enumerate(states):
        weight.assign(state)
        whole.add()
        if number < 2:
            part.add()
    later = WeightMean([weight])
    later.restore(part.arrays(), part.count)
    for state in states[2:]:
        weight.assign(state)
        later.add()
    np.testing.assert_allclose(later.arrays()["mean/0"], whole.arrays()["mean/0"], atol=1e-12)


def test_without_a_state_the_weights_stay(states):
    weight = Variable(states[0])
    WeightMean([weight]).assign()
    np.testing.assert_array_equal(ops.convert_to_numpy(weight), states[0])
