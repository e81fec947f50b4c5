"""The labelled set: scores come from a recogniser's comparisons (here a stand-in), never from a person."""

from dataclasses import fields

import numpy as np
import pytest

from faceqgen_core.degradation import FAMILIES
from faceqgen_core.training.data.subjects import FaceSet
from faceqgen_core.training.data.targeted_faces import TargetedFaces
from faceqgen_core.training.labels.labelled_set import (
    LabelledSet,
    build_labelled_set,
    no_face,
)
from faceqgen_core.training.labels.utility_loss import surviving
from faceqgen_core.training.loop.discriminator_stage import labelled_set, split_labelled
from tests.images import astronaut
from tests.training.small_set import PROTOCOL


class CoarsePicture:
    """Embeds a crop as its coarse picture, so that a copy is near its original."""

    def embed(self, crops):
        coarse = (
            crops.reshape(len(crops), 8, 16, 8, 16, 3).mean(axis=(2, 4)).reshape(len(crops), -1)
        )
        coarse = coarse - coarse.mean(axis=1, keepdims=True)
        length = np.linalg.norm(coarse, axis=1, keepdims=True)
        return (coarse / np.maximum(length, 1e-6)).astype(np.float32)


def _faces(subjects):
    """Frames of one portrait a few pixels apart."""
    picture = astronaut()
    count = len(subjects)
    corners = np.random.default_rng(0).integers([30, 160], [50, 180], (count, 2))
    return FaceSet(
        np.stack([picture[y : y + 128, x : x + 128] for y, x in corners]),
        [f"{i}.png" for i in range(count)],
        np.array(subjects),
        np.zeros((count, 5, 2), np.float32),
        np.ones(count),
    )


def _targeted(faces):
    return TargetedFaces.of(faces, np.arange(len(faces.crops)))


def _build(faces, teachers=(), **options):
    return build_labelled_set(faces, teachers, alterer=_targeted(faces).alterer(), **options)


@pytest.fixture(scope="module")
def labelled():
    faces = _faces([f"s{i // 3}" for i in range(30)] + ["lonely"])
    return _build(faces, [CoarsePicture()], copies=4, no_faces=10)


def test_every_face_comes_untouched_and_in_copies(labelled):
    assert len(labelled.crops) == 31 * 5 + 10
    assert labelled.degraded.sum() == 31 * 4
    assert labelled.natural.sum() == 30  # the only image of a subject is compared with nobody
    np.testing.assert_array_equal(labelled.rows[:-10], np.repeat(np.arange(31), 5))
    assert labelled.degradation_levels.shape == (len(labelled.crops), len(FAMILIES))
    assert labelled.degradation_levels.min() >= 0 and labelled.degradation_levels.max() <= 1


def test_an_only_image_counts_less(labelled):
    untouched = (labelled.rows == 30) & ~labelled.degraded
    assert 0 < labelled.weights[untouched].item() < labelled.weights[labelled.natural].min()


def test_labels_fall_with_the_strength(labelled):
    left = surviving(labelled.degradation_levels)[labelled.degraded]
    label = labelled.similarity[labelled.degraded]
    assert np.corrcoef(left, label)[0, 1] > 0.5
    assert label[left > 0.8].mean() > label[(left > 0.3) & (left < 0.6)].mean() > 0
    assert labelled.similarity[labelled.natural].mean() > label.mean() + 0.05


def test_without_a_recogniser_the_known_strengths_are_the_labels():
    labelled = _build(_faces(["a", "b"]), copies=3, no_faces=2)
    faces = labelled.rows >= 0
    np.testing.assert_allclose(
        labelled.similarity[faces], 0.75 * surviving(labelled.degradation_levels[faces]), atol=1e-6
    )
    assert not labelled.identities.any()


def test_what_is_no_face_has_the_similarity_of_strangers(labelled):
    none = labelled.rows < 0
    assert none.sum() == 10
    assert (labelled.similarity[none] == 0).all()
    assert not labelled.degraded[none].any() and not labelled.natural[none].any()


