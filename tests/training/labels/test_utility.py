"""Labels: recognisers that spread their similarities differently have the same say."""

import numpy as np
import pytest

from faceqgen_core.degradation import FAMILIES
from faceqgen_core.training.labels.utility import (
    GOOD,
    PRIOR,
    STRANGERS,
    fnmr,
    fnmr_threshold,
    label_faces,
    mates,
)

SUBJECTS = np.repeat([f"s{i}" for i in range(150)], 2)
VERSIONS = 3


def _unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def _set(seed, *, common=0.0):
    """Faces of 150 subjects, each with two stronger and stronger copies, seen by a made-up recogniser.

    Its embedding leaves the person with the strength; ``common`` is a part that all people share.
    """
    rng = np.random.default_rng(seed)
    count = len(SUBJECTS) * VERSIONS
    strengths = np.zeros((count, len(FAMILIES)), np.float32)
    strengths[1::VERSIONS, 0], strengths[2::VERSIONS, 0] = 0.3, 0.8
    person = np.repeat(_unit(rng.normal(size=(150, 64))), 2 * VERSIONS, axis=0)
    away = _unit(rng.normal(size=(count, 64)))
    share = 0.3 + strengths[:, :1]
    vectors = (1 - share) * person + share * away
    vectors = np.concatenate([vectors, np.full((count, 1), common)], axis=1)
    return np.repeat(np.arange(len(SUBJECTS)), VERSIONS), strengths, _unit(vectors)


