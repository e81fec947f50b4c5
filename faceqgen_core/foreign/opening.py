"""Which kind of file or folder a caller has named in place of a preset of ours."""

from __future__ import annotations

from pathlib import Path

from faceqgen_core.foreign.faceqnet import open_faceqnet
from faceqgen_core.foreign.file_format import SUFFIXES
from faceqgen_core.foreign.foreign_preset import ForeignPreset
from faceqgen_core.foreign.pair import open_pair
from faceqgen_core.foreign.pair_config import PAIR_FILE, read_pair
from faceqgen_core.foreign.refusal import refuse


def open_foreign(path: Path) -> ForeignPreset:
    """Check FaceQnet's file, a ``pair.json``, the folder that holds one, or a file that one beside it names.

    Loads no network library and builds nothing.

    Raises:
        PresetError: not usable; says why and what would be.
    """
    if path.is_dir():
        return open_pair(path / PAIR_FILE)
    if not path.is_file():
        refuse(path, "there is no such file")
    if path.suffix.lower() == ".json":
        return open_pair(path)
    beside = path.with_name(PAIR_FILE)
    if beside.is_file() and path.name in _named(beside):
        return open_pair(beside)
    return open_faceqnet(path)


def _named(pair: Path) -> set[str]:
    said = read_pair(pair)
    return {said.generator.name, said.discriminator.name}


def is_foreign(path: Path) -> bool:
    """Whether a path means a network from elsewhere rather than a preset's folder."""
    if path.suffix.lower() in SUFFIXES or path.is_file():
        return True
    return (path / PAIR_FILE).is_file() and not (path / "config.json").exists()
