"""Calibration maps native numbers to 0..100, higher is better, by OFIQ's published formula."""

import itertools
import math

import numpy as np
import pytest

from faceqgen_core.calibration import Calibration, SigmoidMapping
from faceqgen_core.presets import load_preset
from faceqgen_core.training.calibrate import (
    GOOD_QUALITY,
    POOR_QUALITY,
    component_mapping,
    scale_between,
)


def test_the_mapping_is_ofiqs_formula():
    mapping = SigmoidMapping(x0=0.3, w=0.05, h=110.0, a=-0.05, s=1.1)
    for x in np.linspace(0, 1, 11):
        expected = 110.0 * (-0.05 + 1.1 / (1 + math.exp((0.3 - x) / 0.05)))
        assert mapping(float(x)) == pytest.approx(min(100, max(0, expected)))


def test_extreme_values_neither_overflow_nor_leave_the_scale():
    for w in (1e-3, -1e-3):
        mapping = SigmoidMapping(x0=0.5, w=w)
        assert {round(mapping(x)) for x in (-1e6, 1e6)} == {0, 100}


def test_a_mapping_without_width_is_refused():
    with pytest.raises(ValueError, match="w other than 0"):
        SigmoidMapping(x0=0.5, w=0.0)


def test_better_native_values_give_higher_components():
    calibration = load_preset("faceqgen-128").calibration
    good = calibration.components({"ssim": 0.99, "mse": 0.0001, "discriminator": 0.9})
    poor = calibration.components({"ssim": 0.4, "mse": 0.05, "discriminator": 0.05})
    assert all(good[name] > poor[name] for name in good)
    assert all(0 <= value <= 100 for value in [*good.values(), *poor.values()])


def test_quality_rises_with_the_predicted_similarity():
    quality = [load_preset("faceqgen-128").calibration.quality(s) for s in np.linspace(-1, 1, 41)]
    assert all(b > a for a, b in itertools.pairwise(quality))


def test_the_configuration_survives_a_round_trip():
    calibration = load_preset("faceqgen-128").calibration
    assert Calibration.from_config(calibration.to_config()) == calibration


def test_the_scale_is_laid_through_its_two_anchors():
    mapping = scale_between(0.1, 0.8)
    assert mapping(0.1) == pytest.approx(POOR_QUALITY)
    assert mapping(0.8) == pytest.approx(GOOD_QUALITY)
    with pytest.raises(ValueError, match="do not score above"):
        scale_between(0.8, 0.1)


def test_components_put_the_quartiles_at_25_50_and_75():
    values = np.random.default_rng(0).normal(3, 2, 4001)
    low, middle, high = np.percentile(values, [25, 50, 75])
    rising = component_mapping(values, higher_is_better=True)
    assert [rising(x) for x in (low, middle, high)] == pytest.approx([25, 50, 75], abs=2)
    falling = component_mapping(values, higher_is_better=False)
    assert falling(low) > falling(high)


@pytest.mark.parametrize(
    "mapping", [SigmoidMapping(0.4, 0.1), SigmoidMapping(2.0, -0.3, a=0.1, s=0.8)]
)
def test_the_inverse_of_a_mapping_leads_back(mapping):
    for quality in (12.0, 50.0, 88.0):
        assert mapping(mapping.inverse(quality)) == pytest.approx(quality)
    assert mapping(mapping.inverse(200.0)) == pytest.approx(mapping(mapping.inverse(100.0)))
