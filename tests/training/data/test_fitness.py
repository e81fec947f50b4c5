"""A frontal, sharp, large, evenly lit and uncovered face is the fitter target."""

import numpy as np
import pytest
from skimage.data import astronaut

from faceqgen_core.alignment import CropProtocol, align
from faceqgen_core.degradation import COVER, degrade
from faceqgen_core.detection import MTCNNDetector
from faceqgen_core.training.data.fitness import frontality, target_fitness, uncovered
from tests.images import grace_hopper

TEMPLATE = CropProtocol().template.astype(np.float32)


@pytest.fixture(scope="module", params=["astronaut", "grace_hopper"])
def portrait(request):
    """A public portrait's crop and its landmarks."""
    image = astronaut() if request.param == "astronaut" else grace_hopper()
    face = max(MTCNNDetector().detect(image), key=lambda f: f.width)
    return align(image, face, CropProtocol()).image, face.landmarks


@pytest.mark.parametrize("family", ["gaussian_blur", "side_light", "bright"])
def test_harm_lowers_the_fitness(portrait, family):
    crop, _ = portrait
    harmed = degrade(crop, family, 0.8, np.random.default_rng(0))
    assert target_fitness(harmed, TEMPLATE) < target_fitness(crop, TEMPLATE)


@pytest.mark.parametrize("family", COVER)
@pytest.mark.parametrize("strength", [0.4, 0.6, 0.9])
def test_the_uncovered_image_of_a_face_is_preferred_to_the_covered_one(portrait, family, strength):
    crop, landmarks = portrait
    whole = uncovered(crop)
    for seed in range(5):
        covered = degrade(crop, family, strength, np.random.default_rng(seed))
        assert uncovered(covered) < 0.9 * whole
        assert target_fitness(covered, landmarks) < target_fitness(crop, landmarks)


def test_a_grey_picture_of_a_face_is_no_more_covered_than_the_colour_one(portrait):
    crop, _ = portrait
    grey = np.repeat(crop.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    assert uncovered(grey) == pytest.approx(uncovered(crop), abs=0.25)


def test_a_turned_head_and_a_small_face_are_less_fit(portrait):
    crop, _ = portrait
    turned = TEMPLATE.copy()
    turned[2, 0] += 12
    assert frontality(turned) < frontality(TEMPLATE)
    assert target_fitness(crop, turned) < target_fitness(crop, TEMPLATE)
    assert target_fitness(crop, 0.5 * TEMPLATE) < target_fitness(crop, TEMPLATE)
