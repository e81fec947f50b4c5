"""Files that would run code, or ask for memory, are refused before anything is built."""

from __future__ import annotations

import io
import json
import pickle
import zipfile

import h5py
import numpy as np
import pytest

from faceqgen_core import load_preset
from faceqgen_core.foreign.network_loading import load_network
from faceqgen_core.presets import PresetError
from tests.foreign_networks import graph, layer, start, tiny_faceqnet, write_legacy

WEIGHTS = {"quality": [("kernel", np.zeros((3, 1))), ("bias", [0.0])]}


def with_layer(path, kind, **config):
    """A file of FaceQnet's input with one layer more."""
    layers = [
        start(224),
        layer(kind, "more", after="input_1", **config),
        layer("GlobalAveragePooling2D", "pool", after="more"),
        layer("Dense", "quality", after="pool", units=1),
    ]
    return write_legacy(path, graph(layers), WEIGHTS)


@pytest.mark.parametrize(
    ("kind", "config", "words"),
    [
        ("Lambda", {"function": ["4wEAAAA=", None, None]}, "Lambda layer, which is code"),
        ("TFOpLambda", {"function": "math.multiply"}, "TFOpLambda layer, which is code"),
        ("InstanceNormalization", {"axis": -1}, "object of its own, 'InstanceNormalization'"),
        ("Activation", {"activation": "mish_of_mine"}, "activation of its own"),
        ("Activation", {"activation": "hard_sigmoid"}, "activation of its own"),
        ("UpSampling2D", {"size": [10**9, 2]}, "size"),
        ("UpSampling2D", {"data_format": "channels_first"}, "channels last"),
        ("Dropout", {"rate": 0.1, "surprise": 3}, "unknown setting 'surprise'"),
    ],
)
def test_what_is_no_standard_layer_is_refused(tmp_path, kind, config, words):
    with pytest.raises(PresetError, match=words):
        load_preset(with_layer(tmp_path / "network.h5", kind, **config))


def test_a_lambda_deep_within_another_network_is_found(tmp_path):
    inner = graph([start(224), layer("Lambda", "code", after="input_1", function="x")])
    outer = graph([start(224), {**inner, "name": "inner", "inbound_nodes": [[["input_1", 0, 0]]]}])
    with pytest.raises(PresetError, match="Lambda"):
        load_preset(write_legacy(tmp_path / "network.h5", outer, {}))


def test_a_registered_class_that_calls_itself_a_standard_one_is_refused(tmp_path):
    layers = [start(224), layer("Dense", "quality", after="input_1", units=1)]
    layers[1] |= {"module": "evil.layers", "registered_name": "Dense"}
    with pytest.raises(PresetError, match=r"object of its own, 'Dense'|evil"):
        load_preset(write_legacy(tmp_path / "network.h5", graph(layers), {}))


