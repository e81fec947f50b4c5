"""What the database was told is there when it comes back, though it was killed before it had written it down."""

from __future__ import annotations

import fiftyone as fo
import pytest
from pymongo.errors import AutoReconnect, ServerSelectionTimeoutError


def test_what_a_killed_database_has_acknowledged_and_forgotten_is_written_again(part, monkeypatch):
    """It was counted as scored and was not there: the journal lags behind what is acknowledged."""
    connection = part("dataset.connection")
    dataset = fo.Dataset()
    dataset.add_sample_field("word", fo.StringField)
    ids = dataset.add_samples([fo.Sample(filepath="/none.png")])
    before, written, journal = dataset._sample_collection.find_one(), [], connection._to_journal
    servers = iter(["first", "second", "second", "second"])

    def forgets_once(collection):
        if not written:
            collection.replace_one({"_id": before["_id"]}, before)
        written.append(True)
        journal(collection)

    monkeypatch.setattr(connection, "_to_journal", forgets_once)
    monkeypatch.setattr(connection, "_server", lambda collection: next(servers))
    connection.set_by_id(dataset, {"word": {ids[0]: "there"}})
    assert dataset._sample_collection.find_one()["word"] == "there" and len(written) == 2
    dataset.delete()


def test_several_fields_are_written_in_their_order_and_the_journal_is_waited_for_once(
    part, monkeypatch
):
    connection = part("dataset.connection")
    dataset = fo.Dataset()
    for name in ("first", "last"):
        dataset.add_sample_field(name, fo.StringField)
    ids = dataset.add_samples([fo.Sample(filepath="/none.png")])
    waits, journal, seen = [], connection._to_journal, []
    set_values = fo.Dataset.set_values

    def noted(self, path, *args, **options):
        seen.append(path)
        return set_values(self, path, *args, **options)

    def counted(collection):
        waits.append(collection.find_one())
        journal(collection)

    monkeypatch.setattr(fo.Dataset, "set_values", noted)
    monkeypatch.setattr(connection, "_to_journal", counted)
    connection.set_by_id(dataset, {"last": {ids[0]: "b"}, "first": {ids[0]: "a"}})
    (written,) = waits
    assert seen == ["last", "first"] and (written["first"], written["last"]) == ("a", "b")
    dataset.delete()


def test_a_database_says_which_process_of_it_answers(part):
    connection = part("dataset.connection")
    dataset = fo.Dataset()
    first, second = (connection._server(dataset._sample_collection) for _ in range(2))
    assert first is not None and first == second
    dataset.delete()


def test_a_request_that_breaks_off_each_time_is_given_up_and_one_that_has_waited_is_not_repeated(
    part,
):
    connection = part("dataset.connection")
    for error, tries in ((AutoReconnect, connection.TRIES), (ServerSelectionTimeoutError, 1)):
        asked = []

        def request(error=error, asked=asked):
            asked.append(True)
            raise error("away")

        with pytest.raises(error):
            connection.patiently(request)
        assert len(asked) == tries
