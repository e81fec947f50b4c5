"""Files that Keras saves: HDF5 (Keras 2) and the archive ``.keras`` (Keras 2.12 and later, Keras 3).

Only JSON and arrays are read from them. Nothing in a file is unpickled, imported or called.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from faceqgen_core.foreign.refusal import refuse
from faceqgen_core.preset_checks import LARGEST_CONFIG, shown

SUFFIXES = (".h5", ".hdf5", ".keras")
"""How files of networks are named."""

LARGEST_FILE = 4_000_000_000
"""Bytes of a file, and of what an archive says that it unpacks to."""

_HDF5, _ZIP, _PICKLE = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04", b"\x80"
_CONFIG, _WEIGHTS, _METADATA = "config.json", "model.weights.h5", "metadata.json"
_SAVE_WHOLE = "save the whole network with model.save('name.keras') or model.save('name.h5')"


@dataclass(frozen=True, eq=False)
class StoredNetwork:
    """A file of a network, checked from outside.

    Attributes:
        path: the file.
        kind: "hdf5", or "zip" for a ``.keras`` archive.
        config: class name and configuration of the network as Keras has stored them.
    """

    path: Path
    kind: Literal["hdf5", "zip"]
    config: dict[str, Any]

    @contextmanager
    def weights(self) -> Iterator[Any]:
        """The HDF5 group that holds the weights, open for reading.

        Raises:
            PresetError: it cannot be opened.
        """
        import h5py

        try:
            if self.kind == "hdf5":
                with h5py.File(self.path, "r") as file:
                    yield file.get("model_weights", file)
            else:
                with (
                    zipfile.ZipFile(self.path) as archive,
                    archive.open(_WEIGHTS) as stream,
                    h5py.File(stream, "r") as file,
                ):
                    yield file
        except (OSError, KeyError, RuntimeError, zipfile.BadZipFile) as error:
            refuse(self.path, f"its weights cannot be read ({error}); fetch the file again")


def open_network(path: Path) -> StoredNetwork:
    """Open a file and read the configuration in it; builds nothing and loads no network library.

    Raises:
        PresetError: no such file, a pickle, weights without a network, damaged, or too large.
    """
    if path.is_dir():
        refuse(path, f"it is a folder (a SavedModel runs code of its own): {_SAVE_WHOLE}")
    try:
        with path.open("rb") as file:
            start = file.read(8)
        size = path.stat().st_size
    except OSError as error:
        refuse(path, f"{error.strerror or error}")
    if size > LARGEST_FILE:
        refuse(path, f"it has over {LARGEST_FILE // 10**9} GB")
    if start == _HDF5:
        return StoredNetwork(path, "hdf5", _config_in_hdf5(path))
    if start.startswith(_ZIP):
        return StoredNetwork(path, "zip", _config_in_zip(path))
    if start.startswith(_PICKLE) or path.suffix.lower() in (".pkl", ".pickle", ".pt", ".pth"):
        refuse(path, f"it is a pickle, which runs code when it is read: {_SAVE_WHOLE}")
    refuse(path, f"it is neither HDF5 nor a .keras archive: {_SAVE_WHOLE}")


def _config_in_hdf5(path: Path) -> dict[str, Any]:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            stored = file.attrs.get("model_config")
            version = _text(file.attrs.get("keras_version", ""))
    except OSError as error:
        refuse(path, f"it is damaged ({error}); fetch it again")
    if stored is None:
        refuse(path, f"it holds weights alone and does not say of which network: {_SAVE_WHOLE}")
    if version.startswith("1."):
        refuse(path, "Keras 1 wrote it: load it with Keras 2 and save it again")
    return _parsed(path, _text(stored))


def _config_in_zip(path: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            if others := sorted(set(entries) - {_CONFIG, _WEIGHTS, _METADATA}):
                refuse(path, f"the archive holds {shown(others[0])}, which is no part of a network")
            if missing := {_CONFIG, _WEIGHTS} - set(entries):
                refuse(path, f"the archive lacks {', '.join(sorted(missing))}: {_SAVE_WHOLE}")
            if sum(entry.file_size for entry in entries.values()) > LARGEST_FILE:
                refuse(path, f"it unpacks to over {LARGEST_FILE // 10**9} GB")
            if entries[_CONFIG].file_size > LARGEST_CONFIG:
                refuse(path, f"its {_CONFIG} has over {LARGEST_CONFIG // 10**6} MB")
            return _parsed(path, archive.read(_CONFIG).decode("utf-8"))
    except (OSError, RuntimeError, zipfile.BadZipFile, UnicodeDecodeError) as error:
        refuse(path, f"it is damaged ({error}); fetch it again")


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _parsed(path: Path, text: str) -> dict[str, Any]:
    if len(text) > LARGEST_CONFIG:
        refuse(path, f"its configuration has over {LARGEST_CONFIG // 10**6} MB")
    try:
        config = json.loads(text)
    except (ValueError, RecursionError):
        refuse(path, "its configuration is no JSON; fetch the file again")
    if not isinstance(config, dict) or not {"class_name", "config"} <= set(config):
        refuse(path, "its configuration describes no network")
    return config
