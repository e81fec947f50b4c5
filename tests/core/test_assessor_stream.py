"""The stream: answers in order, batches filled from several images, a few images read ahead, threads that end."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest

from faceqgen_core.assessor import ImageRequest, _Options
from faceqgen_core.image_io import save_png
from faceqgen_core.restoration import NO_PICTURES
from faceqgen_core.types import FaceBox, Status
from tests.core.toy_assessor import POINTS, ToyDetector, grey, threads, toy
from tests.images import (
    plain,
)


def test_results_come_in_input_order_however_long_each_image_takes():
    rng = np.random.default_rng(0)
    levels = rng.permutation(np.arange(10, 250, 6)).tolist()
    detector = ToyDetector(delay=lambda image: (int(image[0, 0, 0]) * 37 % 11) / 1000)
    assessor, _ = toy(detector, batch_size=7)
    results = list(assessor.assess(grey(level) for level in levels))
    assert [r.index for r in results] == list(range(len(levels)))
    assert [round(255 * r.ssim) for r in results] == levels
    assert threads() == []


def test_crops_of_different_images_share_full_batches():
    assessor, network = toy(batch_size=4)
    images = [grey(9), plain(160, 160, ToyDetector.no_face), *map(grey, range(20, 29))]
    results = list(assessor.assess(images))
    assert network.batches == [4, 4, 2]
    assert [r.status for r in results].count(Status.SCORED) == 10


def test_the_stream_reads_only_a_few_images_ahead():
    read = []

    def endless():
        for index in itertools.count():
            read.append(index)
            yield grey(index % 200 + 10)

    assessor, _ = toy(batch_size=8, workers=2)
    stream = assessor.assess(endless())
    first = list(itertools.islice(stream, 20))
    assert [r.index for r in first] == list(range(20))
    # those of the batches that are read, one in the network, two ahead
    assert len(read) <= 24 + 8 + 2 * 8
    stream.close()
    assert threads() == []


def test_while_the_network_runs_the_next_batch_waits_for_it_and_two_more_are_prepared():
    read, ready = [], []

    def images():
        for index in range(64):
            read.append(index)
            yield grey(index % 200 + 10)

    assessor, network = toy(batch_size=8, workers=1)
    restore = network.restore

    def slow(crops, **wanted):
        time.sleep(0.1)
        ready.append(len(read))
        return restore(crops, **wanted)

    network.restore = slow
    assert len(list(assessor.assess(images()))) == 64
    # When the batch that starts at 24 is done, 56 images are read at most: these 8, the 8 after them, and 16 more.
    assert ready[3] >= 32 + 8 + 2 * 8 - 1
    assert all(now <= 8 * (i + 1) + 8 + 2 * 8 for i, now in enumerate(ready))


def test_while_the_results_of_a_batch_are_used_the_network_runs_over_the_next():
    assessor, network = toy(batch_size=4)
    stream = assessor.assess(grey(30 + index) for index in range(16))
    assert next(stream).index == 0
    until = time.monotonic() + 10
    while len(network.batches) < 2 and time.monotonic() < until:
        time.sleep(0.01)  # a user at work with the first result
    assert len(network.batches) == 2  # and no third: its results would have to be kept, too
    assert [r.index for r in stream] == list(range(1, 16))


def test_a_stream_closed_or_dropped_early_stops_its_threads():
    detector = ToyDetector(delay=lambda image: 0.01)
    assessor, _ = toy(detector, batch_size=2)
    stream = assessor.assess(grey(30) for _ in range(10_000))
    next(stream)
    assert threads()
    stream.close()
    assert threads() == []
    seen = len(detector.sizes)
    time.sleep(0.05)
    assert len(detector.sizes) == seen
    stream = assessor.assess([grey(30)] * 50)
    next(stream)
    del stream
    assert threads() == []


def test_a_failure_waits_for_no_batch_to_fill():
    def images():
        yield plain(90, 90, ToyDetector.no_face)
        for _ in range(7):
            yield grey(30)
        raise KeyError("read too far")

    assessor, _ = toy(batch_size=32, workers=1)
    stream = assessor.assess(images())
    assert next(stream).status is Status.NO_FACE
    with pytest.raises(KeyError):
        list(stream)
    assert threads() == []


def test_no_images_give_no_results():
    assessor, network = toy()
    assert list(assessor.assess([])) == [] and network.batches == []


def test_a_key_comes_back_with_each_assessment_of_its_image_whatever_became_of_it():
    keys = [object(), ("sample", 7), None, "x"]
    images = [grey(30), plain(90, 90, ToyDetector.no_face), b"no image", grey(40)]
    faces = [FaceBox(50, 40, 60, 80, 0.99, POINTS), FaceBox(60, 50, 60, 80, 0.98, POINTS)]
    assessor, _ = toy(ToyDetector(faces))
    requests = [ImageRequest(i, key=k) for i, k in zip(images, keys, strict=True)]
    results = list(assessor.assess(requests, all_faces=True))
    assert [r.key for r in results] == [keys[0], keys[0], keys[1], keys[2], keys[3], keys[3]]
    (bare,) = toy()[0].assess([grey(30)])
    assert bare.key is None


def test_large_arrays_are_read_only_a_few_ahead():
    held = []

    def frames():
        for index in range(60):
            held.append(index)
            yield np.full((2000, 2000, 3), 30 + index, np.uint8)  # 12 MB

    assessor, _ = toy(batch_size=512)
    ahead = assessor._prepare_ahead(frames(), _Options("crop", False, NO_PICTURES))
    next(ahead)
    assert len(held) <= 18  # 200 MB, and one more
    ahead.close()


def test_results_of_slow_images_do_not_wait_for_a_full_batch(monkeypatch):
    monkeypatch.setattr("faceqgen_core.assessor._PATIENCE", 0.05)
    read = []

    def images():
        for index in range(40):
            read.append(index)
            yield grey(30 + index)

    assessor, network = toy(ToyDetector(delay=lambda image: 0.03), batch_size=40, workers=1)
    stream = assessor.assess(images())
    assert next(stream).index == 0
    assert len(read) < 20  # it came long before the batch was full
    assert [r.index for r in stream] == list(range(1, 40))
    assert len(network.batches) > 2


def test_no_batch_is_so_large_that_its_crops_fill_the_memory(monkeypatch, tmp_path):
    """``--batch-size 100000`` let 200,000 crops wait, 10 GB."""
    file = tmp_path / "one.png"
    save_png(file, grey(50))
    assessor, _ = toy(batch_size=1_000_000, workers=1)
    crop = 3 * assessor.preset.protocol.size**2
    monkeypatch.setattr("faceqgen_core.assessor._BYTES_AHEAD", 20 * crop)
    read = []

    def files():
        for index in range(200):
            read.append(index)
            yield file

    ahead = assessor._prepare_ahead(files(), _Options("crop", False, NO_PICTURES))
    for taken in range(100):
        next(ahead)
        assert len(read) <= taken + 1 + 20
    ahead.close()
