"""``compare_runs``: the correlation of two fields, and the samples on which they disagree most."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import pytest
from scipy import stats

from tests.plugin.conftest import form_of

COMPARE = "@faceqgen/face-quality/compare_runs"
FIRST = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, None, 70.0, None]
SECOND = [0.1, 0.2, 0.9, 0.4, 0.5, 0.6, 0.7, None, None]
"""On the third, the runs disagree most: third of six by the one, the best by the other."""


@pytest.fixture(scope="module")
def twice() -> Iterator[Any]:
    """Nine samples with scores of two presets, each of which lacks some."""
    dataset = fo.Dataset()
    dataset.add_samples([fo.Sample(filepath=f"/no/such/{i}.png", number=i) for i in range(9)])
    for name, preset, values in (("faceqgen", "p@1", FIRST), ("other", "q@2", SECOND)):
        documents = [
            fo.DynamicEmbeddedDocument(
                quality=v, mse=None if v is None else -v, status="scored", preset=preset
            )
            for v in values
        ]
        dataset.set_values(name, documents, dynamic=True)
    yield dataset
    dataset.delete()


@pytest.fixture
def compare() -> Any:
    return foo.get_operator(COMPARE)


def test_the_correlation_is_that_of_the_samples_that_both_runs_have_scored(twice, compare):
    compared = compare(twice, "faceqgen", "other")
    assert compared.correlation == pytest.approx(stats.spearmanr(FIRST[:6], SECOND[:6]).statistic)
    assert (len(compared.ids), compared.only_first, compared.only_second) == (6, 1, 1)
    assert compared.presets == (["p@1"], ["q@2"])


def test_the_view_holds_the_samples_with_the_largest_gap_of_ranks_first(twice, compare):
    assert compare(twice, "faceqgen", "other", count=1).view.values("number") == [2]
    assert compare(twice, "other", "faceqgen", count=100).view.values("number")[0] == 2
    gaps = compare(twice, "faceqgen", "other").gaps
    assert gaps == pytest.approx([0, 0, -0.6, 0.2, 0.2, 0.2])


def test_only_the_view_that_is_shown_is_compared(twice, compare):
    compared = compare(twice.match(fo.ViewField("number") != 2), "faceqgen", "other")
    assert compared.correlation == pytest.approx(1) and len(compared.ids) == 5


def test_the_view_is_tagged_and_saved_if_asked(twice, compare):
    compare(twice, "faceqgen", "other", count=2, tag="odd", view_name="odd ones")
    assert twice.load_saved_view("odd ones").values("number")[0] == 2
    assert len(twice.match_tags("odd")) == 2
    with pytest.raises(ValueError, match="there is a saved view"):
        compare(twice, "faceqgen", "other", view_name="odd ones")
    name = form_of(COMPARE, twice, {"view_name": "odd ones"})["view_name"]
    assert name["invalid"] and "there is a saved view" in name["error_message"]


def test_in_the_app_the_view_is_shown_and_the_plot_has_every_face(twice):
    params = {"first": "faceqgen", "second": "other", "count": 2}
    result = foo.execute_operator(COMPARE, {"dataset": twice}, params=params)
    (request,) = [r for r in result.executor._requests if r.operator_uri == "set_view"]
    assert fo.DatasetView._build(twice, request.params["view"]).values("number")[0] == 2
    points = [x for trace in result.result["plot"] for x in trace["x"]]
    assert sorted(points) == FIRST[:6]
    assert result.result["plot"][1]["text"][0] == "2.png"
    assert "q@2" in result.result["layout"]["yaxis"]["title"]["text"]


def test_a_plot_of_many_samples_shows_a_part_of_them_and_all_that_disagree(part, twice, compare):
    comparison = part("results.comparison")
    compared = compare(twice, "faceqgen", "other", count=1)
    many = comparison.Compared(
        **{
            **compared.__dict__,
            "ids": [str(i) for i in range(50_000)],
            "files": ["a.png"] * 50_000,
            "first": [0.0] * 50_000,
            "second": [0.0] * 50_000,
            "gaps": [0.0] * 49_999 + [1.0],
        }
    )
    traces, _ = comparison.scatter(many)
    assert [len(trace["x"]) for trace in traces] == [comparison.SHOWN, 1]
    assert traces[1]["ids"] == ["49999"]


def test_fields_without_a_common_sample_give_no_correlation_and_an_empty_view(twice, compare):
    compared = compare(twice.skip(6), "faceqgen", "other")
    assert compared.correlation is None and len(compared.view) == 0
    params = {"first": "faceqgen", "second": "other"}
    result = foo.execute_operator(COMPARE, {"view": twice.skip(6)}, params=params)
    assert result.result["samples"] == 0
    assert not [r for r in result.executor._requests if r.operator_uri == "set_view"]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"second": "faceqgen"}, "the two fields are the same"),
        ({"second": "nothing"}, r"no field 'nothing.quality'.*faceqgen, other"),
        ({"measure": "beauty"}, "measure must be one of"),
        ({"count": 0}, "at least 1"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_a_way_out(twice, compare, params, message):
    with pytest.raises(ValueError, match=message):
        compare(twice, **{"first": "faceqgen", "second": "other", **params})


def test_the_form_offers_the_two_fields_with_their_presets(twice):
    form = form_of(COMPARE, twice, {})
    assert form["first"]["default"] == "faceqgen" and form["second"]["default"] == "other"
    labels = [choice["label"] for choice in form["first"]["view"]["choices"]]
    assert labels == ["faceqgen (p@1)", "other (q@2)"]
    same = form_of(COMPARE, twice, {"first": "other", "second": "other"})["second"]
    assert "the two fields are the same" in same["error_message"]


def test_with_one_field_the_form_says_how_to_get_another(twice):
    one = twice.exclude_fields("other").clone()
    second = form_of(COMPARE, one, {})["second"]
    assert second["invalid"] and "another preset" in second["error_message"]
    one.delete()


def test_with_no_scores_the_form_says_what_to_do_first():
    empty = fo.Dataset()
    assert "first" in form_of(COMPARE, empty, {})["first"]["error_message"]
    empty.delete()
