"""The files of a run: restored images in the geometry of their originals, restored crops, difference maps.

They lie together in one folder of their own, beside a manifest that names every one of them before it is written.
Names depend on the sample and the number of the face, so that a second run with the same parameters replaces the files
of the first; files that a run with others no longer makes stay, named by the manifest. Each file appears whole or not
at all (temporary name, then a rename). A file that no run has written is never replaced, and one that a copy of the data
set or another field still shows is left to it: the new one gets another name.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from faceqgen_core.vocabulary import DEFAULT_MAX_PIXELS

from ..dataset.product_store import database_id
from ..progress import error_in_words
from .file_names import FileNames
from .manifest import BrokenManifest, Entry, Manifest
from .paths import absolute
from .temporary import sweep

logger = logging.getLogger(__name__)
logger.addHandler(logging.NullHandler())

JPEG_QUALITY = 95
WRITERS = 4
IMAGE, CROP, HEATMAP = "restored image", "restored crop", "heatmap"


@dataclass(frozen=True)
class Missing:
    """A file that could not be written.

    Attributes:
        what: ``IMAGE``, ``CROP`` or ``HEATMAP``.
        why: in words.
        path: where it should be.
    """

    what: str
    why: str
    path: str


@dataclass(frozen=True)
class WrittenFiles:
    """Absolute paths of what was written for one sample, and what could not be."""

    restored: str | None = None
    heatmap: str | None = None
    faces: dict[int, str] = field(default_factory=dict)
    missing: tuple[Missing, ...] = ()

    def with_restored(self, image: str | None, faces: Sequence[str | None] | None) -> WrittenFiles:
        """The same with the restored image, and the crops of the faces in their order, that an earlier run has written."""
        kept = {number: path for number, path in enumerate(faces or ()) if path}
        return replace(self, restored=image, faces=kept)


class RestoredFiles:
    """Writes the files of a run.

    Args:
        folder: where to; created. Files of different fields must not share it.
        whole_crops: the images are crops themselves: their restoration replaces them entirely.
        dataset_id: of the data set that the files are made for.
        own_fields: paths of the fields that refer to them; what else refers to a file keeps it.
        max_pixels: the limit up to which the run reads images.

    Raises:
        ValueError: the folder lies inside the plugin, cannot be written to, is a link, or its manifest is broken.
    """

    def __init__(
        self,
        folder: Path,
        *,
        whole_crops: bool,
        dataset_id: Any = None,
        own_fields: Collection[str] = (),
        max_pixels: int = DEFAULT_MAX_PIXELS,
    ) -> None:
        self.folder = absolute(folder, "restored_dir")
        self.dataset_id = dataset_id
        self._own_fields = own_fields
        self._whole_crops = whole_crops
        self._max_pixels = max_pixels
        self._manifest = Manifest(self.folder)
        self._names: dict[str, str | None] = {}
        self._database: str | None = None
        self._chooser: FileNames | None = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._manifest.create()
            self._manifest.read()
        except BrokenManifest as error:
            raise ValueError(
                f"{error}; choose another folder with the parameter 'restored_dir'"
            ) from error
        except OSError as error:
            raise ValueError(
                f"restored_dir {str(self.folder)!r} cannot be written to ({error}): choose another"
            ) from error

    def begin(self, *, alone: bool = True) -> None:
        """Tidy what a killed run has left, temporary files and cut lines; for who holds the field's lease.

        Args:
            alone: nobody shares the lease; else what is young stays, for another part may be writing it.
        """
        try:
            # Since it was made, somebody may have deleted the last files of another data set in it, and it with them.
            self.folder.mkdir(parents=True, exist_ok=True)
            self._manifest.create()
            sweep(self.folder, self.dataset_id if alone else None)
            if alone:
                self._manifest.compact()
        except (OSError, BrokenManifest) as error:
            logger.warning("%s could not be tidied: %s", self.folder, error)

    def announce(self, samples: Sequence[tuple[str, Sequence[Any]]]) -> None:
        """Enter the files of samples, given as (id, assessments), in the manifest: before they are written.

        Raises:
            OSError: the manifest cannot be written; then no file may be.
        """
        wanted: list[tuple[str, list[str]]] = []
        for sample_id, assessments in samples:
            names: list[str] = []
            for assessment in assessments:
                if assessment.restored is not None:
                    names.append(_face(sample_id, assessment.face))
                if assessment.difference is not None:
                    names.append(_heatmap(sample_id))
            if any(a.restored is not None for a in assessments):
                names.append(self._image(sample_id))
            wanted.append((sample_id, names))
        self.enter(wanted)

    def enter(self, samples: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Choose the names of files, given as (id, usual names), and enter them in the manifest.

        Raises:
            OSError: it cannot be written.
        """
        owner = self._owner()
        if self._chooser is None:
            self._chooser = FileNames(self._manifest, self.dataset_id, owner[1], self._own_fields)
        with self._manifest.locked():
            self._chooser.read_on()
            self._names = {n: self._chooser.choose(n) for _, names in samples for n in names}
            entries = []
            for key, names in samples:
                chosen = {found for name in names if (found := self._names[name]) is not None}
                entries.append(Entry(key, sorted(chosen), *owner))
            self._manifest.append(entries)

    def _owner(self) -> tuple[str | None, str | None]:
        """The data set that the files are made for, and its database."""
        if self.dataset_id is None:
            return None, None
        self._database = self._database or database_id()
        return str(self.dataset_id), self._database

    def write(self, sample_id: str, source: Any, assessments: Sequence[Any]) -> WrittenFiles:
        """Write what the assessments of one image hold; ``source`` is its path, or its pixels.

        A file that cannot be written costs its path, neither the scores nor another file: it is among the missing.
        """
        missing: list[Missing] = []

        def attempt(what: str, name: str, write: Callable[[Path], None]) -> str | None:
            path = self.folder / name
            try:
                chosen = self._names.get(name, name)
                if chosen is None:
                    raise FileExistsError("something that no run has written is in its place")
                path = self.folder / chosen
                write(path)
                return str(path)
            except Exception as error:  # full disk, image gone, whatever: the scores are there
                why = error_in_words(error)
                logger.warning("no %s of %s: %s", what, assessments[0].source, why)
                missing.append(Missing(what, why, str(path)))
                return None

        restored = [a for a in assessments if a.restored is not None]
        placed = [a for a in restored if a.matrix is not None]
        changed = [a for a in assessments if a.difference is not None and a.matrix is not None]
        faces = {
            a.face: attempt(CROP, _face(sample_id, a.face), partial(_save_crop, a))
            for a in restored
        }
        image = heatmap = None
        if placed:
            save = partial(self._save_image, source, placed)
            image = attempt(IMAGE, self._image(sample_id), save)
        if changed:
            heatmap = attempt(HEATMAP, _heatmap(sample_id), partial(_save_heatmap, changed))
        return WrittenFiles(
            restored=image,
            heatmap=heatmap,
            faces={face: path for face, path in faces.items() if path},
            missing=tuple(missing),
        )

    def none_written(self, assessments: Sequence[Any], error: Exception) -> WrittenFiles:
        """What to say of an image whose files may not be written, since the manifest cannot name them."""
        why, path = error_in_words(error), str(self._manifest.path)
        lost = [Missing(CROP, why, path) for a in assessments if a.restored is not None]
        if lost:
            lost.append(Missing(IMAGE, why, path))
        if any(a.difference is not None for a in assessments):
            lost.append(Missing(HEATMAP, why, path))
        return WrittenFiles(missing=tuple(lost))

    def _save_image(self, source: Any, restored: Sequence[Any], path: Path) -> None:
        from faceqgen_core.alignment import paste_back
        from faceqgen_core.image_io import load_image, save_png
        from faceqgen_core.measures.region import blend_of

        if self._whole_crops:
            width, height = restored[0].image_size
            image = np.zeros((height, width, 3), np.uint8)  # replaced entirely
        else:
            image = load_image(source, max_pixels=self._max_pixels)
        for assessment in restored:
            image = paste_back(
                image,
                assessment.restored,
                assessment.matrix,
                feather=not self._whole_crops,
                # The even background of a restored crop has no business in the photograph.
                mask=blend_of(assessment.restored),
            )
        if self._whole_crops:
            save_png(path, image)
        else:
            _save_jpeg(path, image)

    def _image(self, sample_id: str) -> str:
        # A photograph as PNG is ten times the size.
        return f"{sample_id}{'.png' if self._whole_crops else '.jpg'}"


