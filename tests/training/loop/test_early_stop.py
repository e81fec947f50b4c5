"""A run keeps its best report and ends when no better one is to be expected."""

import json

import pytest

from faceqgen_core.training.loop.early_stop import EarlyStop


def _judge(stop, scores, first=0):
    return [stop.report(step, score) for step, score in enumerate(scores, first)]


def test_the_best_report_is_kept_and_the_run_ends_after_patience_without_a_better_one():
    stop = EarlyStop(patience=2)
    assert _judge(stop, [0.5, 0.7, 0.6]) == [True, True, False]
    assert not stop.over
    assert _judge(stop, [0.65], 3) == [False]
    assert stop.over
    assert (stop.best_step, stop.best_score) == (1, 0.7)


def test_a_better_report_starts_the_wait_anew():
    stop = EarlyStop(patience=2)
    _judge(stop, [0.5, 0.4, 0.6, 0.55])
    assert not stop.over
    assert stop.best_step == 2


def test_without_patience_a_run_goes_to_its_end():
    stop = EarlyStop(patience=0)
    _judge(stop, [0.9, *[0.1] * 50])
    assert not stop.over
    assert stop.best_step == 0


def test_reports_before_the_start_are_kept_and_do_not_count():
    stop = EarlyStop(patience=1, start=3)
    assert _judge(stop, [0.9, 0.8, 0.7]) == [True, True, True]
    assert not stop.over
    assert stop.report(3, 0.2)
    assert not stop.report(4, 0.1)
    assert stop.over
    assert stop.best_step == 3


def test_a_gain_below_the_least_does_not_count():
    stop = EarlyStop(patience=1, least=0.05)
    assert _judge(stop, [0.5, 0.52]) == [True, False]


def test_a_score_that_is_no_number_is_never_the_best():
    stop = EarlyStop(patience=3)
    assert _judge(stop, [float("nan"), 0.1, float("nan")]) == [False, True, False]
    assert stop.best_step == 1


@pytest.mark.parametrize("cut", range(5))
def test_it_goes_on_from_a_checkpoint_as_if_nothing_had_happened(cut):
    scores = [0.5, 0.6, 0.55, 0.58, 0.4]
    whole = EarlyStop(patience=3, start=1)
    expected = _judge(whole, scores)
    first = EarlyStop(patience=3, start=1)
    found = _judge(first, scores[:cut])
    second = EarlyStop.from_state(json.loads(json.dumps(first.state())))
    found += _judge(second, scores[cut:], cut)
    assert found == expected
    assert second == whole


def test_negative_patience_is_a_clear_error():
    with pytest.raises(ValueError, match="must not be negative"):
        EarlyStop(patience=-1)
