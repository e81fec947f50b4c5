"""What the restoration did is named from the trust and the two pictures, on real faces that were changed on purpose."""

import cv2
import numpy as np
import pytest

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.changes.naming import PARTS, name_changes, part_weights, with_turn
from faceqgen_core.degradation import degrade
from faceqgen_core.measures.region import face_region
from tests.scikit_ssim import ssim_map_by_scikit_image
from tests.training.small_set import portrait_variants

PROTOCOL = CropProtocol()
ASTRONAUT, HOPPER = portrait_variants(2)
FULL = np.ones((128, 128), np.float32)


def _named(before, after, trust):
    """Changes of a batch of pictures (N, S, S, 3) uint8."""
    differences = []
    for pair in zip(before, after, strict=True):
        local = ssim_map_by_scikit_image(*(picture / 255 for picture in pair))
        differences.append((1 - local) / 2)
    unit = [x.astype(np.float32) / np.float32(255) for x in (before, after)]
    return name_changes(*unit, trust, np.stack(differences).astype(np.float32), PROTOCOL)


def _changes(before, after, trust=FULL):
    (names,) = _named(before[None], after[None], trust[None])
    return names


def _hidden(*parts):
    """Trust that is nothing over parts of the face, found by their places in the template."""
    (rx, ry), (lx, ly), (nx, ny), (mx, my), (kx, ky) = PROTOCOL.template
    places = {
        "eyes": [(rx, ry), (lx, ly)],
        "nose": [(nx, (ry + ny) / 2), (nx, ny)],
        "mouth": [(mx, my), ((mx + kx) / 2, my), (kx, ky)],
    }
    trust = FULL.copy()
    for part in parts:
        for x, y in places[part]:
            cv2.circle(trust, (round(x), round(y)), 13, 0.0, -1)
    return trust


def test_a_face_that_was_left_alone_has_no_changes():
    for face in (ASTRONAUT, HOPPER):
        assert _changes(face, face) == ()


@pytest.mark.parametrize("part", ["eyes", "nose", "mouth"])
def test_a_part_that_was_not_trusted_and_looks_different_is_drawn_anew(part):
    trust = _hidden(part)
    after = np.where(trust[..., None] == 0, ASTRONAUT, HOPPER)
    assert f"{part}_drawn" in _changes(HOPPER, after, trust)
    others = {"eyes", "nose", "mouth"} - {part}
    assert not {f"{other}_drawn" for other in others} & set(_changes(HOPPER, after, trust))


def test_what_was_drawn_just_as_it_was_and_what_was_corrected_in_place_is_not_drawn_anew():
    assert _changes(HOPPER, HOPPER, 0 * FULL) == ()
    blurred = degrade(HOPPER, "gaussian_blur", 0.7, np.random.default_rng(1))
    assert _changes(blurred, HOPPER, FULL) == ("sharpened",)


def test_a_face_without_trust_is_drawn_anew_as_a_whole():
    assert "face_drawn" in _changes(HOPPER, ASTRONAUT, 0.2 * FULL)


@pytest.mark.parametrize("family", ["dark", "bright", "side_light"])
def test_a_face_in_poor_light_that_comes_back_in_good_light_is_lit(family):
    for face in (ASTRONAUT, HOPPER):
        poor = degrade(face, family, 0.8, np.random.default_rng(1))
        assert "lit" in _changes(poor, face)
        assert "lit" not in _changes(face, face)


@pytest.mark.parametrize("family", ["gaussian_blur", "defocus", "motion_blur", "low_resolution"])
def test_a_blurred_face_that_comes_back_sharp_is_sharpened(family):
    for face in (ASTRONAUT, HOPPER):
        poor = degrade(face, family, 0.7, np.random.default_rng(1))
        assert "sharpened" in _changes(poor, face)
        assert "sharpened" not in _changes(face, poor)


def test_a_restless_background_that_becomes_even_is_evened_and_an_even_one_is_not():
    grey = HOPPER.copy()
    grey[:92, :20] = grey[:92, 108:] = grey[:8] = 128
    assert "background_evened" in _changes(HOPPER, grey)
    assert "background_evened" not in _changes(grey, grey)
    assert "background_evened" not in _changes(HOPPER, HOPPER)


def test_a_turned_head_is_named_with_its_angle_if_something_was_drawn():
    assert with_turn(("face_drawn", "lit"), -38.0) == ("face_drawn", "turned_40", "lit")
    assert with_turn(("lit",), 38.0) == ("lit",)
    assert with_turn(("eyes_drawn",), 14.0) == ("eyes_drawn",)
    assert with_turn((), 60.0) == ()


def test_every_face_of_a_batch_has_its_own_changes_and_none_gives_none():
    before, after = np.stack([ASTRONAUT, HOPPER]), np.stack([ASTRONAUT, ASTRONAUT])
    first, second = _named(before, after, np.stack([FULL, 0 * FULL]))
    assert first == () and second[0] == "face_drawn"
    pictures, maps = np.zeros((0, 128, 128, 3), np.float32), np.zeros((0, 128, 128), np.float32)
    assert name_changes(pictures, pictures, maps, maps, PROTOCOL) == []


def test_the_parts_lie_inside_the_face():
    parts = part_weights(PROTOCOL)
    face = face_region(PROTOCOL).ravel() > 0.5
    assert len(parts) == len(PARTS)
    assert (parts[:, face].sum(axis=1) > 0.97).all()