def write_files(
    files: RestoredFiles | None, images: Sequence[tuple[str, Any, Sequence[Any]]]
) -> list[WrittenFiles]:
    """Write the files of images, given as (id, path or pixels, assessments), side by side; nothing without a writer."""
    if files is None:
        return [WrittenFiles()] * len(images)
    try:
        files.announce([(sample_id, assessments) for sample_id, _, assessments in images])
    except (OSError, BrokenManifest) as error:
        logger.warning("no files are written: %s", error)
        return [files.none_written(assessments, error) for _, _, assessments in images]
    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(lambda image: files.write(*image), images))


def _face(sample_id: str, face: int) -> str:
    return f"{sample_id}_face{face}.png"


def _heatmap(sample_id: str) -> str:
    return f"{sample_id}_heatmap.png"


def _save_crop(assessment: Any, path: Path) -> None:
    from faceqgen_core.changes.restored_file import save_restored
    from faceqgen_core.image_io import save_png

    _require_folder(path)
    if assessment.drawn is None or assessment.trust is None:
        save_png(path, assessment.restored)
    else:
        save_restored(path, assessment.restored, assessment.drawn, assessment.trust)


def _save_heatmap(changed: Sequence[Any], path: Path) -> None:
    from faceqgen_core.alignment import map_to_image
    from faceqgen_core.image_io import save_png

    whole = map_to_image(changed[0].difference, changed[0].matrix, changed[0].image_size)
    for a in changed[1:]:
        np.maximum(whole, map_to_image(a.difference, a.matrix, a.image_size), out=whole)
    _require_folder(path)
    save_png(path, np.rint(255 * np.clip(whole, 0, 1)).astype(np.uint8))


def _save_jpeg(path: Path, image: np.ndarray) -> None:
    from PIL import Image

    from faceqgen_core.whole_files import written_whole

    _require_folder(path)
    with written_whole(path) as temporary:
        Image.fromarray(image).save(temporary, format="JPEG", quality=JPEG_QUALITY, subsampling=0)


def _require_folder(path: Path) -> None:
    """A folder that somebody has removed is not made anew behind his back: its manifest is gone, too."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"the folder {str(path.parent)!r} is gone")
