"""Heads lit anew: the side of the light, its strength, cast shadows."""

import numpy as np
import pytest

from faceqgen_core.training.geometry.light import Light
from tests.training.geometry.frontal_face import SIZE, face_area, head, mesh


def halves(image):
    """Mean luminance of the face's left and right half in the picture."""
    middle = mesh()[:, 0].mean()
    left = np.arange(SIZE)[None, :] < middle
    grey = image.astype(float).mean(axis=-1)
    return grey[face_area() & left].mean(), grey[face_area() & ~left].mean()


@pytest.mark.parametrize("azimuth", [40, 70, 90])
def test_light_from_the_side_darkens_the_other_side(azimuth):
    left, right = halves(head().front())
    for sign in (-1, 1):
        lit = head().turn(light=Light(azimuth=sign * azimuth, elevation=10)).image
        now_left, now_right = halves(lit)
        far, near = (
            (now_right / right, now_left / left)
            if sign < 0
            else (now_left / left, now_right / right)
        )
        assert far < 0.7 * near


def test_light_has_a_strength():
    still = head().turn().image
    np.testing.assert_array_equal(head().turn(light=Light(strength=0)).image, still)
    darkness = [
        np.abs(head().turn(light=Light(azimuth=80, strength=s)).image.astype(int) - still).mean()
        for s in (0.25, 0.5, 0.75, 1)
    ]
    assert darkness == sorted(darkness) and darkness[0] > 0.5


def test_the_nose_casts_a_shadow():
    with_shadow = head().turn(light=Light(azimuth=70, elevation=20)).image.astype(int)
    without = head().turn(light=Light(azimuth=70, elevation=20, cast=False)).image.astype(int)
    assert (with_shadow <= without + 2).all()
    darker = (without - with_shadow).sum(axis=-1) > 30
    nose = mesh()[mesh()[:, 2].argmin()]
    x = np.arange(SIZE)[None, :]
    beside = darker & face_area() & (x < nose[0]) & (x > nose[0] - 25)
    assert beside.sum() > 40  # on the far side of the nose


def test_light_leaves_the_background_alone():
    lit, still = head().turn(light=Light()), head().turn()
    np.testing.assert_array_equal(lit.image[lit.mask == 0], still.image[still.mask == 0])


def test_a_light_straight_from_above_or_below_is_no_error():
    for elevation in (-90, 90):
        assert head().turn(light=Light(azimuth=0, elevation=elevation)).image.mean() > 0


def test_lights_out_of_range_are_refused():
    with pytest.raises(ValueError, match="strength"):
        Light(strength=1.5)
    with pytest.raises(ValueError, match="strength"):
        Light(ambient=-0.1)
    with pytest.raises(ValueError, match="azimuth"):
        Light(azimuth=200)
