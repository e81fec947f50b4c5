"""What the panel counts in the database, against the same counts in NumPy."""

from __future__ import annotations

import json

import fiftyone as fo
import numpy as np
import pytest

from faceqgen_core.presets import identify

rng = np.random.default_rng(7)
QUALITY = [*np.round(rng.uniform(0, 100, 60), 1), 0.0, 100.0, 50.0, 50.0, 2.0]
MSE = [float(v) for v in rng.exponential(0.01, len(QUALITY) - 1)] + [0.9]
UNSCORED = ["no_face", "no_face", "unreadable", None]


def _people() -> fo.Dataset:
    dataset = fo.Dataset()
    documents = [
        fo.DynamicEmbeddedDocument(status="scored", quality=float(q), mse=m)
        for q, m in zip(QUALITY, MSE, strict=True)
    ] + [
        status and fo.DynamicEmbeddedDocument(status=status, quality=None, mse=None)
        for status in UNSCORED
    ]
    dataset.add_samples(
        [fo.Sample(filepath=f"{i}.png", number=i, faceqgen=d) for i, d in enumerate(documents)],
        dynamic=True,
    )
    return dataset


@pytest.fixture(scope="module")
def faces():
    dataset = _people()
    yield dataset
    dataset.delete()


def test_statuses_are_counted_and_each_opens_into_its_samples(part, faces):
    statuses = part("dataset.statuses")
    counts = statuses.count_statuses(faces, "faceqgen")
    assert counts == {"scored": len(QUALITY), "no_face": 2, "unreadable": 1, "not_scored": 1}
    for status, count in counts.items():
        assert len(statuses.with_status(faces, "faceqgen", status)) == count


def test_without_the_field_every_sample_is_not_yet_scored(part, faces):
    statuses = part("dataset.statuses")
    assert statuses.count_statuses(faces, "other") == {"not_scored": len(faces)}
    assert len(statuses.with_status(faces, "other", "not_scored")) == len(faces)
    assert statuses.count_statuses(faces.limit(0), "other") == {}


@pytest.mark.parametrize("measure", ["quality", "mse"])
def test_every_scored_sample_is_in_one_bar_and_its_view_holds_as_many(part, faces, measure):
    histogram = part("queries.histogram")
    shape = histogram.histogram(faces, "faceqgen", measure, bars=20)
    assert shape.total == len(QUALITY)
    views = [histogram.bar_view(faces, "faceqgen", measure, shape, i) for i in range(20)]
    assert [len(view) for view in views] == shape.counts
    assert len({i for view in views for i in view.values("id")}) == len(QUALITY)


def test_quality_is_drawn_from_0_to_100_as_numpy_counts_it(part, faces):
    shape = part("queries.histogram").histogram(faces, "faceqgen", "quality", bars=20)
    assert (shape.low, shape.high) == (0, 100)
    assert shape.counts == np.histogram(QUALITY, bins=20, range=(0, 100))[0].tolist()


def test_one_extreme_value_does_not_press_all_others_into_one_bar(part, faces):
    shape = part("queries.histogram").histogram(faces, "faceqgen", "mse", bars=20)
    assert shape.high < 0.5 and sum(count > 0 for count in shape.counts) > 8
    assert shape.counts[-1] >= 1


def test_a_histogram_of_nothing_or_of_one_value_can_be_drawn(part, faces):
    histogram = part("queries.histogram").histogram
    assert histogram(faces.limit(0), "faceqgen", "mse").total == 0
    one = histogram(faces.limit(1), "faceqgen", "mse")
    assert one.total == 1 and one.high > one.low


@pytest.mark.parametrize("bar", [-1, 20])
def test_a_bar_that_is_not_there_is_refused(part, faces, bar):
    histogram = part("queries.histogram")
    shape = histogram.histogram(faces, "faceqgen", "quality", bars=20)
    with pytest.raises(ValueError, match="bars 0 to 19"):
        histogram.bar_view(faces, "faceqgen", "quality", shape, bar)
    with pytest.raises(ValueError, match="at least one bar"):
        histogram.histogram(faces, "faceqgen", "quality", bars=0)


@pytest.mark.parametrize("threshold", [0, 2.0, 50.0, 73.21, 100])
def test_counts_at_a_threshold_are_those_of_the_selection_that_shows_them(part, faces, threshold):
    kept = part("queries.thresholds").count_kept(faces, "faceqgen", "quality", threshold)
    selection = part("queries.selection")
    for keep, count in (("low", kept.discarded), ("high", kept.kept)):
        chosen = selection.Selection(value=threshold, keep=keep)
        assert selection.select(faces, chosen).kept == count
    assert kept.kept == sum(q >= threshold for q in QUALITY)
    assert kept.unscored == len(UNSCORED)
    assert kept.fraction == kept.kept / len(QUALITY)


