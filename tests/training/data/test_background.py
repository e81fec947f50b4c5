"""The background becomes homogeneous, the face keeps its pixels."""

import numpy as np
import pytest
from skimage.data import astronaut

from faceqgen_core.alignment import CropProtocol, align
from faceqgen_core.detection import MTCNNDetector
from faceqgen_core.training.data.background import head_mask, homogenise


@pytest.fixture(scope="module")
def crop():
    (face,) = MTCNNDetector().detect(astronaut())
    return align(astronaut(), face, CropProtocol()).image


def _busy(image):
    """Mean gradient where there is surely background."""
    grey = image.astype(np.float32).mean(axis=2)
    steps = np.abs(np.diff(grey, axis=0))[:, 1:] + np.abs(np.diff(grey, axis=1))[1:]
    return float(steps[head_mask(CropProtocol())[1:, 1:] < 0.02].mean())


def test_the_background_loses_its_structure(crop):
    whole = homogenise(crop, 1.0)
    assert _busy(whole) < 0.25 * _busy(crop)
    assert _busy(whole) < _busy(homogenise(crop, 0.5)) < _busy(crop)


def test_a_noisy_wall_becomes_a_plain_wall_of_its_colour(crop):
    mask = head_mask(CropProtocol())[..., None]
    wall = np.array([90, 140, 180]) + np.random.default_rng(0).normal(0, 25, crop.shape)
    picture = np.where(mask < 0.5, wall, crop).clip(0, 255).astype(np.uint8)
    away = head_mask(CropProtocol()) < 0.02
    painted = homogenise(picture, 1.0)[away]
    assert np.abs(painted.mean(axis=0) - [90, 140, 180]).max() < 8
    assert painted.std(axis=0).max() < 8


def test_the_face_keeps_its_pixels(crop):
    face = head_mask(CropProtocol()) > 0.998
    points = CropProtocol().template.round().astype(int)
    assert face[points[:, 1], points[:, 0]].all()
    difference = homogenise(crop, 1.0).astype(int) - crop
    assert np.abs(difference[face]).max() <= 1


def test_nothing_happens_at_amount_zero_and_the_crop_is_left_alone(crop):
    before = crop.copy()
    assert (homogenise(crop, 0.0) == crop).all()
    homogenise(crop, 1.0)
    assert (crop == before).all()


def test_the_shape_follows_the_protocol():
    small, large = head_mask(CropProtocol(size=64)), head_mask(CropProtocol())
    assert abs(small.mean() - large.mean()) < 0.01
    assert head_mask(CropProtocol(eye_distance=0.2)).mean() < large.mean()


def test_a_wrong_amount_or_size_is_a_clear_error(crop):
    with pytest.raises(ValueError, match="amount must lie"):
        homogenise(crop, 1.2)
    with pytest.raises(ValueError, match="expected a crop"):
        homogenise(crop[:64], 1.0)
