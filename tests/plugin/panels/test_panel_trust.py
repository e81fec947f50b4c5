"""Section Trust: subgroups and error-versus-discard curves from a database, against NumPy and the core."""

from __future__ import annotations

import csv

import fiftyone as fo
import numpy as np
import pytest

from tests.plugin.panels.panel_state import Page

rng = np.random.default_rng(11)
SUBJECTS, IMAGES = 20, 6


@pytest.fixture(scope="module")
def people():
    """Twenty people of six images; the poorer an image, the farther is its embedding from the person."""
    dataset = fo.Dataset()
    samples = []
    for person in range(SUBJECTS):
        centre = rng.normal(size=24)
        for i in range(IMAGES):
            quality = float(rng.uniform(0, 100))
            noise = rng.normal(size=24) * (2.0 - 0.019 * quality)
            samples.append(
                fo.Sample(
                    filepath=f"/faces/{person}_{i}.png",
                    person=f"p{person}",
                    camera="door" if person % 2 else "street",
                    outside=person % 2 == 0,
                    embedding=centre + noise,
                    tags=["first"] if i == 0 else [],
                    faceqgen=fo.DynamicEmbeddedDocument(
                        status="scored", quality=quality, mse=float(rng.uniform(0, 0.1))
                    ),
                )
            )
    dataset.add_samples(samples, dynamic=True)
    yield dataset
    dataset.delete()


def test_boxes_are_the_quantiles_of_numpy_and_say_what_the_threshold_discards(part, people):
    groups = part("queries.subgroups").subgroups(
        people, "faceqgen", "quality", "camera", threshold=40
    )
    assert {g.name for g in groups} == {"door", "street"}
    for group in groups:
        values = np.array(people.match({"camera": group.name}).values("faceqgen.quality"))
        assert group.count == len(values) and group.discarded == (values < 40).sum()
        ends = (group.low, group.first_quartile, group.median, group.third_quartile, group.high)
        wanted = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95], method="nearest")
        assert ends == pytest.approx(wanted, abs=4)
    assert groups[0].median <= groups[1].median


@pytest.mark.parametrize(("by", "names"), [("outside", {"True", "False"}), ("tags", {"first"})])
def test_yes_or_no_and_tags_name_groups_too(part, people, by, names):
    groups = part("queries.subgroups").subgroups(people, "faceqgen", "mse", by, threshold=0.05)
    assert {group.name for group in groups} == names


def test_no_more_groups_are_drawn_than_can_be_read(part, people):
    module = part("queries.subgroups")
    groups = module.subgroups(people, "faceqgen", "quality", "person", threshold=50)
    assert len(groups) == module.MOST_GROUPS == SUBJECTS
    with pytest.raises(ValueError, match="names no groups"):
        module.subgroups(people, "faceqgen", "quality", "embedding", threshold=50)


def test_curves_from_embeddings_show_that_quality_knows_the_errors_and_chance_does_not(
    part, people
):
    recognition = part("results.recognition")
    assert recognition.embedding_sources(people) == ["embedding"]
    facts = recognition.evaluate_embeddings(people, "faceqgen", "person", "embedding")
    pairs = SUBJECTS * IMAGES * (IMAGES - 1) // 2
    assert facts["mated_pairs"] == pairs and facts["images"] == SUBJECTS * IMAGES
    assert facts["target_fmr"] == 1e-3
    areas = {n: c["pauc"]["0.3"]["normalised"] for n, c in facts["columns"].items()}
    assert areas["quality"] < 0.95 and areas["quality"] < areas["mse"] - 0.02
    assert facts["baselines"]["random"]["pauc"]["0.3"]["normalised"] == pytest.approx(1)
    assert facts["baselines"]["oracle"]["pauc"]["0.3"]["normalised"] <= areas["quality"]


