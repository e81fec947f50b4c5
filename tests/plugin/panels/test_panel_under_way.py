"""Runs that are under way, in the panel: how far they are, and a button that stops them wherever they work."""

from __future__ import annotations

from typing import Any

import fiftyone.operators as foo
import pytest
from fiftyone.operators.delegated import DelegatedOperationService

from tests.plugin.conftest import SCORE, make_dataset
from tests.plugin.panels.panel_state import Page


@pytest.fixture
def crops(pictures) -> Any:
    dataset = make_dataset(pictures["one"], pictures["none"], pictures["two"])
    yield dataset
    dataset.delete()


@pytest.fixture
def params(part, preset, monkeypatch) -> dict[str, Any]:
    """Parameters of a run; its chunks hold one sample."""
    monkeypatch.setattr(part("scoring.run"), "CHUNK_SAMPLES", 1)
    return {"preset": preset, "faces": "crop", "batch_size": 1, "restored": False}


@pytest.fixture
def begin(part, params) -> Any:
    """Begin a run; it is at work until it is closed."""

    def run(dataset: Any) -> Any:
        settings = part("scoring.settings").ScoreSettings(**params)
        return iter(part("scoring.run").ScoringRun(dataset, settings))

    return run


def _config(dataset: Any) -> Any:
    (key,) = dataset.list_runs()
    return dataset.get_run_info(key).config


def test_the_panel_says_how_far_a_run_is_and_cancel_stops_it_with_all_that_is_written(
    crops, begin, part, operator, params
):
    run = begin(crops)
    next(run)
    page = Page(crops)
    assert "**Scoring `faceqgen`: 1 of 3 samples**" in page.text()
    assert "Cancel the scoring" in page.text()
    assert "score_rest" not in page.parts  # a second run would be refused
    (key,) = crops.list_runs()
    page.do("on_cancel_run", run=key)
    assert "what is written stays" in page.ops("notify")[0]["message"]
    assert "It was asked to stop" in page.text() and "cancel_0" not in page.parts
    (last,) = run
    assert last.done == 1 and "Stopped as it was asked to: 1 of 3 samples" in last.notices[-1]
    assert (_config(crops).state, _config(crops).complete) == ("stopped", False)
    crops.reload()
    assert crops.values("faceqgen.status") == ["scored", None, None]
    assert part("dataset.lease").work_at(crops._doc.id) == {}
    assert not part("dataset.under_way").stop_requested(crops, key)
    page.do("on_refresh")
    assert "1 of 3 samples" not in page.text() and "Score the rest (2)" in page.text()
    result = operator(crops, **params)
    assert result["skipped"] == 1 and sum(result["counts"].values()) == 2


def test_a_run_from_the_queue_is_followed_and_stopped_by_the_panel(
    crops, part, params, monkeypatch
):
    queued = foo.execute_operator(SCORE, {"dataset": crops}, params=params, request_delegation=True)
    record, seen = part("dataset.run_records").RunRecord, []

    def update(self: Any) -> None:
        written(self)
        page = Page(crops)
        seen.append(page.text())
        if len(seen) == 2:
            page.do("on_cancel_run", run=self.key)

    written = record.update
    monkeypatch.setattr(record, "update", update)
    service = DelegatedOperationService()
    service.execute_queued_operations(operator=SCORE)
    assert service.get(queued.result["id"]).run_state == "completed"
    assert [f"{n} of 3 samples" in text for n, text in enumerate(seen, 1)] == [True, True]
    crops.reload()
    assert (_config(crops).state, _config(crops).samples) == ("stopped", 2)
    assert crops.values("faceqgen.status") == ["scored", "scored", None]


def test_a_run_that_has_died_or_ended_is_not_under_way_and_nobody_is_asked_to_stop(
    crops, begin, part, monkeypatch
):
    run, under_way = begin(crops), part("dataset.under_way")
    next(run)
    page = Page(crops)
    (key,) = crops.list_runs()
    with monkeypatch.context() as dead:
        dead.setattr(part("dataset.lease"), "_alive", lambda holder: False)
        assert under_way.runs_under_way(crops) == [] and not under_way.request_stop(crops, key)
    for _ in run:
        pass
    page.do("on_cancel_run", run=key)
    assert "has ended already" in page.ops("notify")[0]["message"]
    assert not under_way.stop_requested(crops, key) and "cancel_0" not in page.parts
    assert _config(crops).state == "finished"


@pytest.mark.parametrize("params_", [{}, {"run": "nothing"}, {"run": {"$ne": 1}}])
def test_a_run_that_there_is_not_cannot_be_cancelled(operator, crops, params_):
    page = Page(crops)
    page.do("on_cancel_run", **params_)
    assert "run must be one of" in page.ops("notify")[0]["message"]
