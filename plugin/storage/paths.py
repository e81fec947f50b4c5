"""Where results go: folders of the product, names that are free, nothing inside the plugin, nothing replaced."""

from __future__ import annotations

import os
import re
from pathlib import Path

PLUGIN = Path(__file__).resolve().parents[2]
"""The folder of fiftyone.yml; FiftyOne deletes it when it updates the plugin."""


def product_home() -> Path:
    """Where the product's own files go: ``~/.faceqgen``, or FACEQGEN_HOME if that is set."""
    return Path(os.environ.get("FACEQGEN_HOME") or "~/.faceqgen").expanduser()


def product_folder(room: str, dataset_name: str) -> Path:
    """Folder of a data set in a room of the product."""
    return product_home() / room / safe_name(dataset_name)


def safe_name(text: str) -> str:
    """The text as the name of a file or folder."""
    return re.sub(r"[^\w.-]+", "_", text).strip("._")[:200] or "dataset"


def absolute(path: str | os.PathLike[str], what: str) -> Path:
    """The path made absolute, ``~`` resolved.

    Args:
        path: as the user wrote it.
        what: the parameter's name, for the message.

    Raises:
        ValueError: it lies inside the plugin.
    """
    found = Path(os.path.abspath(Path(path).expanduser()))
    resolved = found.resolve()
    if PLUGIN in (resolved, *resolved.parents):
        raise ValueError(
            f"{what} {str(found)!r} lies inside the plugin, whose folder is deleted when it is updated: choose another"
        )
    return found


def free_path(path: Path) -> Path:
    """The path itself if nothing is there, else with the first free number before its suffix."""
    return path.with_name(FreeNames(path.parent).take(path.name))


class FreeNames:
    """Gives names in a folder, none twice and none that is taken; upper and lower case count as one, as on many disks.

    Args:
        folder: it need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        there = os.listdir(folder) if folder.is_dir() else []
        self._taken = {name.casefold() for name in there}
        self._next: dict[str, int] = {}

    def take(self, name: str) -> str:
        """The name, or the name with a number: ``a.png``, ``a-2.png``, ``a-3.png``."""
        stem, suffix = os.path.splitext(name)
        free, number = name, self._next.get(name.casefold(), 2)
        while free.casefold() in self._taken:
            free, number = f"{stem}-{number}{suffix}", number + 1
        self._next[name.casefold()] = number
        self._taken.add(free.casefold())
        return free
