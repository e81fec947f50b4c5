"""The panel without a browser: what it draws and does on data sets, views and patches of every kind."""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import asdict

import fiftyone as fo
import fiftyone.operators as foo
import pytest
from fiftyone.operators.executor import ExecutionContext, Executor

from faceqgen_core import load_preset
from tests.plugin.panels.panel_state import Page


@pytest.fixture(autouse=True)
def _loaded(operator):
    """The plugin is loaded."""


def test_every_event_is_answered_by_the_panel_itself_and_by_one_method(part):
    panel = part("panels").FaceQuality
    ours = [c for c in panel.__mro__ if c.__module__.startswith(panel.__module__.rsplit(".", 1)[0])]
    assert ours == [panel]
    names = re.findall(r"^    def (\w+)\(", inspect.getsource(panel), re.MULTILINE)
    assert len(names) == len(set(names)) and len([n for n in names if n.startswith("on_")]) > 25


def test_an_empty_data_set_says_so():
    dataset = fo.Dataset()
    assert "There are no samples in this view" in Page(dataset).text()
    dataset.delete()


def test_an_unscored_data_set_offers_to_score_it(dataset):
    page = Page(dataset)
    assert "Not yet scored: 4" in page.text() and "Score the faces" in page.text()
    assert "No face of this data set is scored yet" in page.text()
    page.do("on_score_rest")
    (prompt,) = page.ops("prompt_user_for_operation")
    assert prompt["operator_uri"] == "@faceqgen/face-quality/score_faces"
    assert prompt["params"]["skip_scored"] is True
    assert prompt["on_success"].endswith("#on_scored")


def test_a_scored_data_set_shows_counts_run_distribution_and_decision(scored):
    page = Page(scored)
    text = page.text()
    for words in (
        "Scored: 2",
        "No face: 1",
        "Unreadable: 1",
        "preset `",
        "Worst 10 %",
        "Per identity",
    ):
        assert words in text or words == "Per identity"
    assert "**Kept " in text and "2 without a score" in text
    (bars,) = page.parts["histogram"]["view"]["data"]
    assert sum(bars["y"]) == 2 and len(bars["x"]) == 50
    axes = page.parts["histogram"]["view"]["layout"]
    assert axes["shapes"][0]["x0"] == page.choices.threshold
    assert axes["xaxis"]["title"]["text"] == "quality, higher is better ⟶"


def test_the_page_says_of_every_measure_which_direction_is_better(scored):
    page = Page(scored)
    assert {"quality ↑", "ssim ↑", "mse ↓", "discriminator ↑"} <= set(page.text().split("\n"))
    page.do("on_measure", measure="mse")
    title = page.parts["histogram"]["view"]["layout"]["xaxis"]["title"]["text"]
    assert title == "⟵ mse, lower is better"
    assert (
        page.parts[page.field("slider")]["view"]["componentsProps"]["slider"]["track"] == "inverted"
    )


def test_the_slider_counts_what_it_keeps_and_the_numbers_add_up(scored):
    page = Page(scored)
    qualities = [q for q in scored.values("faceqgen.quality") if q is not None]
    for value in (0, sorted(qualities)[1], 100):
        page.do("on_slider", path=f"slide.{page.field('slider')}", value=value)
        kept = sum(q >= value for q in qualities)
        assert asdict(page.counts.kept) == {"kept": kept, "discarded": 2 - kept, "unscored": 2}
        assert f"**Kept {kept}** of 2" in page.text()
        assert page.choices.threshold == pytest.approx(value)
        assert f"Threshold **{value:.4g}**" in page.text()


def test_what_a_field_tells_of_an_earlier_threshold_is_ignored(scored):
    page = Page(scored)
    page.do("on_slider", path=f"slide.{page.field('slider')}", value=40.0)
    moved = page.field("slider")
    page.do("on_acceptable")
    acceptable = page.choices.threshold
    assert acceptable != 40 and page.field("slider") != moved
    page.do("on_slider", path=f"slide.{moved}", value=40.0)
    assert page.choices.threshold == acceptable
    # The App also tells the first value of a field as if a person had set it; nothing may follow from that.
    drawn = page.field("slider")
    page.do("on_slider", path=f"slide.{drawn}", value=acceptable)
    assert page.field("slider") == drawn and not page.ops("show_panel_output")


def test_a_page_that_the_server_no_longer_knows_counts_anew(scored):
    page = Page(scored)
    page.number = "unknown"
    page.do("on_tab", value="decide")
    assert "Scored: 2" in page.text() and "**Kept " in page.text()


def test_a_typed_threshold_is_brought_onto_the_scale_and_nonsense_is_ignored(scored):
    page = Page(scored)
    page.do("on_exact", value=1e6)
    assert page.choices.threshold == 100
    page.do("on_exact", value=None)
    assert page.choices.threshold == 100


