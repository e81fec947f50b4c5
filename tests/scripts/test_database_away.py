"""The database is killed in the midst of a run: what ``make reliability`` does, with less patience."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.reliability import kills, toy
from benchmarks.reliability.outage import Outage, outage_apart

GOOD = Outage(
    seconds=5,
    done=24,
    noticed=False,
    message="",
    record="finished",
    counted=48,
    written=48,
    lost=0,
    again=0,
    different=0,
    left=0,
)


@pytest.mark.slow
def test_a_database_that_is_away_for_five_seconds_costs_nothing(tmp_path):
    found = outage_apart(5, tmp_path)
    assert found.held, f"{found}: {found.message}"
    assert not found.noticed and found.done > 0


@pytest.mark.slow
def test_a_database_that_stays_away_ends_the_run_with_one_message(tmp_path):
    found = outage_apart(10, tmp_path, "serverSelectionTimeoutMS=3000")
    assert found.held, f"{found}: {found.message}"
    assert found.noticed and found.message.startswith("RuntimeError: the database cannot be")


def test_what_an_outage_must_not_do_is_seen():
    assert GOOD.held
    told = "RuntimeError: the database cannot be reached any more: run again"
    long = replace(GOOD, seconds=60, noticed=True, message=told, record="running")
    assert long.held
    for bad in (
        replace(GOOD, lost=1),
        replace(GOOD, different=1),
        replace(GOOD, noticed=True, message=told, record="failed"),
        replace(long, message="ServerSelectionTimeoutError: connection refused"),
        replace(long, record="finished"),
        replace(long, counted=49),
        replace(long, counted=20),
    ):
        assert not bad.held


@pytest.mark.slow
def test_a_request_that_the_connection_breaks_under_is_sent_again(toys, tmp_path, monkeypatch):
    """It had ended the run, though the database was back at once."""
    import fiftyone as fo
    from pymongo.errors import AutoReconnect

    images = kills.images_in(tmp_path / "images")
    dataset = fo.Dataset()
    dataset.add_samples([fo.Sample(filepath=str(path)) for path in sorted(images.iterdir())[:6]])
    broken = set()

    def breaks(real):
        def call(*args, **options):
            result = real(*args, **options)
            if real not in broken:
                broken.add(real)
                raise AutoReconnect("connection reset by peer")
            return result

        return call

    for name in ("set_values", "update_run_config"):
        monkeypatch.setattr(fo.Dataset, name, breaks(getattr(fo.Dataset, name)))
    summary = toy.score_with_operator(dataset, None)
    dataset.reload()
    assert len(broken) == 2 and summary["counts"] == {"scored": 6}
    assert dataset.distinct("faceqgen.status") == ["scored"]
    (key,) = dataset.list_runs()
    assert dataset.get_run_info(key).config.complete
    dataset.delete()
