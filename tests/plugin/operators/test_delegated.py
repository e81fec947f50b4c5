"""Operators whose work is queued and done later by a worker, as ``fiftyone delegated launch`` does it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from html import unescape
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import pytest
from fiftyone.operators.delegated import DelegatedOperationService

BEST = "@faceqgen/face-quality/best_shots"
COMPARE = "@faceqgen/face-quality/compare_runs"
EXPORT = "@faceqgen/face-quality/export_faces"
REPORT = "@faceqgen/face-quality/face_quality_report"
SUBJECTS = ["ann", "ann", "bob", "bob"]
FIRST = [10.0, 90.0, 40.0, 60.0]
SECOND = [0.1, 0.2, 0.9, 0.4]


@pytest.fixture
def people() -> Iterator[Any]:
    """Two images of each of two subjects, scored twice."""
    dataset = fo.Dataset()
    dataset.add_samples(
        [
            fo.Sample(
                filepath=f"/no/such/{i}.png",
                subject=subject,
                faceqgen=fo.DynamicEmbeddedDocument(quality=first, status="scored"),
                other=fo.DynamicEmbeddedDocument(quality=second, status="scored"),
            )
            for i, (subject, first, second) in enumerate(zip(SUBJECTS, FIRST, SECOND, strict=True))
        ],
        dynamic=True,
    )
    yield dataset
    dataset.delete()


def _queue(uri: str, dataset: Any, **params: Any) -> Any:
    """Queue an operator; returns the number of its place in the queue."""
    queued = foo.execute_operator(uri, {"dataset": dataset}, params=params, request_delegation=True)
    assert queued.delegated and queued.error is None
    return queued.result["id"]


def _work(uri: str, number: Any) -> Any:
    """Do what is queued; returns the result that is kept with it."""
    service = DelegatedOperationService()
    service.execute_queued_operations(operator=uri)
    done = service.get(number)
    assert done.run_state == "completed", done.result.error
    return done.result and done.result.result


def test_the_best_shots_are_tagged_and_saved_by_a_delegated_run(people):
    number = _queue(BEST, people, of="subject", tag="best", view_name="best of each")
    people.reload()
    assert not people.match_tags("best") and not people.has_saved_view("best of each")
    result = _work(BEST, number)
    people.reload()
    assert (result["groups"], result["kept"], result["left_out"]) == (2, 2, 2)
    assert people.match_tags("best").values("faceqgen.quality") == [90.0, 60.0]
    assert people.load_saved_view("best of each").values("faceqgen.quality") == [90.0, 60.0]


def test_two_runs_are_compared_by_a_delegated_run_that_keeps_the_numbers_and_the_plot(people):
    number = _queue(
        COMPARE, people, first="faceqgen", second="other", count=2, tag="odd", view_name="odd ones"
    )
    people.reload()
    assert not people.match_tags("odd")
    result = _work(COMPARE, number)
    people.reload()
    assert result["samples"] == 4 and result["correlation"] == pytest.approx(0.2)
    assert sum(len(trace["x"]) for trace in result["plot"]) == 4
    odd = people.match_tags("odd").values("other.quality")
    assert odd == people.load_saved_view("odd ones").values("other.quality") == [0.2, 0.9]


def test_what_cannot_be_done_is_refused_before_it_is_queued(people):
    waiting = DelegatedOperationService().count(filters={"operator": BEST})
    with pytest.raises(foo.executor.ExecutionError, match="Choose a field"):
        _queue(BEST, people, of="nobody")
    assert DelegatedOperationService().count(filters={"operator": BEST}) == waiting


@pytest.fixture
def groups() -> Iterator[Any]:
    """Two groups of two images each, all scored; the qualities tell the slices apart."""
    dataset = fo.Dataset()
    dataset.add_group_field("group", default="left")
    samples = []
    for number in range(2):
        group = fo.Group()
        samples += [
            fo.Sample(
                filepath=f"/no/such/{side}-{number}.png",
                group=group.element(side),
                faceqgen=fo.DynamicEmbeddedDocument(quality=quality + number, status="scored"),
            )
            for side, quality in (("left", 60.0), ("right", 80.0))
        ]
    dataset.add_samples(samples, dynamic=True)
    yield dataset
    dataset.delete()


@pytest.mark.parametrize("uri", [EXPORT, REPORT])
def test_a_delegated_run_takes_the_slice_that_was_active_when_it_was_queued(groups, uri, tmp_path):
    path = tmp_path / ("faces.csv" if uri == EXPORT else "report.html")
    options = {"keep": "high", "value": 1} if uri == EXPORT else {"faces": 0}
    groups.group_slice = "right"
    queued = foo.get_operator(uri)(groups, path=str(path), delegate=True, **options)
    groups.group_slice = "left"
    _work(uri, queued.result["id"])
    text = path.read_text()
    if uri == EXPORT:
        assert [float(row["quality"]) for row in csv.DictReader(text.splitlines())] == [80, 81]
    else:
        assert "active slice 'right'" in unescape(text)
