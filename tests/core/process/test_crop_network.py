"""How crops are cut into calls of a network on the processor: two shapes, nothing lost, nothing traced twice."""

from __future__ import annotations

import numpy as np
import pytest

from faceqgen_core.process import crop_network
from faceqgen_core.process.crop_network import ALONE, FIRST, GROUP, CropNetwork


def _network():
    import keras

    image = keras.Input((4, 4, 3))
    return keras.Model(image, {"mean": keras.layers.GlobalAveragePooling2D()(image)})


@pytest.fixture(scope="module")
def crops():
    return np.random.default_rng(0).integers(0, 256, (40, 4, 4, 3), dtype=np.uint8)


def _called(batch_size, monkeypatch):
    """A network, and the sizes of its calls."""
    network = CropNetwork("tests-of-groups", _network, batch_size=batch_size, device="cpu")
    runs, sizes = network._runs, []

    def call(batch):
        sizes.append(len(batch))
        return runs(batch)

    call.traced = False
    monkeypatch.setattr(network, "_runs", call)
    return network, sizes, runs


@pytest.mark.parametrize(
    ("count", "batch_size", "calls"),
    [
        (1, 32, [1]),
        (ALONE, 32, [1] * ALONE),
        (ALONE + 1, 32, [GROUP]),
        (GROUP, 32, [GROUP]),
        (2 * GROUP + 2, 512, [GROUP, GROUP, 1, 1]),
        (40, 512, [GROUP] * 5),
        (7, 3, [1] * 7),
        (3, 1, [1] * 3),
    ],
)
def test_crops_come_in_groups_of_eight_and_a_few_that_are_left_over_alone(
    count, batch_size, calls, crops, monkeypatch
):
    network, sizes, _ = _called(batch_size, monkeypatch)
    made = network.outputs(crops[:count])["mean"]
    assert sizes == calls
    np.testing.assert_allclose(made, crops[:count].mean(axis=(1, 2)), rtol=1e-5)


def test_the_network_is_traced_once_whatever_the_batch_and_not_for_the_first_crops(
    crops, monkeypatch
):
    monkeypatch.setattr(crop_network, "_LOADED", {})
    network, _, runs = _called(512, monkeypatch)
    first = network.outputs(crops[:FIRST])["mean"]
    assert runs.graph.experimental_get_tracing_count() == 0
    for count in (FIRST, 1, 3, 8, 11, 40):
        made = network.outputs(crops[:count])["mean"]
        np.testing.assert_allclose(made[:FIRST], first[:count], rtol=1e-5)
    assert runs.graph.experimental_get_tracing_count() == 1


def test_a_process_that_begins_with_many_crops_runs_none_layer_by_layer(crops, monkeypatch):
    monkeypatch.setattr(crop_network, "_LOADED", {})
    network, _, runs = _called(512, monkeypatch)
    network.outputs(crops)
    monkeypatch.setattr(runs, "_network", None)
    network.outputs(crops[:1])


def test_the_empty_places_of_a_group_do_not_come_out(crops, monkeypatch):
    network, _, _ = _called(512, monkeypatch)
    ((given, made),) = network.parts(crops[: GROUP - 1])
    assert len(given) == len(made["mean"]) == GROUP - 1
    assert [values.shape for values in network.outputs(crops[:0]).values()] == [(0, 3)]


@pytest.mark.parametrize(("processor", "calls"), [(True, [64, 64, 22]), (False, [150])])
def test_a_gpu_gets_as_many_crops_at_once_as_are_asked_for_and_the_processor_of_any_backend_few(
    processor, calls, crops, monkeypatch
):
    monkeypatch.setattr(crop_network, "_LOADED", {})
    monkeypatch.setattr(crop_network, "_on_processor", lambda device: processor)
    monkeypatch.setattr(crop_network, "_by_graph", lambda device: False)
    network = CropNetwork("tests-of-batches", _network, batch_size=512, device="auto")
    many = np.resize(crops, (150, *crops.shape[1:]))
    parts = [len(given) for given, _ in network.parts(many)]
    assert parts == calls
    np.testing.assert_allclose(
        network.outputs(many)["mean"], many.mean(axis=(1, 2)), rtol=1e-5, atol=1e-4
    )


def test_a_gpu_that_the_backend_does_not_see_is_refused_and_the_backend_is_named(monkeypatch):
    monkeypatch.setattr(crop_network, "count_gpus", lambda: 1)
    assert crop_network._prepare_device("gpu:0") == "gpu:0"
    with pytest.raises(ValueError, match=r"gpu:1.*TensorFlow sees 1 GPU"):
        crop_network._prepare_device("gpu:1")