def test_the_grid_follows_a_button_but_the_numbers_stay_those_of_the_whole_view(scored):
    page = Page(scored)
    page.do("on_show", keep="low")
    (shown,) = page.ops("set_view")
    page.collection = fo.DatasetView._build(scored, json.loads(json.dumps(shown["view"])))
    page.do("on_change_view")
    assert "The grid shows **quality below" in page.text()
    assert "Scored: 2" in page.text() and "2 without a score" in page.text()
    page.do("on_show_all")
    assert len(fo.DatasetView._build(scored, page.ops("set_view")[0]["view"])) == len(scored)


def test_another_view_of_the_curator_is_counted_anew(scored):
    page = Page(scored)
    page.collection = scored.match({"faceqgen.status": "no_face"})
    page.do("on_change_view")
    assert "No face: 1" in page.text() and "Scored" not in page.text().replace("scored", "")
    assert "None of the samples in this view has a score" in page.text()


def test_a_status_and_a_bar_open_the_samples_behind_them(scored):
    page = Page(scored)
    page.do("on_status", status="unreadable")
    view = fo.DatasetView._build(scored, page.ops("set_view")[0]["view"])
    assert view.values("faceqgen.status") == ["unreadable"]
    counts = page.counts.shape.counts
    bar = next(i for i, count in enumerate(counts) if count)
    page.do("on_bar", idx=bar)
    view = fo.DatasetView._build(scored, page.ops("set_view")[0]["view"])
    assert len(view) == counts[bar]


def test_a_change_of_view_that_is_told_late_does_not_undo_the_next_button(scored):
    page = Page(scored)
    page.do("on_status", status="unreadable")
    first = fo.DatasetView._build(scored, page.ops("set_view")[0]["view"])
    page.do("on_show", keep="high")
    second = fo.DatasetView._build(scored, page.ops("set_view")[0]["view"])
    page.collection = first
    page.do("on_change_view")
    page.collection = second
    page.do("on_change_view")
    assert f"{len(second)} samples" in page.text() and "shows **quality" in page.text()
    page.collection = scored
    page.do("on_change_view")
    assert "The grid shows the whole view" in page.text()


def test_tagging_and_saving_act_on_what_is_shown_and_need_a_name(scored):
    page = Page(scored)
    page.do("on_show", keep="high")
    page.collection = fo.DatasetView._build(scored, page.ops("set_view")[0]["view"])
    page.do("on_tag")
    assert "Name the tag first" in page.ops("notify")[0]["message"]
    page.state["actions"] = {"name": " keep "}
    page.do("on_tag")
    page.do("on_save_view")
    scored.reload()
    kept = page.counts.kept.kept
    assert len(scored.match_tags("keep")) == kept == len(scored.load_saved_view("keep"))
    page.do("on_save_view")
    assert "already" in page.ops("notify")[0]["message"]
    scored.untag_samples("keep")
    scored.delete_saved_view("keep")


def test_the_export_gets_the_threshold_that_is_shown(scored):
    page = Page(scored)
    page.do("on_show", keep="low")
    page.collection = fo.DatasetView._build(scored, page.ops("set_view")[0]["view"])
    page.do("on_export")
    (prompt,) = page.ops("prompt_user_for_operation")
    assert prompt["operator_uri"].endswith("/export_faces")
    assert prompt["params"] == {
        "measure": "quality",
        "by": "threshold",
        "value": page.choices.threshold,
        "keep": "low",
        "field": "faceqgen",
    }


def test_looking_goes_from_the_worst_face_to_the_better_and_back(scored):
    page = Page(scored)
    page.do("on_look_worst")
    page.do("on_tab", value="look")
    page.do("on_tab")
    assert "1 of 2, worst first" in page.text() and "worse than 75 %" in page.text()
    for name in ("original", "restored", "difference"):
        assert page.parts[name]["default"].startswith("data:image/jpeg;base64,")
    rows = page.parts["table"]["default"]
    assert [row["id"] for row in rows] == ["quality", "ssim", "mse", "discriminator"]
    page.do("on_better")
    assert "2 of 2, worst first" in page.text()
    assert page.parts["better"]["view"]["disabled"] is True
    page.do("on_worse")
    assert "1 of 2, worst first" in page.text()


def test_the_selected_or_opened_sample_is_looked_at(scored):
    failed = scored.match({"faceqgen.status": "no_face"}).first()
    page = Page(scored, current_sample=failed.id)
    assert page.choices.tab == "look"
    assert "There is no score (no face)" in page.text()
    page.request = {"selected": [scored.match({"faceqgen.num_faces": 2}).first().id]}
    page.do("on_change_selected")
    assert "Face 2" in page.text()
    page.do("on_face", face=1)
    assert page.choices.face == 1


def test_patches_of_faces_are_curated_like_samples(scored):
    patches = scored.to_patches("faceqgen_faces")
    page = Page(patches)
    assert "Scored: 3" in page.text() and "Field `faceqgen`" in page.text()
    assert sum(page.parts["histogram"]["view"]["data"][0]["y"]) == 3
    page.do("on_tab", value="look")
    page.do("on_tab")
    assert page.parts["original"]["default"].startswith("data:image")
    page.do("on_better")
    assert "2 of 3" in page.text()


