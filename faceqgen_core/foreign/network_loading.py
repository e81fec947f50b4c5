"""From a file of somebody else's to a network with its weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from faceqgen_core.foreign.file_format import StoredNetwork, open_network
from faceqgen_core.foreign.graph import build, input_shape
from faceqgen_core.foreign.layers import NETWORKS, require_known
from faceqgen_core.foreign.refusal import refuse


def inspect_network(path: Path) -> tuple[StoredNetwork, tuple[int | None, ...]]:
    """Open a file and check all of its layers; builds nothing and loads no network library.

    Returns:
        The stored network, and height, width and channels of its input, None where it does not state them.

    Raises:
        PresetError: not usable; says why and what would be.
    """
    stored = open_network(path)
    try:
        if stored.config["class_name"] not in NETWORKS:
            raise ValueError("it holds no network of standard layers of Keras")
        require_known(stored.config)
        return stored, input_shape(stored.config)
    except (KeyError, TypeError, AttributeError, RecursionError):
        refuse(path, "its layers are stored in a way that is not known")
    except ValueError as error:
        refuse(path, str(error))


def load_network(path: Path) -> Any:
    """Build the network of a file and load its weights.

    Args:
        path: HDF5 file of Keras 2 or ``.keras`` archive.

    Returns:
        A Keras model, to be run in inference mode.

    Raises:
        PresetError: not usable; says why and what would be.
    """
    from faceqgen_core.foreign.legacy_weights import load_legacy_weights
    from faceqgen_core.foreign.zip_weights import load_zip_weights

    stored, _ = inspect_network(path)
    load = load_legacy_weights if stored.kind == "hdf5" else load_zip_weights
    try:
        built = build(stored.config)
        with stored.weights() as group:
            load(built, group)
    except ValueError as error:
        refuse(path, str(error))
    return built.model


def last_activation(config: Mapping[str, Any]) -> str | None:
    """Name of the activation that a stored network ends with, None if it is not stated by its last layer."""
    layers = (
        config["config"]["layers"] if isinstance(config["config"], Mapping) else config["config"]
    )
    last = layers[-1]
    if last["class_name"] in NETWORKS:
        return last_activation(last)
    named = last["config"].get("activation")
    return named if isinstance(named, str) else None
