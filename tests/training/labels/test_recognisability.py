"""A face is recognisable if it is nearer to its own subject than to anyone else; from a quality on nearly all are."""

import numpy as np
import pytest
from sklearn.neighbors import NearestCentroid

from faceqgen_core.training.labels.recognisability import FRACTION, cut_off, nearer_to_own

RNG = np.random.default_rng(0)


def _unit(values):
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def _people(count=12, images=6, spread=0.25):
    centres = _unit(RNG.normal(size=(count, 16)))
    subjects = np.repeat([f"s{i:02d}" for i in range(count)], images)
    faces = np.repeat(centres, images, axis=0) + RNG.normal(0, spread, (len(subjects), 16))
    return _unit(faces), subjects


def test_the_nearest_centre_agrees_with_scikit_learn_s_nearest_centroid():
    """Far altered faces: what is left out of the own centre (the face itself, the worse mates) hardly matters there."""
    identities, subjects = _people(spread=0.05)
    rows = np.arange(len(subjects))
    embeddings = _unit(identities + RNG.normal(0, 0.3, identities.shape))
    nearer, known = nearer_to_own(embeddings, rows, identities, subjects)
    names = np.unique(subjects)
    centres = _unit(np.stack([identities[subjects == n].mean(axis=0) for n in names]))
    model = NearestCentroid().fit(centres, names)
    expected = model.predict(embeddings) == subjects
    assert known.all() and 0.2 < expected.mean() < 0.99
    assert (nearer == expected).mean() > 0.95


def test_the_only_image_of_a_subject_says_nothing():
    identities, subjects = _people()
    subjects[0] = "alone"
    _, known = nearer_to_own(identities, np.arange(len(subjects)), identities, subjects)
    assert not known[0] and known[1:].all()


def test_a_face_is_not_compared_with_itself():
    identities, subjects = _people(count=4, images=2, spread=0.0)
    stray = _unit(-identities[:1])  # nothing like its subject's other image
    identities[0] = stray
    nearer, _ = nearer_to_own(stray, np.zeros(1, np.int64), identities, subjects)
    assert not nearer[0]


def test_from_the_cut_off_on_nearly_all_are_nearer_and_just_below_it_fewer():
    quality = RNG.uniform(0, 100, 4000).round(1)
    nearer = RNG.random(4000) < np.clip(quality / 40, 0, 1)
    found = cut_off(quality, nearer)
    assert nearer[quality >= found].mean() >= FRACTION
    below = np.unique(quality[quality < found])[::-1]
    assert all(nearer[quality >= value].mean() < FRACTION for value in below)


@pytest.mark.parametrize(("faces", "share"), [(100, 1.0), (400, 0.0)])
def test_without_enough_faces_or_any_that_is_nearer_there_is_no_cut_off(faces, share):
    assert cut_off(np.linspace(0, 100, faces), np.full(faces, share > 0.5)) is None
