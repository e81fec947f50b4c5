"""The same fraction from each group: the panel's thresholds, views and price from a real database, against NumPy."""

from __future__ import annotations

import math

import fiftyone as fo
import numpy as np
import pytest

from tests.plugin.panels.panel_state import Page

SIZES = {"street": 40, "door": 61, "hall": 3, None: 6}
UNSCORED = 2
BETTER = {"quality": np.greater_equal, "mse": np.less_equal}


@pytest.fixture(scope="module")
def cameras():
    """Two cameras, the one in the street worse, with ties; one of three images, some images of no camera, two unscored."""
    rng = np.random.default_rng(5)
    samples = []
    for camera, count in SIZES.items():
        centre = 35 if camera == "street" else 65
        for quality in np.round(np.clip(rng.normal(centre, 15, count), 0, 100)):
            document = fo.DynamicEmbeddedDocument(
                status="scored", quality=float(quality), mse=float(100 - quality) / 1000
            )
            samples.append(
                fo.Sample(
                    filepath=f"/faces/{len(samples)}.png",
                    camera=camera,
                    place=fo.Classification(label=camera) if camera else None,
                    outside=None if camera is None else camera == "street",
                    tags=["first"],
                    faceqgen=document,
                )
            )
    samples += [fo.Sample(filepath=f"/faces/none_{i}.png", camera="door") for i in range(UNSCORED)]
    dataset = fo.Dataset()
    dataset.add_samples(samples, dynamic=True)
    yield dataset
    dataset.delete()


def _numbers(collection, measure="quality"):
    """Ids, scores and cameras of the scored samples."""
    ids, scores, camera = collection.values(["id", f"faceqgen.{measure}", "camera"])
    return [row for row in zip(ids, scores, camera, strict=True) if row[1] is not None]


def _own_threshold(scores, share, *, higher):
    """The rule for percentages: as many as asked for, rounded up, never all; the first that is kept is the threshold."""
    worst_first = sorted(scores, reverse=not higher)
    return worst_first[min(math.ceil(round(share * len(scores), 9)), len(scores) - 1)]


@pytest.mark.parametrize(("measure", "single"), [("quality", 50.0), ("mse", 0.05), ("mse", 0.03)])
@pytest.mark.parametrize("by", ["camera", "place", "outside"])
def test_each_group_loses_the_fraction_that_the_single_threshold_takes_of_all(
    part, cameras, measure, single, by
):
    module, good = part("queries.group_thresholds"), BETTER[measure]
    rule = module.same_fraction(cameras, "faceqgen", measure, by, threshold=single)
    rows = _numbers(cameras, measure)
    everything = np.array([score for _, score, _ in rows])
    share = 1 - good(everything, single).mean()
    assert rule.fraction == pytest.approx(share)
    of = {"street": "street", "door": "door", True: "street", False: "door"}
    assert len(rule.groups) == 2
    for group in rule.groups:
        names = {of[group.value]} if by != "outside" or group.value else {"door", "hall"}
        scores = np.array([score for _, score, camera in rows if camera in names])
        own = _own_threshold(scores, share, higher=measure == "quality")
        kept, by_single = good(scores, own), good(scores, single)
        assert (group.count, group.threshold) == (len(scores), own)
        assert (group.kept, group.kept_by_single) == (kept.sum(), by_single.sum())
        assert group.stay == (kept & ~by_single).sum()
        assert group.go == (~kept & by_single).sum()
        assert group.count - group.kept <= math.ceil(round(share * group.count, 9))
    assert rule.groups[0].value in ("street", True)  # the mildest threshold first
    assert rule.scored == len(rows) and rule.kept_by_single == good(everything, single).sum()