def test_tagging_patches_tags_the_faces_themselves(scored):
    page = Page(scored.to_patches("faceqgen_faces"))
    page.do("on_show", keep="high")
    page.collection = fo.DatasetView._build(
        scored, json.loads(json.dumps(page.ops("set_view")[0]["view"]))
    )
    page.state["actions"] = {"name": "good-face"}
    page.do("on_tag")
    scored.reload()
    assert scored.count_label_tags().get("good-face", 0) == page.counts.kept.kept
    scored.untag_labels("good-face")


def test_patches_without_scores_say_where_the_scores_are(dataset):
    whole = [
        fo.Detections(detections=[fo.Detection(label="head", bounding_box=[0, 0, 1, 1])])
        for _ in range(len(dataset))
    ]
    dataset.set_values("boxes", whole)
    assert "These patches have no scores" in Page(dataset.to_patches("boxes")).text()


def test_rules_per_identity_count_and_show_the_best_of_each(scored):
    scored.set_values("person", ["ann", "ann", "bob", None])
    page = Page(scored)
    assert "Per identity" in page.text()
    page.do("on_subject", value="person")
    assert page.counts.people.subjects == 1
    page.do("on_show_best")
    view = fo.DatasetView._build(scored, page.ops("set_view")[0]["view"])
    assert len(view) == 1
    page.do("on_show_without")
    view = fo.DatasetView._build(scored, page.ops("set_view")[0]["view"])
    assert "bob" in view.distinct("person")
    scored.delete_sample_field("person")


def test_trust_draws_subgroups_and_says_what_curves_need(scored):
    page = Page(scored)
    page.do("on_tab", value="trust")
    page.do("on_group", value="tags")
    assert "EDC curves need" in page.text()
    assert "No scored sample has a value in `tags`" in page.text()
    page.state["curve_choice"] = {"source": "(a file of pairs)", "pairs": "gone.csv"}
    page.do("on_compute")
    assert "there is no file 'gone.csv'" in page.text()


def test_a_group_data_set_is_counted_in_its_active_slice(pictures, score):
    dataset = fo.Dataset()
    dataset.add_group_field("group", default="left")
    group = fo.Group()
    dataset.add_samples(
        [
            fo.Sample(filepath=str(pictures["one"]), group=group.element("left")),
            fo.Sample(filepath=str(pictures["none"]), group=group.element("right")),
        ]
    )
    score(dataset)
    text = Page(dataset).text()
    assert "Scored: 1" in text and "No face" not in text
    dataset.delete()


def test_the_button_above_the_grid_opens_the_panel(scored):
    opener = foo.get_operator("@faceqgen/face-quality/open_face_quality")
    context = ExecutionContext({"dataset_name": scored.name}, executor=Executor())
    assert opener.resolve_placement(context).place.value == "samples-grid-secondary-actions"
    opener.execute(context)
    opened, closed = context.executor._requests
    assert opened.operator_uri.endswith("open_panel") and opened.params["name"] == "face_quality"
    assert closed.operator_uri.endswith("close_result")  # the window of a result that may be open


def test_two_fields_of_scores_can_be_chosen_between(one_face, score):
    score(one_face, restored=False)
    one_face.clone_sample_field("faceqgen", "second")
    page = Page(one_face)
    assert page.parts["field"]["view"]["choices"][1]["value"] == "second"
    page.do("on_field", value="second")
    assert page.choices.field == "second" and "Scored: 1" in page.text()


def test_acceptable_is_what_the_preset_says_that_is_stored_with_the_scores(scored, preset):
    acceptable = load_preset(preset).training["acceptable"]
    copy = scored.clone()
    for key in copy.list_runs():
        copy.delete_run(key)
    page = Page(copy)  # no run is recorded, as after apply_model
    assert "No run of 'Score face quality' is recorded" in page.text()
    assert acceptable != 50 and f"Acceptable: {acceptable:.4g}" in page.text()
    assert page.choices.threshold == acceptable
    copy.delete()


def test_recognisable_stands_beside_acceptable_and_can_be_chosen(scored, preset):
    recognisable = load_preset(preset).training["recognisable"]
    page = Page(scored)
    assert f"Recognisable: {recognisable:.4g}" in page.text()
    page.do("on_recognisable")
    assert page.choices.threshold == recognisable


@pytest.mark.parametrize(
    ("presets", "words"),
    [
        (["other@12345678", "other@12345678"], "`other@12345678` is not at hand: 50 is taken"),
        ([None, None], "Nothing says which preset made these scores: 50 is taken"),
        (["a@1", "b@2"], "come from several presets (`a@1`, `b@2`)"),
        ([None, "b@2"], "come from several presets (one that is not named, `b@2`)"),
    ],
)
def test_presets_that_are_mixed_or_not_known_are_said_so(scored, presets, words):
    copy = scored.clone()
    ids = copy.match({"faceqgen.status": "scored"}).values("id")
    for sample, name in zip(ids, presets, strict=True):
        document = copy[sample]
        document["faceqgen"]["preset"] = name
        document.save()
    page = Page(copy)
    assert "Acceptable: 50" in page.text() and words in page.text()
    assert page.choices.threshold == 50
    copy.delete()
