"""The labelled set: scores come from a recogniser's comparisons (here a stand-in), never from a person."""

import numpy as np
import pytest

from faceqgen_core.training.labelled import build_labelled_set, no_face
from faceqgen_core.training.subjects import FaceSet
from tests.images import astronaut


class MeanColour:
    """Embeds a crop as its coarse picture, so that a copy is near its original."""

    def embed(self, crops):
        coarse = (
            crops.reshape(len(crops), 8, 16, 8, 16, 3).mean(axis=(2, 4)).reshape(len(crops), -1)
        )
        coarse = coarse - coarse.mean(axis=1, keepdims=True)
        return (coarse / np.linalg.norm(coarse, axis=1, keepdims=True)).astype(np.float32)


def _faces(subjects):
    picture = astronaut()
    rng = np.random.default_rng(0)
    corners = rng.integers(0, 300, (len(subjects), 2))
    crops = np.stack([picture[y : y + 128, x : x + 128] for y, x in corners])
    count = len(subjects)
    return FaceSet(
        crops,
        [f"{i}.png" for i in range(count)],
        np.array(subjects),
        np.zeros((count, 5, 2), np.float32),
        np.ones(count),
    )


def test_every_image_of_a_subject_with_two_comes_untouched_and_in_copies():
    labelled = build_labelled_set(
        _faces(["a", "a", "b", "b", "b", "lonely"]), MeanColour(), copies=2, no_faces=4
    )
    assert set(labelled.subjects) == {"a", "b", ""}
    assert labelled.natural.sum() == 5
    assert len(labelled.crops) == 5 * 3 + 4


def test_what_is_no_face_has_the_similarity_of_strangers():
    labelled = build_labelled_set(_faces(["a", "a"]), MeanColour(), copies=1, no_faces=6)
    assert (labelled.similarity[labelled.subjects == ""] == 0).all()


def test_one_subject_cannot_outweigh_the_rest():
    labelled = build_labelled_set(
        _faces(["a"] * 9 + ["b", "b"]), MeanColour(), copies=0, most_per_subject=3, no_faces=0
    )
    assert (labelled.subjects == "a").sum() == 3


def test_subjects_of_one_image_alone_cannot_be_labelled():
    with pytest.raises(ValueError, match="no subject has two images"):
        build_labelled_set(_faces(["a", "b"]), MeanColour())


def test_a_picture_without_a_face_keeps_shape_and_type():
    rng = np.random.default_rng(0)
    for _ in range(20):
        picture = no_face(rng, astronaut()[:128, :128])
        assert picture.shape == (128, 128, 3)
        assert picture.dtype == np.uint8
