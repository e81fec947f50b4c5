"""What training draws: seeded, of known strength, and nothing of the families that are kept for validation."""

from dataclasses import replace

import numpy as np
import pytest

from faceqgen_core.covers.held_back import HELD_BACK
from faceqgen_core.degradation import FAMILIES
from faceqgen_core.training.data import alteration
from faceqgen_core.training.data.alteration import AlterationMix, FaceAlterer, apply_family
from faceqgen_core.training.data.pairs import PairSource
from faceqgen_core.training.data.subjects import FaceSet
from faceqgen_core.training.data.targeted_faces import TargetedFaces
from faceqgen_core.training.data.targets import good_pictures
from faceqgen_core.training.geometry.face_geometry import FaceGeometry
from faceqgen_core.training.geometry.mean_mesh import mean_mesh
from tests.training.small_set import PROTOCOL, portrait_variants


@pytest.fixture(scope="module")
def faces():
    crops = np.stack(portrait_variants(6))
    points = np.repeat(PROTOCOL.template[None], 6, axis=0).astype(np.float32)
    subjects = np.array(["a/0", "a/0", "b/1", "b/1", "b/2", "b/3"])
    return FaceSet(crops, [str(i) for i in range(6)], subjects, points, np.full(6, 0.8))


@pytest.fixture(scope="module")
def geometry(faces):
    """The mean mesh for every face: near enough to turn one."""
    count = len(faces.crops)
    person = np.zeros(faces.crops.shape[:3], np.uint8)
    person[:, 20:, 24:104] = 255
    points = np.repeat(mean_mesh().points[None].astype(np.float32), count, axis=0)
    flag, pose = np.full(count, 20, np.float32), np.zeros((count, 3), np.float32)
    return FaceGeometry(points, flag, person, pose)


@pytest.fixture(scope="module")
def targeted(faces, geometry):
    return TargetedFaces.of(faces, np.arange(6), geometry)


def test_the_same_state_of_chance_gives_the_same_draw(targeted):
    alterer = targeted.alterer()
    for seed in range(20):
        one, other = (alterer.draw(np.random.default_rng(seed)) for _ in range(2))
        assert one.row == other.row
        assert one.strengths == other.strengths and one.turned == other.turned
        np.testing.assert_array_equal(one.image, other.image)


def test_strengths_name_known_families_and_heads_turn_within_bounds(targeted):
    rng, alterer = np.random.default_rng(1), targeted.alterer()
    draws = [alterer.draw(rng) for _ in range(150)]
    for altered in draws:
        assert altered.image.shape == (128, 128, 3) and altered.image.dtype == np.uint8
        assert set(altered.strengths) <= set(FAMILIES)
        assert all(0 < s <= 1 for s in altered.strengths.values())
        assert abs(altered.turned[0]) <= 60 and abs(altered.turned[1]) <= 25
    assert 0.1 < np.mean([d.turned != (0.0, 0.0) for d in draws]) < 0.7
    assert 0.6 < np.mean([d.changed for d in draws]) < 1


def test_restoring_draws_hands_and_poor_exposure_more_often_and_this_stronger(
    faces, targeted, monkeypatch
):
    drawn = {}

    def noted(rng, image, family, strength, other=None):
        drawn.setdefault(family, []).append(strength)
        return image

    monkeypatch.setattr(alteration, "apply_family", noted)
    alterer = targeted.alterer(mix=AlterationMix(light=1, turned=0, behind=0))
    found = []
    for alter in (lambda rng: alterer.alter(rng, 0), alterer.draw):
        drawn.clear()
        rng = np.random.default_rng(2)
        for _ in range(900):
            alter(rng)
        exposure = drawn["dark"] + drawn["bright"]
        found.append((len(drawn["hand"]), len(exposure), np.mean(exposure)))
    (hands, exposed, strength), (more_hands, more_exposed, stronger) = found
    assert more_hands > 1.5 * hands and more_exposed > 1.3 * exposed
    assert stronger > strength + 0.15


def test_photographs_of_turned_heads_with_another_target_are_drawn_more_often_while_restoring(
    faces, targeted
):
    turned = np.array([False, True, False, False, False, False])
    of = targeted.targets.of.copy()
    of[1] = 0
    targets = replace(targeted.targets, turned=turned, of=of)
    still = AlterationMix(turned=0, behind=0, degraded=0)
    alterer = FaceAlterer(faces, targets, targeted.geometry, mix=still)
    rng = np.random.default_rng(4)
    drawn = np.mean([alterer.draw(rng).row == 1 for _ in range(8000)])
    without = FaceAlterer(faces, targeted.targets, targeted.geometry, mix=still)
    before = np.mean([without.draw(rng).row == 1 for _ in range(8000)])
    # A share of .16 more, less what it takes of the rest: .133; five standard deviations of chance are .038.
    assert before + 0.09 < drawn < before + 0.18
    rough = FaceAlterer(faces, targets, targeted.geometry, mix=AlterationMix(turned=0, degraded=1))
    again = [rough.draw(rng) for _ in range(1500)]
    as_taken = [x.row == 1 and not x.changed for x in again]
    # Half of them are left as they were taken, whatever else is degraded: .08, five standard deviations .035.
    assert 0.045 < np.mean(as_taken) < 0.2
    np.testing.assert_array_equal(again[as_taken.index(True)].image, faces.crops[1])


