"""Operators whose work is queued and done later by a worker, as ``fiftyone delegated launch`` does it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import pytest
from fiftyone.operators.delegated import DelegatedOperationService

BEST = "@faceqgen/face-quality/best_shots"
COMPARE = "@faceqgen/face-quality/compare_runs"
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


def _work(uri: str, number: Any) -> dict[str, Any]:
    """Do what is queued; returns the result that is kept with it."""
    service = DelegatedOperationService()
    service.execute_queued_operations(operator=uri)
    done = service.get(number)
    assert done.run_state == "completed", done.result.error
    return done.result.result


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