def test_curves_from_a_file_of_pairs_are_those_from_the_same_embeddings(part, people, tmp_path):
    from faceqgen_core.evaluation import compare_embeddings

    vectors, who, paths = people.values(["embedding", "person", "filepath"])
    compared = compare_embeddings(vectors, who, paths)
    path = tmp_path / "pairs.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["a", "b", "similarity", "mated"])
        for i, j, s in zip(compared.first, compared.second, compared.mated, strict=True):
            writer.writerow([paths[i], paths[j], s, 1])
        writer.writerows(["x", "y", s, 0] for s in compared.non_mated)
    recognition = part("results.recognition")
    from_file = recognition.evaluate_pairs(people, "faceqgen", str(path))
    from_vectors = recognition.evaluate_embeddings(people, "faceqgen", "person", "embedding")
    assert from_file["columns"]["quality"]["fnmr"] == pytest.approx(
        from_vectors["columns"]["quality"]["fnmr"]
    )


def test_large_sets_are_compared_in_part_by_whole_subjects(part, people, monkeypatch):
    recognition = part("results.recognition")
    monkeypatch.setattr(recognition, "MOST_IMAGES", 36)
    facts = recognition.evaluate_embeddings(people, "faceqgen", "person", "embedding")
    assert facts["images"] == 36 and facts["mated_pairs"] == 6 * 15


@pytest.mark.parametrize(
    ("subject", "source", "message"),
    [
        ("camera", "nothing", "no field of embeddings"),
        ("embedding", "embedding", "names no subjects"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_with_the_reason(
    part, people, subject, source, message
):
    with pytest.raises(ValueError, match=message):
        part("results.recognition").evaluate_embeddings(people, "faceqgen", subject, source)


def test_too_few_people_are_no_evaluation(part, people):
    with pytest.raises(ValueError, match="two such subjects are needed"):
        part("results.recognition").evaluate_embeddings(
            people.match({"person": "p1"}), "faceqgen", "person", "embedding"
        )
    with pytest.raises(ValueError, match="too few for a threshold"):
        part("results.recognition").evaluate_embeddings(
            people.match({"person": {"$in": ["p1", "p2"]}}), "faceqgen", "person", "embedding"
        )


def _computed(collection):
    page = Page(collection)
    page.do("on_tab", value="trust")
    page.do("on_compute")
    return page


def test_curves_are_drawn_over_the_view_they_are_of_and_no_other(operator, people):
    page = _computed(people)
    assert "120 images" in page.text() and "edc" in page.parts
    page.collection = people.match({"person": "p1"})
    page.do("on_change_view")
    assert "edc" not in page.parts and "120 images" not in page.text()
    page.collection = people
    page.do("on_change_view")
    assert (
        "edc" not in page.parts
    )  # counted anew: what was computed before may not be true any more


def test_curves_end_with_another_measure_or_field_or_a_new_count(operator, people):
    copy = people.clone()
    copy.clone_sample_field("faceqgen", "second")
    for event, options in (
        ("on_measure", {"measure": "mse"}),
        ("on_field", {"value": "second"}),
        ("on_refresh", {}),
    ):
        page = _computed(copy)
        assert "edc" in page.parts
        page.do(event, **options)
        assert "edc" not in page.parts
    page.do("on_measure", measure="mse")
    page.do("on_compute")
    assert "Normalised pAUC of mse" in page.text()
    copy.delete()


def test_curves_stay_while_the_grid_shows_a_part_of_their_view(operator, people):
    page = _computed(people)
    page.do("on_show", keep="low")
    assert "edc" in page.parts
    page.collection = fo.DatasetView._build(people, page.ops("set_view")[0]["view"])
    page.do("on_change_view")
    assert "edc" in page.parts and "120 images" in page.text()


def test_why_there_are_no_curves_is_said_of_the_view_it_is_true_of(operator, people):
    page = _computed(people.match({"person": "p1"}))
    assert "two such subjects are needed" in page.text()
    page.collection = people
    page.do("on_change_view")
    assert "two such subjects are needed" not in page.text()
