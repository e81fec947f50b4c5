"""Networks as others save them: FaceQnet's kind and size with ``tf_keras``, and small files in the layout of Keras 2."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

BLOCKS = ((3, 64, 256), (4, 128, 512), (6, 256, 1024), (3, 512, 2048))
"""Of ResNet-50: repetitions, narrow and wide filters."""


def faceqnet_like(k: Any, *, blocks: Any = BLOCKS, size: int = 224, nested: bool = False) -> Any:
    """ResNet-50 with the names of VGGFace2's, slashes and all, and a regressing head.

    Args:
        k: ``tf_keras``; Keras 3 takes no slashes.
        blocks: fewer make a smaller network.
        size: of the input.
        nested: the trunk as a network within a Sequential.
    """
    layers = k.layers

    def normed(x: Any, filters: int, side: int, name: str, **options: Any) -> Any:
        x = layers.Conv2D(filters, side, use_bias=False, name=name, **options)(x)
        return layers.BatchNormalization(axis=3, name=f"{name}/bn")(x)

    image = k.Input((size, size, 3))
    x = normed(image, 64, 7, "conv1/7x7_s2", strides=2, padding="same")
    x = layers.Activation("relu")(x)
    x = layers.MaxPooling2D(3, strides=2)(x)
    for stage, (count, narrow, wide) in enumerate(blocks, start=2):
        for block in range(1, count + 1):
            name = f"conv{stage}_{block}"
            stride = 2 if block == 1 and stage > 2 else 1
            y = normed(x, narrow, 1, f"{name}_1x1_reduce", strides=stride)
            y = layers.Activation("relu")(y)
            y = layers.Activation("relu")(normed(y, narrow, 3, f"{name}_3x3", padding="same"))
            y = normed(y, wide, 1, f"{name}_1x1_increase")
            if block == 1:
                x = normed(x, wide, 1, f"{name}_1x1_proj", strides=stride)
            x = layers.Activation("relu")(layers.add([y, x]))
    pooled = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    if nested:
        trunk = k.Model(image, pooled, name="vggface_resnet50")
        return k.Sequential([trunk, *_head(layers)])
    for layer in _head(layers):
        pooled = layer(pooled)
    return k.Model(image, pooled)


def _head(layers: Any) -> list[Any]:
    return [
        layers.Dense(32, activation="relu", name="fc1"),
        layers.Dropout(0.5),
        layers.Dense(1, name="quality"),
    ]


def settle(network: Any, *, seed: int = 0) -> Any:
    """Draw all weights so that a picture's number lies near 0.6, and means and variances are no longer 0 and 1."""
    rng = np.random.default_rng(seed)
    drawn = []
    for weight in network.weights:
        name, shape = weight.name.split(":")[0].rpartition("/")[2], tuple(weight.shape)
        if name in ("gamma", "moving_variance"):
            drawn.append(rng.uniform(0.7, 1.1, shape))
        elif name in ("beta", "moving_mean", "bias"):
            drawn.append(rng.normal(0, 0.1, shape))
        else:
            drawn.append(rng.normal(0, 0.6 / np.sqrt(np.prod(shape[:-1])), shape))
    network.set_weights(drawn)
    last = [layer for layer in network.layers if layer.weights][-1]
    kernel, _ = last.get_weights()
    last.set_weights([0.1 * kernel, np.full(1, 0.6)])
    return network


def layer(kind: str, name: str, *, after: list[str] | str = (), **config: Any) -> dict[str, Any]:
    """A layer as Keras 2 stores it."""
    sources = [after] if isinstance(after, str) else list(after)
    return {
        "class_name": kind,
        "name": name,
        "config": {"name": name, "trainable": True, "dtype": "float32", **config},
        "inbound_nodes": [[[source, 0, 0, {}] for source in sources]] if sources else [],
    }


def graph(layers: list[dict[str, Any]]) -> dict[str, Any]:
    """A network of Keras 2 from its layers, the first its input and the last its output."""
    return {
        "class_name": "Model",
        "config": {
            "name": "model_1",
            "layers": layers,
            "input_layers": [[layers[0]["name"], 0, 0]],
            "output_layers": [[layers[-1]["name"], 0, 0]],
        },
    }


def start(size: int) -> dict[str, Any]:
    """The input of a network for pictures."""
    return layer("InputLayer", "input_1", batch_input_shape=[None, size, size, 3], sparse=False)


def write_legacy(
    path: Path, config: dict[str, Any], weights: dict[str, list[tuple[str, Any]]]
) -> Path:
    """Write a file as Keras 2.2 does.

    Args:
        path: of the file.
        config: class name and configuration of the network.
        weights: layer -> (name of an array, its values).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config).encode()
        file.attrs["keras_version"] = b"2.2.4"
        file.attrs["backend"] = b"tensorflow"
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode() for name in weights]
        for name, arrays in weights.items():
            place = group.create_group(name)
            place.attrs["weight_names"] = [f"{name}/{array}:0".encode() for array, _ in arrays]
            for array, values in arrays:
                place.create_dataset(f"{name}/{array}:0", data=np.asarray(values, np.float32))
    return path


def tiny_faceqnet(path: Path, *, bias: float = 0.25, slope: float = 1 / 512) -> Path:
    """A network of FaceQnet's input: ``bias`` plus ``slope`` times the mean of the blue channel, 0 to 255."""
    config = graph(
        [
            start(224),
            layer("GlobalAveragePooling2D", "pool", after="input_1", data_format="channels_last"),
            layer("Dense", "quality", after="pool", units=1, activation="linear", use_bias=True),
        ]
    )
    kernel = np.array([[slope], [0.0], [0.0]])
    return write_legacy(path, config, {"quality": [("kernel", kernel), ("bias", [bias])]})


def tiny_generator(path: Path, *, size: int = 64, gain: float = 0.5) -> Path:
    """A generator that multiplies every value by ``gain``."""
    config = graph(
        [
            start(size),
            layer(
                "Conv2D",
                "made",
                after="input_1",
                filters=3,
                kernel_size=[1, 1],
                padding="same",
                activation="tanh" if gain == 0 else "linear",
                use_bias=False,
            ),
        ]
    )
    kernel = gain * np.eye(3)[None, None]
    return write_legacy(path, config, {"made": [("kernel", kernel)]})


def tiny_discriminator(
    path: Path, *, size: int = 64, activation: str = "sigmoid", bias: float = 0.0
) -> Path:
    """A discriminator: the activation of the mean over all values of the picture, plus ``bias``."""
    config = graph(
        [
            start(size),
            layer("GlobalAveragePooling2D", "pool", after="input_1"),
            layer("Dense", "judged", after="pool", units=1, activation=activation),
        ]
    )
    kernel = np.full((3, 1), 1 / 3)
    return write_legacy(path, config, {"judged": [("kernel", kernel), ("bias", [bias])]})


def write_pair(folder: Path, *, size: int = 64, gain: float = 0.5, **said: Any) -> Path:
    """A small pair with its ``pair.json``, in a folder that is made."""
    folder.mkdir(parents=True, exist_ok=True)
    tiny_generator(folder / "generator.h5", size=size, gain=gain)
    tiny_discriminator(folder / "discriminator.h5", size=size)
    words = {
        "generator": "generator.h5",
        "discriminator": "discriminator.h5",
        "range": [-1, 1],
        **said,
    }
    (folder / "pair.json").write_text(json.dumps(words), encoding="utf-8")
    return folder