def test_a_picture_without_a_face_keeps_shape_and_type():
    rng = np.random.default_rng(0)
    for _ in range(20):
        picture = no_face(rng, astronaut()[:128, :128])
        assert picture.shape == (128, 128, 3)
        assert picture.dtype == np.uint8


def test_every_recogniser_says_what_it_thinks_and_the_first_one_names_the_faces():
    class Hue:
        def embed(self, crops):
            hue = crops.mean(axis=(1, 2)) + 1
            return (hue / np.linalg.norm(hue, axis=1, keepdims=True)).astype(np.float32)

    faces = _faces([f"s{i // 2}" for i in range(8)])
    both = _build(faces, [CoarsePicture(), Hue()], copies=2, no_faces=3)
    one, other = (
        _build(faces, [teacher], copies=2, no_faces=3) for teacher in (CoarsePicture(), Hue())
    )
    assert both.by_teacher.shape == (len(both.crops), 2)
    np.testing.assert_array_equal(both.crops, one.crops)
    np.testing.assert_array_equal(both.by_teacher[:, 0], one.by_teacher[:, 0])
    np.testing.assert_array_equal(both.by_teacher[:, 1], other.by_teacher[:, 0])
    np.testing.assert_allclose(both.similarity, (one.similarity + other.similarity) / 2, atol=1e-6)
    assert both.identities.shape == (8, 256)  # as long as what the discriminator learns
    np.testing.assert_array_equal(both.identities[:, :192], CoarsePicture().embed(faces.crops))
    assert not both.identities[:, 192:].any()
    assert not both.by_teacher[both.rows < 0].any()


def test_the_same_seed_gives_the_same_set_and_another_one_another():
    first, again, other = (
        _build(_faces(["a", "a"]), [CoarsePicture()], copies=1, no_faces=1, seed=seed)
        for seed in (3, 3, 4)
    )
    assert (first.crops == again.crops).all() and (first.similarity == again.similarity).all()
    assert (first.crops != other.crops).any()


def test_a_saved_set_is_read_back_as_it_was(labelled, tmp_path):
    labelled.save(tmp_path / "set")
    loaded = LabelledSet.load(tmp_path / "set")
    for field in fields(LabelledSet):
        kept, read = getattr(labelled, field.name), getattr(loaded, field.name)
        assert kept.dtype == read.dtype
        np.testing.assert_array_equal(read, kept, err_msg=field.name)
    assert isinstance(loaded.crops, np.memmap)  # a large set must not fill the memory
    assert [p.name for p in tmp_path.iterdir()] == ["set"]


def test_a_set_that_was_saved_under_the_former_name_of_the_levels_is_read(labelled, tmp_path):
    labelled.save(tmp_path / "set")
    (tmp_path / "set" / "degradation_levels.npy").rename(tmp_path / "set" / "strengths.npy")
    read = LabelledSet.load(tmp_path / "set").degradation_levels
    np.testing.assert_array_equal(read, labelled.degradation_levels)


def test_a_set_is_made_once_and_then_read(tmp_path):
    faces = _faces(["a", "a", "b"])
    settings = {"teachers": [], "protocol": PROTOCOL, "seed": 0, "cache": tmp_path / "cache"}
    first = labelled_set(_targeted(faces), copies=1, **settings)
    again = labelled_set(_targeted(faces), copies=1, **settings)
    np.testing.assert_array_equal(first.crops, again.crops)
    assert len(list((tmp_path / "cache").iterdir())) == 1
    labelled_set(_targeted(faces), copies=2, **settings)
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_no_copy_of_a_held_back_face_is_trained_on(labelled):
    held_faces = np.array([3, 4, 5, 30])
    train, held = split_labelled(labelled, held_faces)
    assert not set(labelled.rows[train]) & set(held_faces)
    assert set(labelled.rows[held]) == {*held_faces, -1}
    assert sorted([*train, *held]) == list(range(len(labelled.crops)))


def test_a_missing_recogniser_is_a_clear_error(tmp_path):
    with pytest.raises((ValueError, OSError), match=r"none\.xml"):
        labelled_set(
            _targeted(_faces(["a"])),
            teachers=[tmp_path / "none.xml"],
            protocol=PROTOCOL,
            copies=1,
            seed=0,
            cache=tmp_path,
        )
