"""What is sent to the panel is checked on the server: what there is not is refused with a message, and the page goes on."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from tests.plugin.panels.panel_state import Page

WRONG = [
    ("on_measure", {"measure": "beauty"}, "measure must be one of quality, ssim"),
    ("on_measure", {"measure": ["quality"]}, "measure must be one of"),
    ("on_measure", {}, "measure must be one of"),
    ("on_tab", {"value": "admin"}, "value must be one of decide, look, trust"),
    ("on_tab", {"value": {}}, "value must be one of"),
    ("on_field", {"value": "nothing"}, "value must be one of faceqgen"),
    ("on_status", {"status": {"$ne": 1}}, "status must be one of"),
    ("on_bar", {"idx": "first"}, "idx must be a number"),
    ("on_bar", {"idx": 50}, "idx must be a whole number from 0 to 49"),
    ("on_bar", {"idx": -1}, "idx must be a whole number from 0 to 49"),
    ("on_bar", {"idx": True}, "idx must be a number"),
    ("on_slider", {"value": "50"}, "value must be a number"),
    ("on_slider", {"value": [1, 2]}, "value must be a number"),
    ("on_slider", {"value": 10**400}, "value must be a finite number"),
    ("on_exact", {"value": {"a": 1}}, "value must be a number"),
    ("on_worst", {"percent": 0}, "percent must be a whole number from 1 to 99"),
    ("on_worst", {"percent": None}, "percent must be a number"),
    ("on_show", {"keep": "all"}, "keep must be one of low, high"),
    ("on_subject", {"value": "nobody"}, "value must be one of"),
    ("on_best", {"value": 10**9}, "value must be a whole number from 1 to 1000"),
    ("on_best", {"value": "two"}, "value must be a number"),
    ("on_face", {"face": -1}, "face must be a whole number from 0"),
    ("on_open", {"sample": "../x"}, "a sample is named by its id"),
    ("on_group", {"value": 5}, "value must be one of"),
    ("render", {}, "there is no event 'render'"),
    ("__init__", {}, "there is no event '__init__'"),
    ("on_nothing", {}, "there is no event 'on_nothing'"),
    ("refresh", {}, "there is no event 'refresh'"),
]


@pytest.fixture
def page(operator, scored) -> Page:
    return Page(scored)


@pytest.mark.parametrize(("event", "params", "message"), WRONG)
def test_an_event_that_asks_for_what_there_is_not_is_refused_and_the_page_stays(
    page, event, params, message
):
    choices, counts = asdict(page.choices), asdict(page.counts)
    drawn = json.dumps(page.parts)
    page.do(event, **params)
    (told,) = page.ops("notify")
    assert message in told["message"] and told["variant"] == "error"
    assert len(told["message"]) < 200
    assert asdict(page.choices) == choices and asdict(page.counts) == counts
    assert json.dumps(page.parts) == drawn
    page.do("on_measure", measure="ssim")
    assert page.choices.measure == "ssim" and page.ops("notify") == []
    assert "Threshold **" in page.text()


@pytest.mark.parametrize("request_", [{"current_sample": "nonsense"}, {"selected": [5]}])
def test_a_sample_that_is_none_is_refused_when_the_panel_opens_and_all_is_counted(
    operator, scored, request_
):
    page = Page(scored, **request_)
    (told,) = page.ops("notify")
    assert "a sample is named by its id" in told["message"]
    assert "Scored: 2" in page.text() and "Threshold **" in page.text()
    page.do("on_change_current_sample")
    page.do("on_change_selected")
    page.request = {}
    page.do("on_tab", value="look")
    assert page.choices.tab == "look" and page.ops("notify") == []


def test_a_name_that_is_no_text_tags_nothing(page, scored):
    page.do("on_show", keep="low")
    page.state["actions"] = {"name": {"$set": 1}}
    for event in ("on_tag", "on_save_view"):
        page.do(event)
        assert "a name is a text" in page.ops("notify")[0]["message"]
    scored.reload()
    assert scored.distinct("tags") == [] and scored.list_saved_views() == []


def test_an_event_that_fails_leaves_no_choice_behind_that_cannot_be_drawn(page, part, monkeypatch):
    def broken(*args):
        raise RuntimeError("broken")

    with monkeypatch.context() as patched:
        patched.setattr(part("panels.face_quality.distribution"), "count", broken)
        with pytest.raises(RuntimeError):
            page.do("on_measure", measure="mse")
    assert page.choices.measure == "quality"
    page.do("on_tab", value="look")
    page.do("on_tab", value="decide")
    assert "Threshold **" in page.text()


def test_a_form_that_sends_nothing_changes_nothing(page):
    before = asdict(page.choices)
    for event in ("on_tab", "on_field", "on_slider", "on_exact", "on_best"):
        for value in (None, ""):
            page.do(event, value=value)
            assert asdict(page.choices) == before and page.ops("notify") == []