@pytest.mark.parametrize(("measure", "single"), [("quality", 50.0), ("mse", 0.05)])
def test_the_two_sides_hold_every_scored_sample_once_and_as_many_as_was_said(
    part, cameras, measure, single
):
    module, good = part("queries.group_thresholds"), BETTER[measure]
    rule = module.same_fraction(cameras, "faceqgen", measure, "camera", threshold=single)
    own = {group.value: group.threshold for group in rule.groups}
    rows = _numbers(cameras, measure)
    kept = {i for i, score, camera in rows if good(score, own.get(camera, single))}
    high = module.ruled_view(cameras, rule, keep="high").values("id")
    low = module.ruled_view(cameras, rule, keep="low").values("id")
    assert set(high) == kept and set(low) == {i for i, _, _ in rows} - kept
    assert len(high) == rule.kept and len(low) == rule.scored - rule.kept
    assert rule.others == SIZES["hall"] + SIZES[None]
    scores = module.ruled_view(cameras, rule, keep="low").values(f"faceqgen.{measure}")
    assert scores == sorted(scores, reverse=measure == "mse")


def test_groups_of_fewer_than_five_and_samples_of_no_group_keep_the_single_threshold(part, cameras):
    module = part("queries.group_thresholds")
    rule = module.same_fraction(cameras, "faceqgen", "quality", "camera", threshold=60.0)
    assert {group.value for group in rule.groups} == {"street", "door"}
    rows = [row for row in _numbers(cameras) if row[2] in ("hall", None)]
    assert rule.others == len(rows) and rule.others_kept == sum(row[1] >= 60 for row in rows)


@pytest.mark.parametrize("single", [0.0, 100.0])
def test_a_threshold_that_keeps_all_or_nothing_gives_no_fraction_and_no_thresholds(
    part, cameras, single
):
    below = cameras.match({"faceqgen.quality": {"$lt": 100}})
    rule = part("queries.group_thresholds").same_fraction(
        below, "faceqgen", "quality", "camera", threshold=single
    )
    assert rule.groups == () and rule.fraction == (single == 100)


def test_fields_that_do_not_name_one_group_for_each_sample_are_refused(part, cameras):
    module = part("queries.group_thresholds")
    assert "tags" not in module.rule_fields(cameras) and "camera" in module.rule_fields(cameras)
    with pytest.raises(ValueError, match="several tags"):
        module.same_fraction(cameras, "faceqgen", "quality", "tags", threshold=50)
    with pytest.raises(ValueError, match="names no groups"):
        module.same_fraction(cameras, "faceqgen", "quality", "faceqgen", threshold=50)


@pytest.fixture
def page(operator, cameras):
    """The panel on its tab "Trust", with the same fraction from each camera."""
    page = Page(cameras)
    page.do("on_exact", value=50.0)
    page.do("on_tab", value="trust")
    page.do("on_group", value="camera")
    page.do("on_group_rule", rule="each")
    return page


def test_the_panel_says_what_each_group_keeps_and_the_price_in_measured_numbers(
    page, part, cameras
):
    rule = part("queries.group_thresholds").same_fraction(
        cameras, "faceqgen", "quality", "camera", threshold=50.0
    )
    street, door = rule.groups
    rows = page.parts["rule_table"]["default"]
    assert [row["group"] for row in rows] == ["street (40)", "door (61)"]
    assert rows[0]["threshold"] == f"{street.threshold:.4g}"
    assert rows[0]["kept"].startswith(f"{street.kept} (")
    assert street.stay > 1 and door.go > 1 and street.go == door.stay == 0
    assert (
        f"**In “street” samples down to quality {street.threshold:.4g} are kept, in “door” only from "
        f"{door.threshold:.4g} on: {street.stay} that the single threshold of 50 discards stay, {door.go} that it keeps go.**"
    ) in page.text()
    assert f"Kept {rule.kept} of {rule.scored}; the single threshold keeps" in page.text()
    assert "9 samples keep the single threshold" in page.text()


def test_the_price_goes_by_the_direction_of_the_measure(page):
    page.do("on_measure", measure="mse")
    page.do("on_exact", value=0.05)
    assert "**In “street” samples up to mse " in page.text() and "only up to 0.0" in page.text()
    page.do("on_group_rule", rule="one")
    assert "samples up to mse" not in page.text() and "rule_table" not in page.parts
    assert "One threshold for all: 0.05" in page.text()


