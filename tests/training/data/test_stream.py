"""Batches come in order and alike, whoever draws them ahead; an error comes where its batch would have come."""

import multiprocessing
import os
from functools import partial

import numpy as np
import pytest

from faceqgen_core.training.data.stream import prefetch


def _draw(fails, number):
    if number == fails:
        raise ValueError(f"no batch {number}")
    return number, os.getpid(), np.random.default_rng(number).random(3)


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_come_in_order_and_are_the_same_from_a_thread_and_from_processes(workers):
    drawn = list(prefetch(partial(_draw, None), 3, 30, workers=workers))
    assert [number for number, _, _ in drawn] == list(range(3, 30))
    for number, _, values in drawn:
        np.testing.assert_array_equal(values, np.random.default_rng(number).random(3))
    others = {process for _, process, _ in drawn} - {os.getpid()}
    assert bool(others) == bool(workers)


@pytest.mark.parametrize("workers", [0, 1])
def test_an_error_comes_in_the_place_of_its_batch(workers):
    batches = prefetch(partial(_draw, 4), 2, 9, workers=workers)
    assert [next(batches)[0], next(batches)[0]] == [2, 3]
    with pytest.raises(ValueError, match="no batch 4"):
        next(batches)


@pytest.mark.parametrize("taken", [2, 7])
def test_the_processes_are_gone_once_the_batches_are_taken_or_left(taken):
    before = set(multiprocessing.active_children())
    batches = prefetch(partial(_draw, None), 0, 7, workers=1)
    for _ in range(taken):
        next(batches)
    assert set(multiprocessing.active_children()) - before
    batches.close()
    assert set(multiprocessing.active_children()) == before


def test_a_short_run_draws_in_a_thread_unless_told_otherwise():
    assert {process for _, process, _ in prefetch(partial(_draw, None), 0, 5, workers=None)} == {
        os.getpid()
    }
