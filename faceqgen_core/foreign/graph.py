"""A network built in code from what its file says of it: standard layers alone, of today's Keras.

Keras' own loader is not asked: it does not know names with a slash, as FaceQnet's layers have, and many other habits of
Keras 2; and it would run what a file holds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from faceqgen_core.foreign.layers import NETWORKS, layers_of, settings_of
from faceqgen_core.preset_checks import shown

# Values of one layer for one image, of which eight go through at a time, and weights of a whole network: a gigabyte each.
# Above, memory would be asked for that no network for faces needs.
_MOST_VALUES, _MOST_WEIGHTS = 1 << 25, 1 << 28


@dataclass(frozen=True, eq=False)
class BuiltNetwork:
    """A network built anew, still without its weights.

    Attributes:
        model: the Keras model.
        kind: its class as the file names it.
        layers: its layers in the order of the file: stored name, layer, and the network within if it is one.
    """

    model: Any
    kind: str
    layers: list[tuple[str, Any, BuiltNetwork | None]] = field(default_factory=list)


def input_shape(spec: Mapping[str, Any]) -> tuple[int | None, ...]:
    """Height, width and channels that a stored network states, from its configuration alone; None where it states none.

    Raises:
        ValueError: it has several inputs, or says nothing of them.
    """
    inputs = [layer for layer in layers_of(spec) if layer["class_name"] == "InputLayer"]
    if len(inputs) > 1:
        raise ValueError(f"it has {len(inputs)} inputs: one image is what there is to give")
    first = inputs[0] if inputs else layers_of(spec)[0]
    if first["class_name"] in NETWORKS:
        return input_shape(first)
    return _shape(first["config"])


def _shape(config: Mapping[str, Any]) -> tuple[int | None, ...]:
    for key in ("batch_shape", "batch_input_shape", "shape"):
        stated = config.get(key)
        if isinstance(stated, (list, tuple)):
            sides = tuple(stated if key == "shape" else stated[1:])
            if all(side is None or (type(side) is int and 0 < side <= 1 << 20) for side in sides):
                return sides
            raise ValueError(f"it states the input {shown(stated)}")
    raise ValueError("it does not state the shape of its input")


class _Room:
    """How many weights a network may still make, those of all networks in it together."""

    def __init__(self) -> None:
        self._left = _MOST_WEIGHTS

    def take(self, layer: Any, inputs: list[Any]) -> None:
        """Refuse a layer before it makes weights that there is no room for; one that is called again makes none."""
        if layer.built:
            return
        self._left -= _weights_of(layer, [side or 1 for side in inputs[0].shape[1:]])
        if self._left < 0:
            raise ValueError(
                f"with its layer {shown(layer.name)} it has over {_MOST_WEIGHTS:,} weights"
            )


def _weights_of(layer: Any, sides: list[int]) -> int:
    """How many weights a layer makes for an input of such sides, channels last; rather too many than too few."""
    channels, area = sides[-1], math.prod(getattr(layer, "kernel_size", (1,)))
    width = getattr(layer, "units", None) or getattr(layer, "filters", None)
    if (each := getattr(layer, "depth_multiplier", None)) is not None:
        return int(each * channels * (area + (width or 0)))
    if width:
        return int((channels * area + 1) * width)
    return 4 * math.prod(sides) if hasattr(layer, "axis") or hasattr(layer, "shared_axes") else 0


def build(spec: Mapping[str, Any], room: _Room | None = None) -> BuiltNetwork:
    """Build a stored network whose layers are known, see ``layers.require_known``.

    Args:
        spec: class name and configuration.
        room: of the network that it is a part of; None: it is whole.

    Raises:
        ValueError: its layers do not fit together, or it would take too much memory.
    """
    room = room or _Room()
    try:
        if spec["class_name"] == "Sequential":
            return _sequential(spec, room)
        return _Functional(spec, room).made()
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(
            f"its layers are stored in a way that is not known ({error!r:.200})"
        ) from error


def _layer(spec: Mapping[str, Any], place: int, room: _Room) -> tuple[Any, BuiltNetwork | None]:
    import keras

    if spec["class_name"] in NETWORKS:
        inner = build(spec, room)
        return inner.model, inner
    name = str(spec["config"].get("name") or spec.get("name") or f"layer_{place}")
    if "/" in name:  # not allowed any more
        name = f"{name.replace('/', '-')}-{place}"
    layer = getattr(keras.layers, spec["class_name"])(name=name, **settings_of(spec))
    # Says in which order Keras 2 has written the weights of a network within a network.
    layer.trainable = spec["config"].get("trainable") is not False
    return layer, None


def _call(layer: Any, inputs: list[Any], room: _Room) -> Any:
    room.take(layer, inputs)
    made = layer(inputs[0] if len(inputs) == 1 else inputs)
    for tensor in made if isinstance(made, (list, tuple)) else [made]:
        if math.prod(side or 1 for side in tensor.shape) > _MOST_VALUES:
            raise ValueError(f"its layer {shown(layer.name)} gives {shown(tuple(tensor.shape))}")
    return made


def _sequential(spec: Mapping[str, Any], room: _Room) -> BuiltNetwork:
    import keras

    stored = layers_of(spec)
    start = keras.Input(input_shape(spec))
    tensor, layers = start, []
    for place, inner in enumerate(stored):
        if inner["class_name"] == "InputLayer":
            continue
        layer, network = _layer(inner, place, room)
        tensor = _call(layer, [tensor], room)
        layers.append((_stored_name(inner), layer, network))
    return BuiltNetwork(keras.Model(start, tensor), spec["class_name"], layers)


def _stored_name(spec: Mapping[str, Any]) -> str:
    config = spec["config"]
    inside = config.get("name") if isinstance(config, Mapping) else None
    return str(spec.get("name") or inside or "")


class _Functional:
    """A graph: each layer is called where its inputs are there, until all are."""

    def __init__(self, spec: Mapping[str, Any], room: _Room) -> None:
        self._spec, self._room = spec, room
        self._tensors: dict[tuple[str, int, int], Any] = {}
        self._built: dict[str, tuple[Any, BuiltNetwork | None]] = {}

    def made(self) -> BuiltNetwork:
        import keras

        waiting: list[tuple[str, int, list[tuple[str, int, int]]]] = []
        config, names = self._spec["config"], []
        for place, stored in enumerate(layers_of(self._spec)):
            name = _stored_name(stored)
            if stored["class_name"] == "InputLayer":
                self._tensors[name, 0, 0] = keras.Input(_shape(stored["config"]))
                continue
            self._built[name] = _layer(stored, place, self._room)
            names.append(name)
            for node, inputs in enumerate(stored.get("inbound_nodes") or ()):
                waiting.append((name, node, _sources(inputs)))
        while waiting:
            ready = [item for item in waiting if all(source in self._tensors for source in item[2])]
            if not ready:
                raise ValueError(
                    f"its layer {shown(waiting[0][0])} has an input that nothing gives"
                )
            for name, node, sources in ready:
                made = _call(
                    self._built[name][0], [self._tensors[source] for source in sources], self._room
                )
                for index, tensor in enumerate(made if isinstance(made, (list, tuple)) else [made]):
                    self._tensors[name, node, index] = tensor
            waiting = [item for item in waiting if item not in ready]
        ends = [
            [self._tensors[reference] for reference in _references(config[key])]
            for key in ("input_layers", "output_layers")
        ]
        inputs, outputs = (found[0] if len(found) == 1 else found for found in ends)
        return BuiltNetwork(
            keras.Model(inputs, outputs),
            self._spec["class_name"],
            [(name, *self._built[name]) for name in names],
        )


def _references(stored: Any) -> list[tuple[str, int, int]]:
    """Places of tensors: one, a list of some, or some by name."""
    if isinstance(stored, Mapping):
        return [reference for value in stored.values() for reference in _references(value)]
    if stored and isinstance(stored[0], str):
        return [(stored[0], int(stored[1]), int(stored[2]))]
    return [reference for value in stored for reference in _references(value)]


def _sources(node: Any) -> list[tuple[str, int, int]]:
    """The tensors that one call of a layer takes, as Keras 2 (lists) or Keras 3 (arguments) has stored them.

    Raises:
        ValueError: the call has arguments that change what a layer does.
    """
    if isinstance(node, Mapping):
        _require_plain(node.get("kwargs") or {})
        return _tensors_in(node["args"])
    found = []
    for name, number, index, *more in [node] if isinstance(node[0], str) else node:
        _require_plain(more[0] if more else {})
        found.append((str(name), int(number), int(index)))
    return found


def _require_plain(arguments: Mapping[str, Any]) -> None:
    for name, value in arguments.items():
        if value is not None and not (name == "training" and value is False):
            raise ValueError(
                f"one of its layers is called with {name}={shown(value)}: scores would depend on other faces of a "
                "batch, or on code; save the network as it is used for inference"
            )


def _tensors_in(arguments: Any) -> list[tuple[str, int, int]]:
    found = []
    for value in arguments:
        if isinstance(value, Mapping) and value.get("class_name") == "__keras_tensor__":
            found += _references(value["config"]["keras_history"])
        elif isinstance(value, (list, tuple)):
            found += _tensors_in(value)
        else:
            raise ValueError(f"one of its layers is called with {shown(value)}, which is no tensor")
    return found