@pytest.mark.parametrize("measure", ["quality", "mse"])
@pytest.mark.parametrize("percent", [1, 5, 10, 25, 99.9])
def test_the_worst_share_is_discarded_rounded_up_and_ties_are_kept(part, faces, measure, percent):
    thresholds = part("queries.thresholds")
    value = thresholds.threshold_of_worst(faces, "faceqgen", measure, percent)
    kept = thresholds.count_kept(faces, "faceqgen", measure, value)
    wanted = min(int(np.ceil(percent / 100 * len(QUALITY))), len(QUALITY) - 1)
    assert wanted - 1 <= kept.discarded <= wanted


def test_a_worst_share_needs_scores_and_a_percentage(part, faces):
    worst_share = part("queries.thresholds").threshold_of_worst
    assert worst_share(faces.limit(0), "faceqgen", "quality", 5) is None
    with pytest.raises(ValueError, match="between 0 and 100"):
        worst_share(faces, "faceqgen", "quality", 0)


@pytest.mark.parametrize(
    ("training", "quality"), [({}, 50), ({"acceptable": 37.5}, 37.5), ({"acceptable": 400}, 50)]
)
def test_acceptable_is_what_the_preset_says_and_50_where_it_does_not(
    part, faces, tmp_path, training, quality
):
    acceptable_of = part("queries.acceptable").acceptable_of
    assert acceptable_of(faces, "faceqgen", [str(tmp_path)]).quality == 50  # nothing names a preset
    parts = ("networks", "crop_protocol", "calibration", "weights")
    config = {"name": "mine", **{key: {} for key in parts}, "training": training}
    named = fo.DynamicEmbeddedDocument(status="scored", quality=5.0, preset=identify(config))
    dataset = fo.Dataset()
    dataset.add_sample(fo.Sample(filepath="0.png", faceqgen=named), dynamic=True)
    assert acceptable_of(dataset, "faceqgen", [str(tmp_path)]).quality == 50  # not at hand
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert acceptable_of(dataset, "faceqgen", [str(tmp_path)]).quality == quality
    dataset.delete()


@pytest.mark.parametrize(("measure", "sign"), [("quality", 1), ("mse", -1)])
def test_worst_first_walks_every_scored_sample_once_in_order_and_back(part, faces, measure, sign):
    order = part("queries.ranking").WorstFirst(faces, "faceqgen", measure)
    walk = [order.worst()]
    while (following := order.next(walk[-1])) is not None:
        assert order.previous(following) == walk[-1]
        walk.append(following)
    by_id = dict(zip(*faces.values(["id", f"faceqgen.{measure}"]), strict=True))
    scores = [sign * by_id[i] for i in walk]
    assert len(set(walk)) == len(QUALITY) and scores == sorted(scores)
    assert [order.place(i) for i in walk[:5]] == [0, 1, 2, 3, 4]
    assert order.previous(walk[0]) is None


def test_a_sample_without_a_score_has_no_place(part, faces):
    order = part("queries.ranking").WorstFirst(faces, "faceqgen", "quality")
    unscored = faces.last().id
    assert order.place(unscored) is None and order.next(unscored) is None
    assert part("queries.ranking").WorstFirst(faces.limit(0), "faceqgen", "quality").worst() is None


def test_percentiles_are_shares_of_worse_faces_with_half_of_the_ties(part, faces):
    shares = part("queries.ranking").percent_worse(
        faces, "faceqgen", {"quality": 50.0, "mse": MSE[3], "ssim": None}
    )
    quality = np.array(QUALITY)
    expected = (quality < 50).sum() + 0.5 * (quality == 50).sum()
    assert shares["quality"] == pytest.approx(100 * expected / len(quality))
    worse = (np.array(MSE) > MSE[3]).sum() + 0.5
    assert shares["mse"] == pytest.approx(100 * worse / len(MSE))
    assert "ssim" not in shares
    assert (
        part("queries.ranking").percent_worse(faces.limit(0), "faceqgen", {"quality": 50.0}) == {}
    )


def test_fields_with_scores_are_found_in_data_sets_and_in_patches(part, scored):
    fields = part("dataset.score_fields").score_fields
    assert fields(scored) == ["faceqgen"]
    assert fields(scored.to_patches("faceqgen_faces")) == ["faceqgen_faces"]


def test_the_newest_run_of_a_field_is_found(part, scored, preset):
    latest = part("dataset.run_records").latest
    run = latest(scored, "faceqgen")
    assert run["parameters"]["preset"] == preset and run["counts"]["scored"] == 2
    assert latest(scored, "other") is None