def test_training_draws_no_family_that_is_kept_for_validation(faces, targeted, monkeypatch):
    drawn = []

    def noted(rng, image, family, strength, other=None):
        drawn.append(family)
        return image

    monkeypatch.setattr(alteration, "apply_family", noted)
    rng = np.random.default_rng(0)
    alterer = targeted.alterer(mix=AlterationMix(turned=0, behind=0))
    for _ in range(3000):
        alterer.draw(rng)
    assert len(set(drawn)) > 35
    assert not set(drawn) & HELD_BACK


def test_without_a_mesh_no_head_is_turned(faces):
    targeted = TargetedFaces.of(faces, np.arange(6))
    alterer = targeted.alterer()
    rng = np.random.default_rng(2)
    assert all(alterer.draw(rng).turned == (0.0, 0.0) for _ in range(60))


def test_only_the_rows_given_are_drawn(targeted):
    alterer = targeted.alterer(rows=np.array([1, 4]))
    rng = np.random.default_rng(3)
    assert {alterer.draw(rng).row for _ in range(60)} == {1, 4}


def test_an_unknown_family_is_a_clear_error(faces):
    with pytest.raises(ValueError, match="unknown"):
        apply_family(np.random.default_rng(0), faces.crops[0], "rain", 0.5)


def test_turned_or_raised_heads_are_no_targets(faces, geometry):
    assert good_pictures(faces, geometry).all()
    for column, degrees in ((0, 20.0), (1, 25.0)):
        pose = geometry.pose.copy()
        pose[2, column] = degrees
        turned = FaceGeometry(geometry.points, geometry.flag, geometry.person, pose)
        np.testing.assert_array_equal(good_pictures(faces, turned), np.arange(6) != 2)


def test_a_poor_image_leads_to_its_subject_s_good_one_and_a_lonely_poor_one_nowhere(faces):
    fitness = np.array([0.8, 0.1, 0.8, 0.8, 0.1, 0.8])
    poorer = FaceSet(faces.crops, faces.names, faces.subjects, faces.landmarks, fitness)
    best = np.array([0, 0, 2, 2, 4, 5])
    targets = TargetedFaces.of(poorer, best).targets
    np.testing.assert_array_equal(targets.rows, [0, 2, 3, 5])
    np.testing.assert_array_equal(targets.of, [0, 0, 2, 3, -1, 5])
    assert set(targets.pictures) == {0, 2, 3, 5}


def test_a_target_stands_before_an_even_background(faces, targeted):
    for row, picture in targeted.targets.pictures.items():
        corner = np.s_[:30, :14]
        steps = [
            np.abs(np.diff(x[corner].astype(int), axis=0)) for x in (picture, faces.crops[row])
        ]
        assert steps[0].mean() < 0.5 * steps[1].mean() + 1
        middle = np.s_[60:90, 50:78]
        np.testing.assert_allclose(picture[middle], faces.crops[row][middle], atol=2)


def test_pairs_move_input_and_target_alike(targeted):
    still = AlterationMix(turned=0, behind=0, degraded=0)
    source = PairSource(targeted.alterer(mix=still), targeted.targets, seed=1)
    batch = source.batch(0, 8)
    middle = np.s_[:, 60:90, 50:78]
    np.testing.assert_allclose(batch.image[middle], batch.target[middle], atol=0.05)


def test_a_pair_tells_whether_the_head_is_turned_and_whether_the_photograph_is_untouched(targeted):
    still, every = AlterationMix(turned=0, behind=0, degraded=0), AlterationMix(turned=1)
    targets = replace(targeted.targets, turned=np.arange(6) == 2)
    for rows, mix, turned in (([1], still, 0), ([2], still, 1), ([1], every, None)):
        batch = PairSource(targeted.alterer(mix=mix, rows=np.array(rows)), targets).batch(0, 12)
        if turned is None:  # by chance, mostly far
            assert batch.turned.any() and not batch.untouched.any()
        else:
            assert set(batch.turned) == {float(turned)} and set(batch.untouched) == {1.0}


def test_faces_without_any_target_are_a_clear_error(targeted):
    nowhere = replace(targeted.targets, of=np.full(6, -1), pictures={})
    with pytest.raises(ValueError, match="target"):
        PairSource(FaceAlterer(targeted.faces, nowhere, None), nowhere).batch(0, 1)
