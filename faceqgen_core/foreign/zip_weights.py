"""Weights as Keras 3 writes them into a ``.keras`` archive: layers counted by their class, arrays by number."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from faceqgen_core.foreign.arrays import follow, read_array
from faceqgen_core.foreign.graph import BuiltNetwork
from faceqgen_core.preset_checks import shown

_CONTAINERS = ("layers", "_layer_checkpoint_dependencies")
"""Where Keras 3 and Keras 2 keep the layers of a network."""


def load_zip_weights(network: BuiltNetwork, group: Any) -> None:
    """Put stored weights into a network, each checked by its shape.

    Args:
        network: as built from the same file.
        group: HDF5 group of the network.

    Raises:
        ValueError: a layer lacks, or an array has another shape than the layer needs.
    """
    container = next((name for name in _CONTAINERS if name in group), None)
    if container is None:
        raise ValueError("its weights are stored in a way that is not known")
    seen: Counter[str] = Counter()
    for name, layer, inner in network.layers:
        kind = _snake_case(type(layer).__name__ if inner is None else inner.kind)
        place = f"{container}/{kind}_{seen[kind]}" if seen[kind] else f"{container}/{kind}"
        seen[kind] += 1
        if inner is not None:
            load_zip_weights(inner, follow(group, place))
        elif layer.weights:
            arrays = follow(group, f"{place}/vars")
            if len(arrays) != len(layer.weights):
                raise ValueError(
                    f"its layer {shown(name)} has {len(arrays)} arrays, the network needs {len(layer.weights)}"
                )
            for number, variable in enumerate(layer.weights):
                variable.assign(read_array(arrays, str(number), tuple(variable.shape)))


def _snake_case(name: str) -> str:
    """A class's name as Keras counts it: Conv2DTranspose -> conv2d_transpose."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
