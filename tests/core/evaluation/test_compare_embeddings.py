"""Comparisons made from embeddings, against pairs made one by one."""

from __future__ import annotations

import numpy as np
import pytest

from faceqgen_core.evaluation import compare_embeddings

rng = np.random.default_rng(3)


def test_every_pair_is_compared_once_by_its_cosine():
    vectors = rng.normal(size=(7, 5))
    subjects = ["a", "b", "a", "c", "b", "a", "c"]
    names = [f"{i}.png" for i in range(7)]
    found = compare_embeddings(vectors, subjects, names)
    mated, non_mated = {}, []
    for i in range(7):
        for j in range(i + 1, 7):
            cosine = (
                vectors[i] @ vectors[j] / np.linalg.norm(vectors[i]) / np.linalg.norm(vectors[j])
            )
            if subjects[i] == subjects[j]:
                mated[names[i], names[j]] = cosine
            else:
                non_mated.append(cosine)
    pairs = {
        (found.images[i], found.images[j]): s
        for i, j, s in zip(found.first, found.second, found.mated, strict=True)
    }
    assert pairs.keys() == mated.keys()
    assert [pairs[p] for p in mated] == pytest.approx(list(mated.values()), abs=1e-6)
    assert sorted(found.non_mated) == pytest.approx(sorted(non_mated), abs=1e-6)
    assert [subjects[i] for i in found.first] == found.subjects.tolist()


def test_the_length_of_an_embedding_does_not_matter():
    vectors = rng.normal(size=(4, 3))
    first = compare_embeddings(vectors, "aabb", list("wxyz"))
    second = compare_embeddings(vectors * [[1], [5], [0.1], [30]], "aabb", list("wxyz"))
    assert first.mated == pytest.approx(second.mated, abs=1e-6)


@pytest.mark.parametrize(
    ("vectors", "subjects", "message"),
    [
        (np.ones((3, 2)), "ab", "one embedding, one subject"),
        (np.zeros((2, 2)), "aa", "other than zero"),
        (np.full((2, 2), np.nan), "aa", "finite"),
        (np.ones((2, 2)), "ab", "no mated pair"),
        (np.ones((2, 2)), "aa", "no non-mated pair"),
    ],
)
def test_what_cannot_be_compared_is_refused(vectors, subjects, message):
    with pytest.raises(ValueError, match=message):
        compare_embeddings(vectors, list(subjects), [str(i) for i in range(len(vectors))])
