"""The person before an even background, cut out by a mask."""

import cv2
import numpy as np
import pytest

from faceqgen_core.training.geometry.backdrop import even_background, person_share
from tests.training.geometry.frontal_face import SIZE, crop, face_area, mask


def busy():
    """The crop before a chess board."""
    y, x = np.indices((SIZE, SIZE))
    board = np.where(((x // 8 + y // 8) % 2)[..., None], [230, 60, 20], [10, 40, 200])
    share = mask()[..., None]
    return np.rint(share * crop() + (1 - share) * board).astype(np.uint8)


def test_the_background_becomes_even_and_the_person_stays():
    even = even_background(busy(), mask())
    outside = mask() < 0.01
    assert outside.sum() > 2000
    assert even[outside].std(axis=0).max() < 0.1 * busy()[outside].std(axis=0).max()
    np.testing.assert_array_equal(even[face_area()], busy()[face_area()])
    mean = even[outside].mean(axis=0) - busy()[outside].mean(axis=0)
    assert np.abs(mean).max() < 25  # its own colour


def test_the_colour_can_be_chosen():
    even = even_background(busy(), mask(), colour=(30, 200, 90))
    np.testing.assert_array_equal(even[mask() < 0.01], [[30, 200, 90]] * (mask() < 0.01).sum())


def test_masks_in_bytes_and_in_shares_are_the_same():
    drawn = np.rint(mask() * 255).astype(np.uint8)
    np.testing.assert_array_equal(
        even_background(busy(), drawn), even_background(busy(), drawn / np.float32(255))
    )


def test_no_fringe_of_the_old_background_is_left():
    green = (0, 255, 0)
    share = mask()[..., None]
    before = np.rint(share * crop() + (1 - share) * green).astype(np.uint8)
    even = even_background(before, mask(), colour=(128, 128, 128)).astype(int)
    greener = even[..., 1] - even[..., [0, 2]].max(axis=-1)
    was = before[..., 1].astype(int) - before[..., [0, 2]].max(axis=-1)
    soft = (mask() > 0.05) & (mask() < 0.95)
    assert (greener[soft] > 40).mean() < 0.1 < (was[soft] > 40).mean()


def test_another_persons_island_and_the_own_holes_go():
    drawn = np.zeros((SIZE, SIZE), np.float32)
    cv2.circle(drawn, (64, 74), 40, 1.0, -1)
    cv2.circle(drawn, (60, 60), 5, 0.0, -1)  # a hole
    cv2.circle(drawn, (120, 8), 7, 1.0, -1)  # somebody else
    share = person_share(drawn, (64, 74))
    assert share[60, 60] > 0.99 and share[8, 120] < 0.01 and share[74, 64] > 0.99
    assert share[2, 2] < 0.01


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="square crop"):
        even_background(crop()[:90], mask())
    with pytest.raises(ValueError, match="mask"):
        even_background(crop(), mask()[:90, :90])
    with pytest.raises(ValueError, match="mask"):
        even_background(crop(), mask() * 255)
    with pytest.raises(ValueError, match="colour"):
        even_background(crop(), mask(), colour=(0, 0, 300))
