"""Two runs at once, and clients beside a run: what ``make reliability`` does, with small counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.reliability import clients, together


@pytest.mark.slow
def test_of_two_runs_into_one_field_the_second_is_refused_and_two_fields_both_complete(
    tmp_path,
):
    found = together.run_together(tmp_path, tries=1)
    assert found.held, str(found)


@pytest.mark.slow
def test_clients_are_answered_while_a_run_is_on(tmp_path):
    found = clients.serve(tmp_path, samples=600, clients=3, rounds=2)
    assert not found.wrong and found.scored > 0, str(found)
    assert found.answers == 3 * 2 * 5


def test_answers_that_come_late_or_are_errors_break_the_promise():
    good = clients.Served(8, 100, 50, panel=1.0, filters=1.5, own=0.5, wrong=0, scored=9, load=1.0)
    assert good.held and replace(good, filters=2.5, own=2.6).held
    assert not replace(good, panel=2.1).held and not replace(good, wrong=1).held
    assert not replace(good, scored=0).held
