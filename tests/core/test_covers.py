"""Covers: seeded, of every size, hiding more as their strength rises, and with a mask that tells what is hidden."""

import itertools

import numpy as np
import pytest

from faceqgen_core import covers
from faceqgen_core.alignment import CropProtocol, align
from faceqgen_core.covers import FAMILIES, cover
from faceqgen_core.covers.held_back import HELD_BACK
from faceqgen_core.training.data import wild
from tests.images import astronaut, astronaut_face

CROP = align(astronaut(), astronaut_face(), CropProtocol()).image
SEEDS = 8


def _face():
    """The oval of the face in the protocol's crop."""
    y, x = np.mgrid[0:128, 0:128] / 128
    return np.hypot((x - 0.5) / 0.29, (y - 0.55) / 0.38) < 1


@pytest.mark.parametrize("family", FAMILIES)
def test_more_of_the_face_is_hidden_and_changed_as_the_strength_rises(family):
    face = _face()
    hidden, harm = [], []
    for strength in (0.0, 0.25, 0.5, 0.75, 1.0):
        shares, errors = [], []
        for seed in range(SEEDS):
            image, mask = cover(np.random.default_rng(seed), CROP, family, strength)
            shares.append(mask[face].mean())
            errors.append(np.square(image[face].astype(float) - CROP[face]).mean())
        hidden.append(np.mean(shares))
        harm.append(np.mean(errors))
    assert all(a < b for a, b in itertools.pairwise(hidden)), hidden
    assert all(a < b for a, b in itertools.pairwise(harm)), harm
    assert hidden[-1] > 0.1


@pytest.mark.parametrize("family", FAMILIES)
def test_the_mask_tells_which_pixels_are_hidden(family):
    mirrored = np.ascontiguousarray(CROP[:, ::-1])  # another picture in the same light
    for seed in range(SEEDS):
        image, mask = cover(np.random.default_rng(seed), CROP, family, 0.7)
        twin, same = cover(np.random.default_rng(seed), mirrored, family, 0.7)
        assert mask.shape == CROP.shape[:2]
        assert mask.dtype == np.float32
        assert mask.min() >= 0
        assert mask.max() <= 1
        assert np.array_equal(mask, same)
        # What is hidden does not show: pixels under the cover are those of the cover, whatever lies below.
        hidden = mask >= 0.999
        assert np.abs(image[hidden].astype(int) - twin[hidden]).max(initial=0) <= 1
        # What is not hidden is the picture itself, at most in the cover's shadow.
        free = mask <= 0.001
        assert free.any()
        assert (image[free] <= CROP[free].astype(int) + 1).all()
        # In between it is a mixture: two pictures differ by no more than the mask lets through.
        through = (1 - mask)[..., None] * np.abs(CROP.astype(float) - mirrored)
        assert (np.abs(image.astype(float) - twin) <= through + 2).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_shadow_darkens_and_leaves_the_colours_of_the_face_to_be_seen(family):
    lit = CROP.astype(float) + 1
    for seed in range(SEEDS):
        image, mask = cover(np.random.default_rng(seed), CROP, family, 0.9)
        free = (mask <= 0.001) & (lit.min(axis=2) > 40)
        shade = (image + 1.0)[free] / lit[free]
        assert shade.min(initial=1) > 0.1
        assert np.ptp(shade, axis=1).max(initial=0) < 0.05


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("shape", [(64, 64), (128, 96), (300, 410)])
def test_shape_and_type_are_kept_and_the_input_is_untouched(family, shape):
    image = np.ascontiguousarray(astronaut()[: shape[0], : shape[1]])
    before = image.copy()
    result, mask = cover(np.random.default_rng(1), image, family, 0.7)
    assert result.shape == image.shape
    assert result.dtype == np.uint8
    assert mask.shape == shape
    assert np.array_equal(image, before)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_generator_state_gives_the_same_picture(family):
    first, second = (cover(np.random.default_rng(3), CROP, family, 0.5)[0] for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, cover(np.random.default_rng(4), CROP, family, 0.5)[0])


def test_a_grey_picture_is_covered_in_grey():
    grey = np.repeat(CROP.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    for seed in range(SEEDS):
        image, _ = cover(np.random.default_rng(seed), grey, "scarf_wrap", 0.8)
        assert np.ptp(image.astype(int), axis=2).max() <= 1


def test_a_cover_is_darker_in_a_dark_picture():
    dark = CROP // 5
    for family in FAMILIES:
        bright, gloom = (
            np.mean(
                [cover(np.random.default_rng(s), image, family, 0.8)[0].mean() for s in range(4)]
            )
            for image in (CROP, dark)
        )
        assert gloom < 0.5 * bright, family


def test_a_patch_may_show_a_piece_of_another_picture():
    other = np.zeros((50, 70, 3), np.uint8)
    other[...] = (0, 255, 0)
    green = 0
    for seed in range(40):
        image, mask = cover(np.random.default_rng(seed), CROP, "rectangle", 0.6, other)
        hidden = image[mask > 0.99].astype(int)
        green += (hidden[:, 1] > 150).all() and (hidden[:, ::2] < 60).all()
    assert 5 < green < 25


def test_wrong_input_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="sunglasses"):
        cover(rng, CROP, "beard", 0.5)
    with pytest.raises(ValueError, match="strength"):
        cover(rng, CROP, "hand", 1.1)
    with pytest.raises(ValueError, match="strength"):
        cover(rng, CROP, "hand", float("nan"))
    with pytest.raises(ValueError, match="uint8 RGB"):
        cover(rng, CROP[..., 0], "hand", 0.5)
    with pytest.raises(ValueError, match="uint8 RGB"):
        cover(rng, CROP.astype(np.float32), "hand", 0.5)
    with pytest.raises(ValueError, match="other"):
        cover(rng, CROP, "blob", 0.5, CROP[..., :2])
    with pytest.raises(ValueError, match="16 pixels"):
        cover(rng, CROP[:10, :10], "hand", 0.5)


def test_families_are_for_training_or_for_validation_and_a_fifth_is_held_back():
    known = [*covers.FAMILIES, *wild.FAMILIES]
    assert len(set(known)) == len(known)
    assert set(known) >= HELD_BACK
    assert 0.15 < len(HELD_BACK) / len(known) < 0.25
    for room in (covers, wild):
        assert set(room.TRAINING) | set(room.VALIDATION) == set(room.FAMILIES)
        assert not set(room.TRAINING) & set(room.VALIDATION)
        assert room.VALIDATION
