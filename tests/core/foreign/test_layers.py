"""Every layer that is read is read as Keras of either age writes it, with all the settings that nobody has touched."""

from __future__ import annotations

import numpy as np
import pytest

from faceqgen_core.foreign.layers import LAYERS
from faceqgen_core.foreign.network_loading import load_network
from faceqgen_core.presets import PresetError
from tests.foreign_networks import graph, layer, start, write_legacy

SIZE = 16
OF_TWO = {"Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"}
SETTINGS = {
    "Activation": {"activation": "gelu"},
    "AveragePooling2D": {"pool_size": 2},
    "Conv2D": {"filters": 4, "kernel_size": 3, "dilation_rate": 2},
    "Conv2DTranspose": {"filters": 4, "kernel_size": 4, "strides": 2, "padding": "same"},
    "Cropping2D": {"cropping": 2},
    "Dense": {"units": 5},
    "DepthwiseConv2D": {"kernel_size": 3},
    "Dropout": {"rate": 0.5},
    "GaussianDropout": {"rate": 0.5},
    "GaussianNoise": {"stddev": 0.5},
    "GroupNormalization": {"groups": 3},
    "PReLU": {"shared_axes": [1, 2]},
    "ReLU": {"negative_slope": 0.1},
    "Rescaling": {"scale": 0.5},
    "Reshape": {"target_shape": (SIZE, -1, 3)},
    "SeparableConv2D": {"filters": 4, "kernel_size": 3},
    "SpatialDropout2D": {"rate": 0.5},
    "UpSampling2D": {"interpolation": "bilinear"},
}


def of_all_layers(k):
    """A network in which each layer sees the picture, and their outputs end up side by side."""
    image = k.Input((SIZE, SIZE, 3))
    softer = k.layers.Softmax()(image)
    seen = []
    for kind in sorted(set(LAYERS) - {"InputLayer"}):
        made = getattr(k.layers, kind)(**SETTINGS.get(kind, {}))
        out = made([image, softer] if kind in OF_TWO else image)
        seen.append(k.layers.Flatten()(out))
    network = k.Model(image, k.layers.Concatenate()(seen))
    rng = np.random.default_rng(0)
    network.set_weights([rng.uniform(0.5, 1.5, array.shape) for array in network.get_weights()])
    return network


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("ending", ["h5", "keras"])
@pytest.mark.parametrize("library", ["tf_keras", "keras"])
def test_a_layer_as_keras_writes_it_gives_the_numbers_of_keras(library, ending, tmp_path):
    network = of_all_layers(pytest.importorskip(library))
    path = tmp_path / f"all.{ending}"
    network.save(path)
    pictures = np.random.default_rng(1).normal(0, 1, (2, SIZE, SIZE, 3)).astype(np.float32)
    expected = np.asarray(network(pictures, training=False))
    found = np.asarray(load_network(path)(pictures, training=False))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        ("Conv2DTranspose", {"filters": 3, "kernel_size": 3, "groups": 3}, "'groups'"),
        ("BatchNormalization", {"renorm": True, "renorm_momentum": 0.9}, "'renorm'"),
    ],
)
def test_a_setting_that_changes_numbers_and_is_not_read_is_refused(kind, settings, words, tmp_path):
    config = graph([start(64), layer(kind, "made", after="input_1", **settings)])
    path = write_legacy(tmp_path / "network.h5", config, {})
    with pytest.raises(PresetError, match=f"unknown setting {words}"):
        load_network(path)