def test_pickles_are_refused_whatever_they_are_called(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (tmp_path.joinpath("ran").touch, ())

    for name in ("FaceQnet.h5", "network.keras", "network.pkl"):
        (tmp_path / name).write_bytes(pickle.dumps(Bomb()))
        with pytest.raises(PresetError, match="pickle"):
            load_preset(tmp_path / name)
    assert not (tmp_path / "ran").exists()


def archive(path, *, config=None, **entries):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("config.json", json.dumps(config or graph([start(224)])))
        for name, content in entries.items():
            file.writestr(name.replace("__", "."), content)
    return path


def test_an_archive_with_more_than_a_network_is_refused(tmp_path):
    path = archive(tmp_path / "n.keras", assets__pkl=b"\x80", model__weights__h5=b"")
    with pytest.raises(PresetError, match=r"assets\.pkl"):
        load_preset(path)


def test_other_files_are_refused_with_the_way_out(tmp_path):
    weights = tmp_path / "only.weights.h5"
    with h5py.File(weights, "w") as file:
        file["layers/dense/vars/0"] = np.zeros(3)
    (tmp_path / "picture.h5").write_bytes(b"\xff\xd8\xff\xe0 no network")
    (tmp_path / "saved.keras").mkdir()
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["model_config"] = "{"
    (tmp_path / "cut.h5").write_bytes(buffer.getvalue())
    for name, words in (
        ("only.weights.h5", "weights alone"),
        ("picture.h5", "neither HDF5 nor"),
        ("cut.h5", "no JSON"),
        ("gone.h5", "no such file"),
        ("saved.keras", "pair.json"),
    ):
        with pytest.raises(PresetError, match=words):
            load_preset(tmp_path / name)


def test_arrays_that_do_not_fit_the_network_are_refused(tmp_path):
    good = tiny_faceqnet(tmp_path / "good.h5")
    changes = {
        "shape": lambda group: group.create_dataset("kernel:0", data=np.zeros((3, 2), "f4")),
        "NaN": lambda group: group.create_dataset("kernel:0", data=np.full((3, 1), np.nan, "f4")),
        "link": lambda group: group.__setitem__("kernel:0", h5py.ExternalLink("other.h5", "/x")),
        "lack": lambda group: None,
    }
    for words, change in changes.items():
        path = tmp_path / f"{words}.h5"
        path.write_bytes(good.read_bytes())
        with h5py.File(path, "r+") as file:
            group = file["model_weights/quality/quality"]
            del group["kernel:0"]
            change(group)
        with pytest.raises(PresetError, match=words):
            load_network(path)


@pytest.mark.parametrize(
    "layers",
    [
        [("DepthwiseConv2D", {"kernel_size": [11_000, 11_000], "padding": "same"})],
        [
            (
                "DepthwiseConv2D",
                {"kernel_size": [16, 16], "depth_multiplier": 1 << 20, "strides": 16},
            )
        ],
        [("SeparableConv2D", {"kernel_size": [11_000, 11_000], "filters": 3, "padding": "same"})],
        [("Conv2D", {"kernel_size": [1, 1], "filters": 1 << 13, "strides": 224})] * 6,
        [("UpSampling2D", {"size": [16, 16]})],
    ],
    ids=["kernel", "multiplier", "separable", "many", "values"],
)
def test_what_would_ask_for_gigabytes_is_refused_before_it_is_made(tmp_path, monkeypatch, layers):
    """Weights of each layer were counted by themselves, and those of some layers not at all."""
    import keras

    made: list[int] = []
    add_weight = keras.layers.Layer.add_weight

    def counted(self, shape=None, *args, **options):
        made.append(int(np.prod(shape or (), dtype=np.float64)))
        assert sum(made) <= 1 << 28, "room was made for it"
        return add_weight(self, shape, *args, **options)

    monkeypatch.setattr(keras.layers.Layer, "add_weight", counted)
    stored, before = [start(224)], "input_1"
    for number, (kind, config) in enumerate(layers):
        name = f"more_{number}"
        stored.append(layer(kind, name, after=before, **config))
        before = name
    stored.append(layer("GlobalAveragePooling2D", "pool", after=before))
    stored.append(layer("Dense", "quality", after="pool", units=1))
    with pytest.raises(PresetError, match=r"over 268,435,456 weights|gives \("):
        load_network(write_legacy(tmp_path / "network.h5", graph(stored), WEIGHTS))


def test_a_layer_called_in_training_mode_is_refused(tmp_path):
    layers = [
        start(224),
        layer("Dropout", "drop", after="input_1", rate=0.5),
        layer("GlobalAveragePooling2D", "pool", after="drop"),
        layer("Dense", "quality", after="pool", units=1),
    ]
    layers[1]["inbound_nodes"] = [[["input_1", 0, 0, {"training": True}]]]
    with pytest.raises(PresetError, match="training=True"):
        load_network(write_legacy(tmp_path / "network.h5", graph(layers), WEIGHTS))