def test_no_difference_is_told_as_none(page, part, cameras):
    page.collection = cameras.match({"camera": "door"})
    page.do("on_change_view")
    page.do("on_exact", value=60.0)
    assert "keeps the very samples that the single threshold of 60 keeps" in page.text()
    page.do("on_exact", value=0.0)
    assert "The single threshold of 0 keeps all" in page.text()


def test_what_the_groups_keep_is_shown_tagged_saved_and_exported_like_any_other_part(
    page, cameras, part
):
    rule = part("queries.group_thresholds").same_fraction(
        cameras, "faceqgen", "quality", "camera", threshold=50.0
    )
    page.do("on_show_by_group", keep="high")
    (asked,) = page.ops("set_view")
    view = fo.DatasetView._build(cameras, asked["view"])
    assert len(view) == rule.kept
    assert page.parts["show_groups_high"]["view"]["variant"] == "contained"
    page.collection = view
    page.do("on_change_view")  # the grid has followed; the panel goes on counting the whole
    assert f"Kept {rule.kept} of {rule.scored}" in page.text()
    assert f"by quality**: {rule.kept} samples" in page.text()
    page.state["actions"] = {"name": "fair"}
    page.do("on_tag")
    page.do("on_save_view")
    cameras.reload()
    assert set(cameras.match_tags("fair").values("id")) == set(view.values("id"))
    assert len(cameras.load_saved_view("fair")) == rule.kept
    page.do("on_export")
    (prompt,) = page.ops("prompt_user_for_operation")
    assert (prompt["params"]["value"], prompt["params"]["keep"]) == (0, "high")  # whole
    cameras.untag_samples("fair")
    cameras.delete_saved_view("fair")


@pytest.mark.parametrize(
    ("event", "params", "message"),
    [
        ("on_group_rule", {"rule": "all"}, "rule must be one of one, each"),
        ("on_group_rule", {"rule": {"$ne": 1}}, "rule must be one of"),
        ("on_show_by_group", {"keep": "all"}, "keep must be one of low, high"),
        ("on_show_by_group", {}, "keep must be one of"),
    ],
)
def test_a_rule_or_a_side_that_there_is_not_is_refused(page, event, params, message):
    page.do(event, **params)
    (told,) = page.ops("notify")
    assert message in told["message"] and told["variant"] == "error"
    assert page.choices.rule == "each" and not page.ops("set_view")


def test_nothing_is_shown_by_thresholds_that_were_not_chosen_or_are_not_there(page):
    page.do("on_exact", value=0.0)
    page.do("on_show_by_group", keep="low")
    assert "keeps all" in page.ops("notify")[0]["message"] and not page.ops("set_view")
    page.do("on_exact", value=50.0)
    for event, params in (("on_group", {"value": "tags"}), ("on_group_rule", {"rule": "one"})):
        page.do(event, **params)
        page.do("on_show_by_group", keep="low")
        (told,) = page.ops("notify")
        assert "choose a field" in told["message"] and not page.ops("set_view")


def test_of_patches_the_faces_of_each_group_are_shown_and_their_labels_tagged(operator):
    dataset = fo.Dataset()
    for camera, first in (("street", 20), ("door", 60)):
        faces = [
            fo.Detection(bounding_box=[0, 0, 1, 1], status="scored", quality=float(quality))
            for quality in range(first, first + 10)
        ]
        sample = fo.Sample(filepath=f"/faces/{camera}.png", camera=camera)
        sample["faceqgen_faces"] = fo.Detections(detections=faces)
        dataset.add_sample(sample, dynamic=True)
    page = Page(dataset.to_patches("faceqgen_faces", other_fields=["camera"]))
    page.do("on_exact", value=60.0)  # half of all faces
    page.do("on_tab", value="trust")
    page.do("on_group", value="camera")
    page.do("on_group_rule", rule="each")
    page.do("on_show_by_group", keep="low")
    page.state["actions"] = {"name": "out"}
    page.do("on_tag")
    tagged = dataset.select_labels(tags="out").values("faceqgen_faces.detections.quality")
    assert tagged == [[20, 21, 22, 23, 24], [60, 61, 62, 63, 64]]
    dataset.delete()
