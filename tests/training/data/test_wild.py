"""Degradations by light, cameras and codecs: seeded, of every size, and harming more as their strength rises."""

import itertools

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from faceqgen_core.alignment import CropProtocol, align
from faceqgen_core.training.data.wild import FAMILIES, degrade_wild
from tests.images import astronaut, astronaut_face

CROP = align(astronaut(), astronaut_face(), CropProtocol()).image


@pytest.mark.parametrize("family", FAMILIES)
def test_harm_rises_with_strength(family):
    means = []
    for strength in (0.0, 0.25, 0.5, 0.75, 1.0):
        scores = [
            peak_signal_noise_ratio(
                CROP, degrade_wild(CROP, family, strength, np.random.default_rng(s))
            )
            for s in range(8)
        ]
        means.append(np.mean(scores))
    # Once turned far, a face is as far from itself at one angle as at the next.
    slack = 0.4 if family == "tilt" else 0.0
    assert all(b < a + slack for a, b in itertools.pairwise(means)), means
    assert means[-1] < means[0] - 3


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("shape", [(40, 40), (128, 96), (300, 410)])
def test_shape_and_type_are_kept_and_the_input_is_untouched(family, shape):
    image = np.ascontiguousarray(astronaut()[: shape[0], : shape[1]])
    before = image.copy()
    result = degrade_wild(image, family, 0.7, np.random.default_rng(1))
    assert result.shape == image.shape
    assert result.dtype == np.uint8
    assert result.flags.c_contiguous
    assert np.array_equal(image, before)
    assert not np.shares_memory(result, image)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_generator_state_gives_the_same_image(family):
    first, second = (degrade_wild(CROP, family, 0.5, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first, second)


def test_infrared_is_grey_and_fog_pale():
    infrared = degrade_wild(CROP, "infrared", 0.8, np.random.default_rng(0))
    assert np.ptp(infrared.astype(int), axis=2).max() <= 1
    fog = degrade_wild(CROP, "fog", 1.0, np.random.default_rng(0))
    assert fog.std() < 0.4 * CROP.std()
    assert fog.mean() > CROP.mean()


def test_interlacing_leaves_every_second_line_in_place():
    image = degrade_wild(CROP, "interlacing", 0.0, np.random.default_rng(0))
    assert np.array_equal(image[::2], CROP[::2])
    assert not np.array_equal(image[1::2], CROP[1::2])


def test_hard_light_leaves_a_bright_and_a_dark_part():
    grey = np.full((128, 128, 3), 120, np.uint8)
    for family in ("hard_light", "cast_shadow", "blinds", "dapple"):
        image = degrade_wild(grey, family, 1.0, np.random.default_rng(2)).mean(axis=2)
        assert (image < 40).mean() > 0.1, family
        assert (image > 120).mean() > 0.1, family


def test_tilt_turns_the_face_and_invents_no_black_corner():
    white = np.full((128, 128, 3), 250, np.uint8)
    assert degrade_wild(white, "tilt", 1.0, np.random.default_rng(0)).min() >= 249
    eyes = np.zeros((128, 128, 3), np.uint8)
    eyes[52:56, 30:98] = 255  # a level bar where the eyes are
    turned = degrade_wild(eyes, "tilt", 0.5, np.random.default_rng(0))
    y, x = np.nonzero(turned[..., 0] > 128)
    slope = np.polyfit(x, y, 1)[0]
    assert 25 < abs(np.rad2deg(np.arctan(slope))) < 36


def test_unknown_families_and_strengths_are_refused():
    with pytest.raises(ValueError, match="phone_noise"):
        degrade_wild(CROP, "rain", 0.5, np.random.default_rng(0))
    for strength in (-0.1, 1.5, float("nan")):
        with pytest.raises(ValueError, match="strength"):
            degrade_wild(CROP, "fog", strength, np.random.default_rng(0))
