"""Freed memory goes back to the system, now and then."""

from __future__ import annotations

import pytest

from faceqgen_core.process import heap
from tests.core.toy_assessor import toy
from tests.images import astronaut


@pytest.fixture
def trims(monkeypatch):
    """Numbers of the calls of the C library's function."""
    calls: list[int] = []
    monkeypatch.setattr(heap, "_trim", lambda: calls.append)
    monkeypatch.setattr(heap, "_last", -heap.SECONDS)
    return calls


def test_memory_is_given_back_at_most_once_in_ten_seconds(trims, monkeypatch):
    clock = iter([100.0, 100.0, 105.0, 111.0, 111.0])
    monkeypatch.setattr(heap.time, "monotonic", lambda: next(clock))
    assert [heap.give_back() for _ in range(3)] == [True, False, True]
    assert trims == [0, 0]


def test_at_the_end_of_a_run_it_is_given_back_whenever_it_was_last(trims):
    assert heap.give_back() and not heap.give_back() and heap.give_back(after=0)
    assert trims == [0, 0]


def test_an_assessor_gives_memory_back_while_it_scores(trims):
    assessor, _ = toy()
    assert all(found.scored for found in assessor.assess([astronaut()]))
    assert trims == [0]


def test_a_c_library_that_cannot_give_memory_back_is_left_alone(trims, monkeypatch):
    monkeypatch.setattr(heap, "_trim", lambda: None)
    assert heap.give_back() is False
