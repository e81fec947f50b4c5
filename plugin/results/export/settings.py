"""What a caller can choose for an export, checked before anything is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import fiftyone as fo

from ...settings import Settings
from ...storage.paths import absolute, free_path, product_folder

TABLES = ("csv", "json")
FOLDERS = ("copy", "symlink", "crops")
KINDS = (*TABLES, *FOLDERS, "dataset")


@dataclass(frozen=True, kw_only=True)
class ExportSettings(Settings):
    """Parameters of ``export_faces`` beside those of the selection.

    Attributes:
        kind: "csv" or "json": a table of paths and scores; "copy" or "symlink": a folder of the images; "crops": a
            folder of the aligned face crops as they were scored; "dataset": a new FiftyOne data set.
        path: the table's file, or the folder; default: a new one under ``~/.faceqgen/exports``.
        dataset_name: name of the new data set.
        all_faces: every scored face of an image, not the primary one alone; for tables and crops.
        add: write into a folder that holds other files; none of them is replaced.

    Raises:
        ValueError: a value that cannot be used; the message says how to mend it.
    """

    kind: str = "csv"
    path: str | None = None
    dataset_name: str | None = None
    all_faces: bool = False
    add: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {self.kind!r}")
        if self.kind == "dataset":
            if not self.dataset_name:
                raise ValueError("a new data set needs a name: give dataset_name")
            if fo.dataset_exists(self.dataset_name):
                raise ValueError(f"there is a data set {self.dataset_name!r}: choose another name")
        elif self.path:
            self._require_place(absolute(self.path, "path"))

    def _require_place(self, path: Path) -> None:
        if self.kind in TABLES:
            if path.is_dir():
                raise ValueError(f"{str(path)!r} is a folder: name a file in it")
            if path.suffix.lower() != f".{self.kind}":
                raise ValueError(
                    f"{path.name!r} is to be {self.kind.upper()}: let its name end with .{self.kind}"
                )
            if path.exists():
                raise ValueError(f"there is a file {str(path)!r}: choose another name")
        elif path.exists() and not path.is_dir():
            raise ValueError(f"{str(path)!r} is a file: name a folder")
        elif path.is_dir() and not self.add and any(path.iterdir()):
            raise ValueError(
                f"the folder {str(path)!r} is not empty: choose another, or turn 'add' on to write beside what is "
                "there"
            )

    @property
    def per_face(self) -> bool:
        """Whether every face is a row, not every sample."""
        return self.all_faces and self.kind in (*TABLES, "crops")

    def target(self, dataset_name: str, keep: str) -> Path:
        """The file or folder to write: the chosen one, or a new one named after the data set and the side."""
        if self.path:
            return absolute(self.path, "path")
        return free_path(default_path(dataset_name, self.kind, keep))


def default_path(dataset_name: str, kind: str, keep: str) -> Path:
    """Where an export goes if no path is given; a number is added to it if that is taken."""
    name = f"{keep}-quality.{kind}" if kind in TABLES else f"{keep}-quality-{kind}"
    return product_folder("exports", dataset_name) / name
