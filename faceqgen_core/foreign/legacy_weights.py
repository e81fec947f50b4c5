"""Weights as Keras 2 writes them into HDF5: a group for each layer, the names of its arrays in their order beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from faceqgen_core.foreign.arrays import follow, read_array
from faceqgen_core.foreign.graph import BuiltNetwork
from faceqgen_core.preset_checks import shown

_RENAMED = {"moving_var": "moving_variance"}


def load_legacy_weights(network: BuiltNetwork, group: Any) -> None:
    """Put stored weights into a network, each checked by its name and shape.

    Args:
        network: as built from the same file.
        group: HDF5 group with a group for each layer.

    Raises:
        ValueError: a layer lacks, or an array has another name or shape than the layer needs.
    """
    for name, layer, inner in network.layers:
        variables = list(_in_stored_order(layer, inner))
        if not variables:
            continue
        place = follow(group, name)
        stored = _names(place, "weight_names")
        if len(stored) != len(variables):
            raise ValueError(
                f"its layer {shown(name)} has {len(stored)} arrays, the network needs {len(variables)}"
            )
        for path, (owner, variable) in zip(stored, variables, strict=True):
            _require_same(path, owner, variable.name, inner is not None)
            variable.assign(read_array(place, path, tuple(variable.shape)))


def _in_stored_order(layer: Any, inner: BuiltNetwork | None) -> Iterator[tuple[str, Any]]:
    """Owner and variable: of a network within a network those that are trained first, then moving means and variances."""
    if inner is None:
        yield from (("", variable) for variable in layer.weights)
        return
    plain = list(_flat(inner))
    for trained in (True, False):
        for name, single in plain:
            own = single.trainable_variables if trained else single.non_trainable_variables
            known = {id(variable) for variable in single.weights}
            yield from ((name, variable) for variable in own if id(variable) in known)


def _flat(network: BuiltNetwork) -> Iterator[tuple[str, Any]]:
    for name, layer, inner in network.layers:
        if inner is None:
            yield name, layer
        else:
            yield from _flat(inner)


def _names(group: Any, key: str) -> list[str]:
    """An attribute of names, which Keras cuts up where it is long."""
    parts = [group.attrs[key]] if key in group.attrs else []
    while not parts or f"{key}{len(parts)}" in group.attrs:
        if (part := group.attrs.get(f"{key}{len(parts)}")) is None:
            break
        parts.append(part)
    return [
        value.decode("utf-8") if isinstance(value, bytes) else str(value)
        for part in parts
        for value in part
    ]


def _require_same(path: str, owner: str, variable: str, nested: bool) -> None:
    """Arrays of one shape must not change places: their names say whose they are."""
    *folders, last = path.split(":")[0].split("/")
    last = _RENAMED.get(last, last)
    if (last, variable) == ("depthwise_kernel", "kernel"):  # DepthwiseConv2D's, as Keras 2 calls it
        last = variable
    other = nested and folders and owner and not "/".join(folders).endswith(owner)
    if last != variable or other:
        raise ValueError(
            f"{shown(path)} stands where {shown(f'{owner}/{variable}'.strip('/'))} is expected"
        )
