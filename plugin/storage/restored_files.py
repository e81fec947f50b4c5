"""The files of a run: restored images in the geometry of their originals, restored crops, difference maps.

They lie together in one folder of their own, beside a manifest that names every one of them before it is written.
Names depend on the sample and the number of the face, so that a second run with the same parameters replaces the files
of the first; files that a run with others no longer makes stay, named by the manifest. Each file appears whole or not
at all (temporary name, then a rename).
"""

from __future__ import annotations

import json
import logging
import os
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .paths import absolute, product_folder

logger = logging.getLogger(__name__)
logger.addHandler(logging.NullHandler())

MANIFEST = "manifest.jsonl"
JPEG_QUALITY = 95
WRITERS = 4


@dataclass(frozen=True)
class WrittenFiles:
    """Absolute paths of what was written for one sample."""

    restored: str | None = None
    heatmap: str | None = None
    faces: dict[int, str] = field(default_factory=dict)


def default_folder(dataset_name: str) -> Path:
    """Folder for the restored images of a data set: under ``~/.faceqgen``, or under FACEQGEN_HOME if that is set."""
    return product_folder("restored", dataset_name)


class RestoredFiles:
    """Writes the files of a run.

    Args:
        folder: where to; created. Files of different fields must not share it.
        whole_crops: the images are crops themselves: their restoration replaces them entirely.

    Raises:
        ValueError: the folder lies inside the plugin, or cannot be written to.
    """

    def __init__(self, folder: Path, *, whole_crops: bool) -> None:
        self.folder = absolute(folder, "restored_dir")
        self._whole_crops = whole_crops
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / MANIFEST).touch()
        except OSError as error:
            raise ValueError(
                f"restored_dir {str(self.folder)!r} cannot be written to ({error}): choose another"
            ) from error

    def announce(self, samples: Sequence[tuple[str, Sequence[Any]]]) -> None:
        """Enter the files of samples, given as (id, assessments), in the manifest: before they are written."""
        entries = []
        for sample_id, assessments in samples:
            names: list[str] = []
            for assessment in assessments:
                if assessment.restored is not None:
                    names.append(self._face(sample_id, assessment.face).name)
                if assessment.difference is not None:
                    names.append(self._heatmap(sample_id).name)
            if any(a.restored is not None for a in assessments):
                names.append(self._image(sample_id).name)
            entries.append((sample_id, sorted(set(names))))
        self.enter(entries)

    def enter(self, entries: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Enter files, given as (id, names), in the manifest."""
        lines = [
            json.dumps({"sample": key, "files": list(names)}) for key, names in entries if names
        ]
        if lines:
            with (self.folder / MANIFEST).open("a", encoding="utf-8") as manifest:
                manifest.write("\n".join(lines) + "\n")
                manifest.flush()
                os.fsync(manifest.fileno())

    def write(self, sample_id: str, source: Any, assessments: Sequence[Any]) -> WrittenFiles:
        """Write what the assessments of one image hold; ``source`` is its path, or its pixels.

        A file that cannot be written costs its path, neither the scores nor another file: it is logged.
        """

        def attempt(what: str, write: Callable[[], str | None]) -> str | None:
            try:
                return write()
            except Exception as error:  # full disk, image gone, whatever: the scores are there
                logger.warning("no %s of %s: %s", what, assessments[0].source, error)
                return None

        crops = {
            a.face: attempt("restored crop", partial(self._write_face, sample_id, a))
            for a in assessments
            if a.restored is not None
        }
        return WrittenFiles(
            restored=attempt(
                "restored image", lambda: self._write_image(sample_id, source, assessments)
            ),
            heatmap=attempt("heatmap", lambda: self._write_heatmap(sample_id, assessments)),
            faces={face: path for face, path in crops.items() if path},
        )

    def _write_face(self, sample_id: str, assessment: Any) -> str:
        from faceqgen_core.image_io import save_png

        path = self._face(sample_id, assessment.face)
        save_png(path, assessment.restored)
        return str(path)

    def _write_image(self, sample_id: str, source: Any, assessments: Sequence[Any]) -> str | None:
        from faceqgen_core.alignment import paste_back
        from faceqgen_core.image_io import load_image, save_png

        restored = [a for a in assessments if a.restored is not None and a.matrix is not None]
        if not restored:
            return None
        if self._whole_crops:
            width, height = restored[0].image_size
            image = np.zeros((height, width, 3), np.uint8)  # replaced entirely
        else:
            image = load_image(source)
        for assessment in restored:
            image = paste_back(
                image, assessment.restored, assessment.matrix, feather=not self._whole_crops
            )
        path = self._image(sample_id)
        if self._whole_crops:
            save_png(path, image)
        else:
            _save_jpeg(path, image)
        return str(path)

    def _write_heatmap(self, sample_id: str, assessments: Sequence[Any]) -> str | None:
        from faceqgen_core.alignment import map_to_image
        from faceqgen_core.image_io import save_png

        changed = [a for a in assessments if a.difference is not None and a.matrix is not None]
        if not changed:
            return None
        whole = map_to_image(changed[0].difference, changed[0].matrix, changed[0].image_size)
        for a in changed[1:]:
            np.maximum(whole, map_to_image(a.difference, a.matrix, a.image_size), out=whole)
        path = self._heatmap(sample_id)
        save_png(path, np.rint(255 * np.clip(whole, 0, 1)).astype(np.uint8))
        return str(path)

    def _image(self, sample_id: str) -> Path:
        # A photograph as PNG is ten times the size.
        return self.folder / f"{sample_id}{'.png' if self._whole_crops else '.jpg'}"

    def _face(self, sample_id: str, face: int) -> Path:
        return self.folder / f"{sample_id}_face{face}.png"

    def _heatmap(self, sample_id: str) -> Path:
        return self.folder / f"{sample_id}_heatmap.png"


def write_files(
    files: RestoredFiles | None, images: Sequence[tuple[str, Any, Sequence[Any]]]
) -> list[WrittenFiles]:
    """Write the files of images, given as (id, path or pixels, assessments), side by side; nothing without a writer."""
    if files is None:
        return [WrittenFiles()] * len(images)
    files.announce([(sample_id, assessments) for sample_id, _, assessments in images])
    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(lambda image: files.write(*image), images))


def _save_jpeg(path: Path, image: np.ndarray) -> None:
    from PIL import Image

    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        Image.fromarray(image).save(temporary, format="JPEG", quality=JPEG_QUALITY, subsampling=0)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
