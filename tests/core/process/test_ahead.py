"""Work in threads comes out in order, stops with its reader, and hides no error."""

import itertools
import threading
import time

import pytest

from faceqgen_core.process.ahead import many_ahead, one_ahead


def _threads():
    return [t for t in threading.enumerate() if t.name.startswith("faceqgen-")]


def test_many_ahead_yields_all_that_an_item_gives_in_the_order_of_the_items():
    def work(index, item):
        time.sleep(0.02 * (item % 3 == 0))
        return [(index, item)] * (item % 3)

    items = [3, 1, 2, 6, 4]
    found = list(many_ahead(items, work, workers=3, most=4, bytes_of=lambda item: 1, most_bytes=9))
    assert found == [(1, 1), (2, 2), (2, 2), (4, 4)]
    assert _threads() == []


def test_one_ahead_works_on_the_next_batch_while_the_reader_has_this_one_and_on_no_more():
    begun = []

    def work(batch):
        begun.append(batch)
        return -batch

    stream = one_ahead(((batch, False) for batch in itertools.count(1)), work)
    for number in range(1, 5):
        assert next(stream) == -number
        until = time.monotonic() + 10
        while len(begun) <= number and time.monotonic() < until:
            time.sleep(0.001)
        assert begun == list(range(1, number + 2))
    stream.close()
    assert _threads() == []


def test_a_result_that_is_due_waits_for_no_other_batch():
    asked = []

    def batches():
        for number in range(3):
            asked.append(number)
            yield number, True

    for number, result in enumerate(one_ahead(batches(), lambda batch: batch)):
        assert result == number and asked == list(range(number + 1))


def test_an_error_of_the_work_comes_in_its_place_and_ends_the_stream():
    def work(batch):
        if batch == 2:
            raise KeyError("the third")
        return batch

    stream = one_ahead(((batch, False) for batch in range(9)), work)
    assert [next(stream), next(stream)] == [0, 1]
    with pytest.raises(KeyError, match="third"):
        next(stream)
    assert list(stream) == [] and _threads() == []


def test_an_error_of_the_batches_ends_the_stream_and_its_thread():
    def batches():
        yield 0, False
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(one_ahead(batches(), lambda batch: batch))
    assert _threads() == []
