"""Where the files of a field go, and where they may have gone: a folder that is one data set's alone.

The usual one is ``~/.faceqgen/restored/<data set>/<field>``. Where that name is not the data set's alone (two names that
look the same to a disk, a data set of that name before), the data set's id stands behind it.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from .manifest import Manifest
from .paths import product_folder, product_home, safe_name
from .references import folders_of


def files_folder(dataset: Any, field: str, chosen: str | None, records: Iterable[Any]) -> Path:
    """The folder for the files of a run.

    Args:
        dataset: the data set.
        field: field that the run writes.
        chosen: folder that the user has named; a folder of the field's name is made in it.
        records: of the runs that wrote the field before.
    """
    if chosen:
        return Path(chosen) / field
    plain, own = _usual(dataset, field)
    return plain if _is_free_for(dataset, field, plain, records) else own


def run_folders(
    dataset: Any, field: str, paths: Collection[str], records: Iterable[Any]
) -> list[Path]:
    """Folders that may hold files of a field: those of its records, those its values lead to, the usual ones.

    Args:
        dataset: the data set.
        field: its name.
        paths: paths of the fields that hold the scores, faces and heatmaps.
        records: of the runs that wrote it.

    Returns:
        Each once, only where there is a manifest.
    """
    folders = [
        Path(config.restored_dir) for config in records if getattr(config, "restored_dir", None)
    ]
    folders += [*folders_of(dataset, paths), *_usual(dataset, field)]
    # Not resolved: a folder behind a link is the user's way to choose a disk, and the record names it so.
    unique = dict.fromkeys(os.path.abspath(folder.expanduser()) for folder in folders)
    return [Path(path) for path in unique if Manifest(Path(path)).exists()]


def unused_folder(dataset_name: str) -> Path:
    """A folder for the files of a data set that does not exist yet; none that another has used before."""
    plain = product_folder("restored", dataset_name)
    folder, number = plain, 2
    while os.path.lexists(folder):
        folder, number = plain.with_name(f"{plain.name}-{number}"), number + 1
    return folder


def product_folders() -> list[Path]:
    """All folders under the home of the product that have a manifest."""
    found = []
    for manifest in sorted((product_home() / "restored").glob("*/*/manifest.jsonl")):
        found.append(manifest.parent)
    return found


def _usual(dataset: Any, field: str) -> tuple[Path, Path]:
    own = f"{safe_name(dataset.name)[:150]}-{dataset._doc.id}"
    return product_folder(
        "restored", dataset.name
    ) / field, product_home() / "restored" / own / field


def _is_free_for(dataset: Any, field: str, folder: Path, records: Iterable[Any]) -> bool:
    """Whether a folder is empty, or holds files of this data set alone."""
    if safe_name(dataset.name) != dataset.name:
        return False
    if folder.is_symlink() or not folder.exists():
        return not folder.is_symlink()
    # Looked at first: another part of the run may be making the manifest.
    is_empty = not any(folder.iterdir())
    manifest = Manifest(folder)
    if is_empty or not manifest.exists():
        return is_empty
    try:
        owners = {entry.dataset for entry in manifest.read()}
    except (OSError, ValueError):
        return False
    mine = str(dataset._doc.id)
    if None in owners:  # an earlier version's: a record says whose they are
        named = {os.path.abspath(config.restored_dir) for config in records if config.restored_dir}
        if str(folder) not in named:
            return False
    return not owners - {mine, None}
