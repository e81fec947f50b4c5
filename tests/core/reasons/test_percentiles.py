"""Percentiles by sorting, beside NumPy's."""

import numpy as np
import pytest

from faceqgen_core.reasons.percentiles import percentiles


@pytest.mark.parametrize("count", [1, 2, 7, 386, 4096])
def test_percentiles_are_those_of_numpy(count):
    values = np.random.default_rng(count).normal(100, 40, (3, count)).astype(np.float32)
    shares = (0, 5, 50, 90, 100)
    for found, share in zip(percentiles(values, *shares), shares, strict=True):
        np.testing.assert_allclose(found, np.percentile(values, share, axis=1), rtol=1e-6)
