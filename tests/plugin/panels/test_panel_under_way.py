"""Runs that are under way or queued, in the panel: how far they are, and a button that stops them wherever they work."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import fiftyone.operators as foo
import pytest
from bson import ObjectId
from fiftyone.operators.delegated import DelegatedOperationService
from fiftyone.operators.executor import ExecutionContext

from tests.plugin.conftest import SCORE, make_dataset
from tests.plugin.panels.panel_state import Page

EXPORT = "@faceqgen/face-quality/export_faces"


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


def _pause(page: Page) -> int | None:
    """After how many milliseconds the page asks again; None for never."""
    found = [part["view"]["interval"] for n, part in page.parts.items() if "look_again" in n]
    return found[0] if found else None


def test_the_page_asks_again_by_itself_while_something_runs_and_draws_only_what_has_moved(
    crops, begin
):
    run, page = begin(crops), Page(crops)
    assert _pause(page) is None
    next(run)
    page.do("on_refresh")
    assert "1 of 3 samples" in page.text() and _pause(page) == 3000
    timer = next(part for name, part in page.parts.items() if "look_again" in name)
    assert timer["view"]["on_interval"].endswith("face_quality#on_interval")
    page.do("on_interval")
    assert page.ops("show_panel_output") == []
    next(run)
    page.do("on_interval")
    assert "2 of 3 samples" in page.text()
    assert page.counts.statuses["not_scored"] == 2  # counted when the run ends, not at each look
    for _ in run:
        pass
    page.do("on_interval")
    assert _pause(page) is None and "Scored: 3" in page.text()


def test_what_comes_by_the_clock_does_not_wait_behind_a_long_event(crops, begin):
    run, page = begin(crops), Page(crops)
    next(run)
    held, done = threading.Event(), threading.Event()

    def work() -> None:
        with page._known.lock:
            held.set()
            done.wait(60)

    worker = threading.Thread(target=work)
    worker.start()
    held.wait(60)
    try:
        page.do("on_interval")
        assert page.sent == []
    finally:
        done.set()
        worker.join()
    run.close()
    page.do("on_interval")
    assert page._known.lock.acquire(blocking=False)  # given back
    page._known.lock.release()


@pytest.fixture
def queued(crops, params) -> str:
    """Number of a run that waits in the queue."""
    done = foo.execute_operator(SCORE, {"dataset": crops}, params=params, request_delegation=True)
    yield str(done.result["id"])
    DelegatedOperationService().delete_for_dataset(crops._doc.id)


def test_a_run_that_waits_in_the_queue_is_shown_and_cancel_takes_it_out(crops, queued):
    page = Page(crops)
    assert "Score faces `faceqgen`: waits in the queue** since" in page.text()
    assert "fiftyone delegated launch" in page.text() and _pause(page) == 10_000
    assert "score_rest" not in page.parts  # it would do the same once more
    page.do("on_cancel_run", run=queued)
    assert "taken out of the queue" in page.ops("notify")[0]["message"]
    assert "waits in the queue" not in page.text() and _pause(page) is None
    assert "score_rest" in page.parts
    service = DelegatedOperationService()
    kept = service.get(ObjectId(queued))
    assert kept.run_state == "failed" and "Face Quality panel" in kept.result.error
    service.execute_queued_operations(operator=SCORE)
    crops.reload()
    assert not crops.has_field("faceqgen") and crops.list_runs() == []


def test_a_queued_run_that_a_worker_has_begun_cannot_be_taken_back_and_is_followed(
    crops, queued, part, begin
):
    page, service = Page(crops), DelegatedOperationService()
    service.set_running(ObjectId(queued))
    page.do("on_cancel_run", run=queued)
    assert "A worker has begun" in page.ops("notify")[0]["message"]
    assert "no numbers yet**, begun by a worker" in page.text() and _pause(page) == 3000
    assert "take_back_0" not in page.parts
    run = begin(crops)
    next(run)  # by now the record tells
    page.do("on_interval")
    assert "1 of 3 samples" in page.text() and "begun by a worker" not in page.text()
    run.close()
    service.set_completed(ObjectId(queued))
    page.do("on_interval")
    assert _pause(page) is None and "Scored: 1" in page.text()


def test_a_worker_that_has_told_nothing_for_long_counts_as_dead(crops, queued, part, monkeypatch):
    DelegatedOperationService().set_running(ObjectId(queued))
    queue = part("dataset.queue")
    assert [work.begun for work in queue.queued_work(crops)] == [True]
    monkeypatch.setattr(queue, "_SILENCE", timedelta(0))
    assert queue.queued_work(crops) == []


def test_what_others_have_queued_is_not_shown_and_an_export_names_no_field(
    crops, pictures, queued, part
):
    other = make_dataset(pictures["one"])
    for uri in ("@voxel51/operators/delete_samples", EXPORT):
        DelegatedOperationService().queue_operation(
            operator=uri,
            label="Export faces by quality",
            context=ExecutionContext({"dataset_name": crops.name, "params": {}}),
        )
    found = part("dataset.queue").queued_work(crops)
    assert [(work.label, work.field) for work in found] == [
        ("Score faces", "faceqgen"),
        ("Export faces", None),
    ]
    assert part("dataset.queue").queued_work(other) == []
    other.delete()
