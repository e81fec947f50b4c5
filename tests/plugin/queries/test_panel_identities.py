"""Rules per identity, against the same rules in plain Python."""

from __future__ import annotations

import fiftyone as fo
import pytest

ROWS = [
    # subject, quality, mse
    ("ann", 10.0, 0.5),
    ("ann", 70.0, 0.1),
    ("ann", 90.0, 0.2),
    ("bob", 40.0, 0.3),
    ("bob", 40.0, 0.4),
    ("cy", None, None),
    (None, 80.0, 0.1),
]


@pytest.fixture(scope="module")
def people():
    dataset = fo.Dataset()
    dataset.add_samples(
        [
            fo.Sample(
                filepath=f"{i}.png",
                subject=subject,
                who=subject and fo.Classification(label=subject),
                number=i,
                faceqgen=fo.DynamicEmbeddedDocument(quality=quality, mse=mse),
            )
            for i, (subject, quality, mse) in enumerate(ROWS)
        ],
        dynamic=True,
    )
    yield dataset
    dataset.delete()


@pytest.fixture
def identities(part, people):
    return lambda **options: part("queries.subjects").Identities(
        options.pop("collection", people), options.pop("subject", "subject"), **options
    )


def _numbers(dataset, ids):
    by_id = dict(zip(*dataset.values(["id", "number"]), strict=True))
    return [by_id[i] for i in ids]


def test_the_best_of_each_subject_are_its_highest_qualities(identities, people):
    assert _numbers(people, identities().best(1)) == [2, 3]
    assert _numbers(people, identities().best(2)) == [2, 1, 3, 4]
    assert _numbers(people, identities().others(2)) == [0]
    assert _numbers(people, identities().others(1)) == [1, 0, 4]


def test_best_follows_the_direction_of_the_measure(identities, people):
    assert _numbers(people, identities(measure="mse").best(1)) == [1, 3]


def test_a_classification_names_subjects_as_a_string_does(identities):
    assert identities(subject="who").best(2) == identities().best(2)


def test_counts_say_what_the_rule_keeps(identities, people):
    counts = identities().counts(2)
    assert (counts.subjects, counts.samples, counts.kept, counts.without_subject) == (2, 5, 4, 1)
    assert counts.kept == len(identities().best(2))
    empty = identities(collection=people.limit(0)).counts(2)
    assert (empty.subjects, empty.kept) == (0, 0)


@pytest.mark.parametrize("threshold", [0, 40, 50, 95])
def test_one_pass_counts_the_subjects_without_an_acceptable_image_as_they_are_listed(
    identities, threshold
):
    listed = identities().without_acceptable(threshold)
    assert identities().counts(1, threshold=threshold).without_acceptable == len(listed)
    assert identities().counts(1).without_acceptable is None


def test_a_view_is_a_world_of_its_own(identities, people):
    view = people.match({"number": {"$ne": 2}})
    assert _numbers(people, identities(collection=view).best(1)) == [1, 3]


def test_subjects_without_an_acceptable_image_include_those_without_any_score(identities):
    assert identities().without_acceptable(50) == ["bob", "cy"]
    assert identities().without_acceptable(40) == ["cy"]
    assert identities(measure="mse").without_acceptable(0.1) == ["bob", "cy"]


def test_the_likeliest_subject_field_comes_first_and_ours_are_left_out(part, people):
    fields = part("queries.subjects").subject_fields(people)
    assert fields[0] == "subject" and "who" in fields
    assert not {"filepath", "faceqgen", "id"} & set(fields)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"subject": "nobody"}, "names no subjects.*subject"),
        ({"subject": "faceqgen"}, "names no subjects"),
        ({"measure": "beauty"}, "measure must be one of"),
        ({"field": "other"}, "run 'Score face quality' first"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_way_out(identities, options, message):
    with pytest.raises(ValueError, match=message):
        identities(**options)


def test_less_than_one_of_each_is_refused(identities):
    with pytest.raises(ValueError, match="1 or more"):
        identities().best(0)
