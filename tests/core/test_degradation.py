"""Every degradation family harms more as its strength rises, at every image size, and only through its generator."""

import itertools

import numpy as np
import pytest
import skimage.data
from skimage.metrics import peak_signal_noise_ratio

from faceqgen_core.degradation import COVER, FAMILIES, LIGHT, STRUCTURE, degrade

FACE = skimage.data.astronaut()[:250, 110:360]


@pytest.mark.parametrize("family", FAMILIES)
def test_harm_rises_with_strength(family):
    means = []
    for strength in (0.0, 0.25, 0.5, 0.75, 1.0):
        scores = [
            peak_signal_noise_ratio(FACE, degrade(FACE, family, strength, np.random.default_rng(s)))
            for s in range(4)
        ]
        means.append(np.mean(scores))
    assert all(b < a + 0.3 for a, b in itertools.pairwise(means)), means
    assert means[-1] < means[0] - 3


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("shape", [(40, 40), (128, 96), (300, 410)])
def test_shape_and_type_are_kept_and_the_input_is_untouched(family, shape):
    image = np.ascontiguousarray(skimage.data.astronaut()[: shape[0], : shape[1]])
    before = image.copy()
    result = degrade(image, family, 0.7, np.random.default_rng(1))
    assert result.shape == image.shape
    assert result.dtype == np.uint8
    assert (image == before).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_generator_state_gives_the_same_image(family):
    first, second = (degrade(FACE, family, 0.5, np.random.default_rng(3)) for _ in range(2))
    assert (first == second).all()


def test_unknown_families_and_strengths_are_refused():
    with pytest.raises(ValueError, match="gaussian_blur"):
        degrade(FACE, "sharpen", 0.5, np.random.default_rng(0))
    with pytest.raises(ValueError, match="strength"):
        degrade(FACE, "noise", 1.5, np.random.default_rng(0))


def test_every_group_names_known_families_and_none_twice():
    named = [*LIGHT, *STRUCTURE, *COVER]
    assert set(named) <= set(FAMILIES)
    assert len(set(named)) == len(named)
