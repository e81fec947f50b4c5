"""What a caller can choose for a report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...dataset.fields import DEFAULT_FIELD, FieldNames
from ...settings import Settings
from ...storage.paths import absolute, free_path, product_folder


@dataclass(frozen=True, kw_only=True)
class ReportSettings(Settings):
    """Parameters of ``face_quality_report``.

    Attributes:
        field: field that ``score_faces`` wrote.
        path: the HTML file; default: a new one under ``~/.faceqgen/reports``.
        title: heading; default: the name of the data set.
        faces: how many of the worst and of the best faces to show; 0 for a report without any picture.

    Raises:
        ValueError: a value that cannot be used; the message says how to mend it.
    """

    field: str = DEFAULT_FIELD
    path: str | None = None
    title: str | None = None
    faces: int = 12

    def __post_init__(self) -> None:
        FieldNames(self.field)
        if not isinstance(self.faces, int) or not 0 <= self.faces <= 200:
            raise ValueError(f"faces must be a whole number from 0 to 200, got {self.faces!r}")

    def target(self, dataset_name: str) -> Path:
        """The file to write: the chosen one, or a new one named after the data set.

        Raises:
            ValueError: something is there, or it is no HTML file.
        """
        if not self.path:
            return free_path(default_path(dataset_name))
        path = absolute(self.path, "path")
        if path.suffix.lower() not in (".html", ".htm"):
            raise ValueError(f"{path.name!r} is no name of an HTML file: let it end with .html")
        if path.exists():
            raise ValueError(f"there is a file {str(path)!r} already: choose another name")
        return path


def default_path(dataset_name: str) -> Path:
    """Where a report goes if no path is given; a number is added to it if that is taken."""
    return product_folder("reports", dataset_name) / "face-quality.html"
