"""``filter_faces``: which samples are kept, in which order, and what is done with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import pytest

from tests.plugin.conftest import FILTER

QUALITY = [90.0, None, 10.0, 50.0, 30.0, None, 70.0]
MSE = [0.01, None, 0.09, 0.05, 0.07, None, 0.03]


@pytest.fixture
def rated() -> Iterator[Any]:
    """Seven samples, two of them without a score; mse says the same as quality, the other way round."""
    dataset = fo.Dataset()
    dataset.add_samples([fo.Sample(filepath=f"/no/such/{i}.png") for i in range(len(QUALITY))])
    pairs = zip(QUALITY, MSE, strict=True)
    documents = [fo.DynamicEmbeddedDocument(quality=q, mse=m) for q, m in pairs]
    dataset.set_values("faceqgen", documents, dynamic=True)
    yield dataset
    dataset.delete()


@pytest.fixture
def keep(rated):
    """Run the operator and return what it says and the qualities of the view it sets."""

    def run(**params: Any) -> tuple[dict[str, Any], list[float]]:
        result = foo.execute_operator(FILTER, {"dataset": rated}, params=params)
        (request,) = [r for r in result.executor._requests if r.operator_uri == "set_view"]
        view = fo.DatasetView._build(rated, request.params["view"])
        return result.result, view.values("faceqgen.quality")

    return run


def test_low_keeps_what_is_worse_than_the_threshold_worst_first(keep):
    result, kept = keep(value=50, keep="low")
    assert kept == [10, 30]
    assert result == {"threshold": 50, "kept": 2, "left_out": 3, "unscored": 2}


def test_high_keeps_the_others_and_the_threshold_itself(keep):
    assert keep(value=50, keep="high")[1] == [50, 70, 90]


def test_samples_without_a_score_are_on_neither_side(keep):
    for side in ("low", "high"):
        assert None not in keep(value=50, keep=side)[1]


def test_low_means_low_quality_though_a_low_mse_is_a_good_one(keep):
    assert keep(measure="mse", value=0.05, keep="low")[1] == [10, 30]
    assert keep(measure="mse", value=0.05, keep="high")[1] == [50, 70, 90]


@pytest.mark.parametrize("measure", ["quality", "mse"])
def test_a_percentile_counts_from_the_worst(keep, measure):
    result, kept = keep(measure=measure, by="percentile", value=40, keep="low")
    assert kept == [10, 30] and result["kept"] == 2
    assert keep(measure=measure, by="percentile", value=40, keep="high")[1] == [50, 70, 90]


def test_the_two_sides_of_any_percentile_are_all_scored_samples(keep):
    for value in (1, 20, 50, 99):
        low = keep(by="percentile", value=value, keep="low")[1]
        high = keep(by="percentile", value=value, keep="high")[1]
        assert sorted(low + high) == [10, 30, 50, 70, 90] and low


def test_equal_scores_stay_together_on_the_high_side_of_a_percentile(keep, rated):
    rated.set_values("faceqgen.quality", [10.0, 40.0, 40.0, 40.0, 50.0, None, None])
    result, kept = keep(by="percentile", value=20, keep="low")
    assert kept == [10] and "notices" not in result
    result, kept = keep(by="percentile", value=60, keep="low")
    assert kept == [10] and result["left_out"] == 4
    assert "would be 3, but equal scores stay together" in result["notices"][0]
    assert keep(by="percentile", value=60, keep="high")[1] == [40, 40, 40, 50]


def test_a_percentile_of_scores_that_are_all_equal_has_no_low_side_and_says_so(keep, rated):
    rated.set_values("faceqgen.quality", [40.0] * len(QUALITY))
    result, kept = keep(by="percentile", value=10, keep="high")
    assert len(kept) == len(QUALITY) and "0 are of low quality" in result["notices"][0]


def test_a_side_that_is_empty_is_told_whatever_made_it_so(keep, rated):
    """An empty grid without a word looks like a fault."""
    result, kept = keep(value=0, keep="low")
    assert kept == [] and result["notices"] == ["No sample is of low quality here"]
    result, kept = keep(measure="mse", value=0, keep="high")
    assert kept == [] and result["notices"] == ["No sample is of high mse here"]
    rated.set_values("faceqgen.quality", [40.0] * len(QUALITY))
    result, kept = keep(by="percentile", value=10, keep="low")
    assert kept == [] and "equal scores stay together" in result["notices"][0]
    assert result["notices"][1] == "No sample is of low quality here"
    rated.set_values("faceqgen.quality", [None] * len(QUALITY))
    for by in ("threshold", "percentile"):
        result, kept = keep(by=by, value=10, keep="high")
        assert kept == [] and result["notices"]


def test_a_percentage_asks_for_no_more_than_it_says(rated, part):
    wanted_of = part("queries.thresholds").wanted_of
    assert [wanted_of(100, percent) for percent in range(1, 100)] == list(range(1, 100))
    assert wanted_of(1, 50) == wanted_of(0, 50) == 0


def test_without_sort_worst_the_order_of_the_data_set_stays(keep):
    assert keep(value=80, sort_worst=False)[1] == [10, 50, 30, 70]


def test_the_samples_of_the_view_are_tagged_and_no_others(rated, keep):
    keep(value=50, keep="low", tag="poor")
    assert rated.match_tags("poor").values("faceqgen.quality") == [10, 30]


def test_the_view_is_saved_under_the_name_and_never_over_another(rated, keep):
    keep(value=50, view_name="poor faces")
    rated.reload()
    assert rated.load_saved_view("poor faces").values("faceqgen.quality") == [10, 30]
    with pytest.raises(foo.executor.ExecutionError, match="there is a saved view"):
        keep(value=60, view_name="poor faces")


def test_only_the_target_view_is_filtered(rated):
    result = foo.execute_operator(FILTER, {"view": rated.limit(3)}, params={"value": 50})
    assert result.result == {"threshold": 50, "kept": 1, "left_out": 1, "unscored": 1}


def test_a_call_from_a_notebook_returns_the_view(rated):
    view = foo.get_operator(FILTER)(rated, by="percentile", value=20)
    assert view.values("faceqgen.quality") == [10]


def test_a_data_set_in_which_nothing_is_scored_gives_an_empty_view(rated):
    rated.set_values("faceqgen.quality", [None] * len(QUALITY))
    assert len(foo.get_operator(FILTER)(rated, by="percentile", value=20)) == 0


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"measure": "beauty"}, "measure must be one of"),
        ({"by": "rank"}, "by must be one of threshold, percentile"),
        ({"keep": "best"}, "keep must be one of low, high"),
        ({"by": "percentile", "value": 0}, "between 0 and 100"),
        ({"by": "percentile", "value": 100}, "between 0 and 100"),
        ({"value": float("nan")}, "quality lies between 0 and 100"),
        ({"measure": "mse", "value": 50}, "mse lies between 0 and 1"),
        ({"measure": "mse"}, "needs a value"),
        ({"field": "nothing"}, "run 'Score face quality' first"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_way_out(rated, params, message):
    with pytest.raises(ValueError, match=message):
        foo.get_operator(FILTER)(rated, **params)


def test_a_value_outside_the_measures_range_is_told_to_the_form_and_to_scripts(rated):
    with pytest.raises(foo.executor.ExecutionError, match="mse lies between 0 and 1"):
        foo.execute_operator(FILTER, {"dataset": rated}, params={"measure": "mse", "value": 50})


def test_the_filter_works_on_what_the_operator_has_written(scored):
    view = foo.get_operator(FILTER)(scored, value=100)
    best_last = sorted(q for q in scored.values("faceqgen.quality") if q is not None and q < 100)
    assert view.values("faceqgen.quality") == best_last