def test_a_face_is_compared_with_the_mean_of_the_better_half_of_its_subjects_other_images():
    rng = np.random.default_rng(0)
    subjects = np.array(["a", "b", "a", "c", "a", "b", "a", "a"])
    identities = rng.normal(size=(8, 16)).astype(np.float32)
    identities /= np.linalg.norm(identities, axis=1, keepdims=True)
    centres, known = mates(identities, subjects)
    assert known.tolist() == [True] * 3 + [False] + [True] * 4
    for i in range(8):
        own = [j for j in range(8) if subjects[j] == subjects[i]]
        others = [j for j in own if j != i]
        if not others:
            assert not centres[i].any()
            continue
        agreement = {
            j: np.mean([float(identities[j] @ identities[k]) for k in own if k != j])
            for j in others
        }
        half = sorted(others, key=lambda j: -agreement[j])[: (len(others) + 1) // 2]
        mean = np.mean([identities[j] for j in half], axis=0)
        np.testing.assert_allclose(centres[i], mean / np.linalg.norm(mean), atol=1e-5)


def test_one_poor_mate_does_not_spoil_a_good_faces_label():
    good, stranger = np.eye(4, dtype=np.float32)[:2]
    identities = np.stack([good, good, good, stranger])
    centres, _ = mates(identities, np.array(["a"] * 4))
    assert (identities[:3] * centres[:3]).sum(axis=1) == pytest.approx(1)
    assert identities[3] @ centres[3] == pytest.approx(0, abs=1e-6)


def test_strangers_and_good_faces_lie_where_the_scale_says_for_each_recogniser():
    rows, strengths, narrow = _set(0, common=3.0)
    _, _, wide = _set(1)
    raw = [fnmr_threshold(e[::VERSIONS], SUBJECTS, seed=0) for e in (narrow, wide)]
    assert raw[0] > 0.9 > raw[1]  # as they come, the two cannot be averaged
    _, _, by_teacher = label_faces(rows, strengths, [narrow, wide], SUBJECTS)
    untouched = by_teacher[strengths.sum(axis=1) == 0]
    np.testing.assert_allclose(np.median(untouched, axis=0), GOOD, atol=1e-5)
    for column, embedding, strangers in zip(by_teacher.T, (narrow, wide), raw, strict=True):
        centres, _ = mates(embedding[::VERSIONS], SUBJECTS)
        similarity = np.einsum("ij,ij->i", embedding, centres[rows])
        inside = (column > -0.2) & (column < 1)
        slope, offset = np.polyfit(similarity[inside], column[inside], 1)
        assert slope * strangers + offset == pytest.approx(STRANGERS, abs=1e-3)
    assert by_teacher.min() >= np.float32(-0.2) and by_teacher.max() <= 1


def test_missed_mates_are_the_pairs_of_one_subject_that_are_no_more_alike_than_strangers():
    rng = np.random.default_rng(0)
    subjects = rng.permutation(SUBJECTS)
    vectors = _unit(rng.normal(size=(len(subjects), 64)))
    similarity = np.array(
        [np.dot(*vectors[subjects == subject]) for subject in np.unique(subjects)]
    )
    for strangers in (-0.1, 0.0, 0.2):
        assert fnmr(vectors, subjects, strangers, seed=0) == pytest.approx(
            (similarity <= strangers).mean()
        )
    alone = np.array([f"s{i}" for i in range(len(vectors))])
    assert np.isnan(fnmr(vectors, alone, 0.0, seed=0))


def test_a_subject_with_many_images_does_not_decide_alone_how_many_mates_are_missed():
    far, near = np.eye(100, dtype=np.float32), np.zeros((100, 100), np.float32)
    near[:, 0] = 1
    subjects = np.array(["many"] * 100 + [f"s{i // 2}" for i in range(100)])
    # 99 pairs in a round are of the one subject, 50 of the others; of all pairs there are 4950 and 50.
    share = fnmr(np.concatenate([far, near]), subjects, 0.5, seed=0)
    assert share == pytest.approx(99 / 149)


def test_the_label_is_the_mean_of_the_recognisers_and_a_share_of_the_known_strengths():
    rows, strengths, first = _set(0, common=3.0)
    _, _, second = _set(1)
    # The second one errs: an eighth of the faces are seen as somebody else.
    rng = np.random.default_rng(2)
    second[rows % 8 == 0] = _unit(rng.normal(size=((rows % 8 == 0).sum(), second.shape[1])))
    label, weights, by_teacher = label_faces(rows, strengths, [first, second], SUBJECTS)
    known, _, _ = label_faces(rows, strengths, [], SUBJECTS)
    degraded = strengths.sum(axis=1) > 0
    identities = [e[::VERSIONS] for e in (first, second)]
    missed = [fnmr(e, SUBJECTS, fnmr_threshold(e, SUBJECTS, seed=0), seed=0) for e in identities]
    assert missed[0] < 0.05 and missed[1] > 0.2
    mean = np.average(by_teacher, axis=1, weights=[1 / (0.01 + m) for m in missed])
    np.testing.assert_allclose(label[~degraded], mean[~degraded], atol=1e-6)
    expected = (1 - PRIOR) * mean[degraded] + PRIOR * known[degraded]
    np.testing.assert_allclose(label[degraded], expected, atol=1e-6)
    assert set(weights[degraded]) == {1} and set(weights[~degraded]) == {2}


def test_two_recognisers_order_the_faces_better_than_one():
    rows, strengths, first = _set(0, common=3.0)
    _, _, second = _set(1)
    _, _, by_teacher = label_faces(rows, strengths, [first, second], SUBJECTS)
    alone = [np.corrcoef(column, strengths[:, 0])[0, 1] for column in by_teacher.T]
    assert np.corrcoef(by_teacher.mean(axis=1), strengths[:, 0])[0, 1] < min(alone) < 0


def test_few_faces_keep_the_similarities_of_the_recognisers_and_these_count_alike():
    rows, strengths, embedding = _set(0, common=3.0)
    _, _, second = _set(1)
    few = rows < 20
    label, _, by_teacher = label_faces(
        rows[few], strengths[few], [embedding[few], second[few]], SUBJECTS[:20]
    )
    untouched = strengths[few].sum(axis=1) == 0
    np.testing.assert_allclose(label[untouched], by_teacher[untouched].mean(axis=1), atol=1e-6)
    identities = embedding[few][::VERSIONS]
    centres, _ = mates(identities, SUBJECTS[:20])
    expected = np.einsum("ij,ij->i", embedding[few], centres[rows[few]])
    np.testing.assert_allclose(by_teacher[:, 0], expected, atol=1e-5)


def test_without_a_recogniser_there_is_no_column():
    rows, strengths, _ = _set(0)
    label, weights, by_teacher = label_faces(rows, strengths, [], SUBJECTS)
    assert by_teacher.shape == (len(rows), 0)
    assert label.max() == pytest.approx(GOOD) and set(weights) == {1}
