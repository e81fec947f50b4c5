"""``python -m benchmarks.journal``: what waiting for the database's journal costs."""

from __future__ import annotations

import importlib

import fiftyone as fo

from benchmarks import journal


def test_the_ratio_is_that_of_the_middle_round_and_the_wait_is_told_for_each_sample():
    rounds = [(3.0, 2.0), (2.2, 2.0), (2.0, 2.0)]
    found = [(journal.Side(a, waited=0.4, waits=100), journal.Side(b)) for a, b in rounds]
    told = journal.told(2000, found, 0.05)
    assert told.startswith(
        "2,000 samples: written in 2.20 s with the wait, 2.00 s without: ratio 1.100"
    )
    assert "100 waits of 4.0 ms, 0.200 ms a sample: 0.39 % of a run whose crops take 50 ms" in told


def test_one_side_waits_for_the_journal_and_the_other_does_not(tmp_path):
    from benchmarks.in_fiftyone.scoring import PLUGIN

    connection = importlib.import_module(f"{PLUGIN}.dataset.connection")
    usual = connection.lastingly
    dataset = fo.Dataset()
    dataset.add_sample(fo.Sample(filepath=str(tmp_path / "a.png")))
    first = dataset.first().id
    waits = {}
    for waiting in (True, False):
        side = journal.Side(0.0)
        with journal._waiting(side, journal=waiting):
            connection.set_by_id(dataset, {"word": {first: str(waiting)}})
        waits[waiting] = side.waits
        dataset.reload()
        assert dataset.first().word == str(waiting)
    dataset.delete()
    assert waits == {True: 1, False: 0}
    assert connection.lastingly is usual
