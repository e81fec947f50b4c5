"""The faces data set: every scored face of photographs as an image of its own, beside its restoration.

Each face is a group of two slices, ``original`` and ``restored``: the crop that was scored, cut out anew by the matrix that
its detection keeps, and the restored crop of the run; one that the run did not keep is restored anew. Both carry the scores,
and where they come from. The files are the data set's own, in a folder of its own with a manifest.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np

from faceqgen_core.vocabulary import DEFAULT_PRESET

from ..dataset import run_records, targets
from ..dataset.fields import DEFAULT_FIELD, FACE_LABEL, FieldNames, declare
from ..dataset.lease import Lease
from ..dataset.product_store import remember_folder
from ..faces.crop_cutter import require_kept
from ..faces.crops import CutFace, Restoring, cut_faces
from ..progress import FileProgress, error_in_words
from ..settings import Settings
from ..storage.folders import unused_folder
from ..storage.manifest import BrokenManifest
from ..storage.paths import absolute, free_path
from ..storage.restored_files import WRITERS, RestoredFiles

ORIGINAL, RESTORED = "original", "restored"
FOLDER = "face_crops"
PHOTOGRAPHS = 32
"""Photographs at a time; their faces are written and added together."""

_SOURCE = {
    "source_sample": (fo.StringField, "Id of the sample that the face was cut out of"),
    "source_face": (fo.StringField, "Id of the detection of the face in that sample"),
    "source_filepath": (fo.StringField, "Image that the face was cut out of"),
}


@dataclass(frozen=True, kw_only=True)
class FacesSettings(Settings):
    """Parameters of ``faces_dataset``.

    Attributes:
        name: of the new data set; default: that of the source with "-faces".
        field: field that ``score_faces`` wrote.
        folder: where the crops are written to; default ``~/.faceqgen/restored/<new data set>``; a folder of its own, that is
            not there yet, is made in it.
        preset: name or folder of the preset that restores faces whose restored crop was not kept.
    """

    name: str | None = None
    field: str = DEFAULT_FIELD
    folder: str | None = None
    preset: str = DEFAULT_PRESET


@dataclass
class FacesSummary(FileProgress):
    """What was made.

    Attributes:
        name: the new data set.
        folder: of its files.
        total: scored faces of the source.
        done: faces dealt with so far.
        faces: faces in the new data set.
        restored: those that have a restored crop.
        notices: what the user should know, in sentences.
    """

    unit = "faces"
    name: str
    folder: str
    faces: int = 0
    restored: int = 0
    notices: list[str] = field(default_factory=list)


class FacesDataset:
    """One faces data set in the making. What can be refused is refused when it is made, before anything is written.

    Args:
        collection: data set or view with scored faces.
        settings: the parameters.

    Raises:
        ValueError: no images, no scored faces, crops that were not kept, a name that is taken, an unusable folder.
    """

    def __init__(self, collection: Any, settings: FacesSettings) -> None:
        self._settings = settings
        self._names = FieldNames(settings.field)
        self._view, notice = targets.image_view(collection)
        total = self._count_faces()
        name = settings.name or free_name(self._view._root_dataset.name)
        if fo.dataset_exists(name):
            raise ValueError(f"there is a data set {name!r}: choose another name")
        self._restoring = Restoring(settings.preset)
        folder = Path(settings.folder) if settings.folder else unused_folder(name)
        # Its own, even where another faces data set lies in the same place: files are named after faces, of which both may be.
        place = free_path(absolute(folder, "folder") / FOLDER)
        self._files = RestoredFiles(place, whole_crops=True)
        notices = [notice] if notice else []
        self.summary = FacesSummary(name, str(self._files.folder), total=total, notices=notices)

    def _count_faces(self) -> int:
        names = self._names
        if self._view.get_field(names.face_path("status")) is None:
            raise ValueError(
                f"there is no field {names.faces!r} with scored faces: run 'Score face quality' first, or name the "
                "field it wrote"
            )
        require_kept(self._view, names)
        count: int = self._view.count_values(names.face_path("status")).get("scored", 0)
        if not count:
            raise ValueError(f"no face in {names.faces!r} has scores: there is nothing to export")
        return count

    def __iter__(self) -> Iterator[FacesSummary]:
        """Make it; yields the summary after each step. Closing the iterator stops; what is written stays in the data set."""
        dataset = self._create()
        ids = self._view.exists(self._names.faces).values("id")
        # Files are there before the samples that show them: whoever cleans up meanwhile is told to wait.
        with Lease(dataset, self._files.folder.name, "making of a faces data set") as lease:
            for start in range(0, len(ids), PHOTOGRAPHS):
                lease.renew()
                self._add(dataset, ids[start : start + PHOTOGRAPHS])
                yield self.summary
        if without := self.summary.faces - self.summary.restored:
            self.summary.notices.append(
                f"{without} face(s) have no restored crop: it was not kept, and they were scored with another preset "
                f"than {self._settings.preset!r}; name theirs with the parameter 'preset'"
            )
        yield self.summary

    def _create(self) -> Any:
        source = self._view._root_dataset
        dataset = fo.Dataset(self.summary.name, persistent=True)
        self._files.dataset_id = dataset._doc.id
        remember_folder(str(self._files.folder))
        dataset.add_group_field("group", default=ORIGINAL)
        declare(dataset, self._names, heatmap=False, restored=False)
        for name, (kind, text) in _SOURCE.items():
            dataset.add_sample_field(name, kind, description=text)
        dataset.info = {"faces_of": {"dataset": source.name, "field": self._names.sample}}
        if hasattr(fo, "ActiveFields"):  # the App then shows the scores, not a box around each crop
            shown = fo.ActiveFields(paths=[self._names.path("quality")])
            dataset.app_config.active_fields = shown
        dataset.save()
        run_records.copy_records(source, dataset, self._names.sample, files=False)
        return dataset

    def _add(self, dataset: Any, ids: list[str]) -> None:
        """Cut out, restore, write and add the faces of some photographs."""
        faces, problems = cut_faces(self._view.select(ids, ordered=True), self._names)
        for path, problem, count in problems:
            self.summary.fail(path, problem, count)
        restored = self._restoring.restore(faces)
        samples = []
        for face, images in zip(faces, self._write(faces, restored), strict=True):
            if ORIGINAL not in images:
                continue
            self.summary.faces += 1
            group = fo.Group()
            samples += [
                self._sample(face, path, images, group.element(name))
                for name, path in images.items()
            ]
            self.summary.restored += RESTORED in images
        dataset.add_samples(samples, dynamic=True, progress=False)
        self.summary.done = self.summary.faces + self.summary.failed

    def _write(self, faces: list[CutFace], restored: list[Any]) -> list[dict[str, Path]]:
        """Write the crops of faces; slice -> file of each that could be written."""
        from faceqgen_core.image_io import save_png

        jobs: list[tuple[Path, np.ndarray]] = []
        wanted = []
        for face, restoration in zip(faces, restored, strict=True):
            images = {ORIGINAL: face.crop, RESTORED: restoration}
            paths = {
                name: self._files.folder / f"{face.label_id}_{name}.png"
                for name, image in images.items()
                if image is not None
            }
            jobs += [(path, images[name]) for name, path in paths.items()]
            wanted.append(paths)

        def save(job: tuple[Path, np.ndarray]) -> tuple[Path, str | None]:
            try:
                save_png(*job)
            except OSError as error:  # a full disk costs the faces that it has no room for
                return job[0], error_in_words(error)
            return job[0], None

        try:
            self._files.enter(
                [
                    (face.label_id, [path.name for path in paths.values()])
                    for face, paths in zip(faces, wanted, strict=True)
                ]
            )
        except (OSError, BrokenManifest) as error:
            problems = dict.fromkeys((path for path, _ in jobs), error_in_words(error))
        else:
            with ThreadPoolExecutor(WRITERS) as pool:
                problems = {path: why for path, why in pool.map(save, jobs) if why}
        for path, why in problems.items():
            self.summary.fail(str(path), why, count=path.name.endswith(f"_{ORIGINAL}.png"))
        return [
            {name: path for name, path in paths.items() if path not in problems} for paths in wanted
        ]

    def _sample(self, face: CutFace, path: Path, images: dict[str, Path], element: Any) -> Any:
        restored = str(images[RESTORED]) if RESTORED in images else None
        document = fo.DynamicEmbeddedDocument(**face.values, num_faces=1, restored_path=restored)
        height, width = face.crop.shape[:2]
        sample = fo.Sample(
            filepath=str(path),
            group=element,
            tags=face.tags,
            metadata=fo.ImageMetadata(
                size_bytes=path.stat().st_size,
                mime_type="image/png",
                width=width,
                height=height,
                num_channels=3,
            ),
            source_sample=face.sample_id,
            source_face=face.label_id,
            source_filepath=face.filepath,
            **{self._names.sample: document},
        )
        if (
            element.name == ORIGINAL
        ):  # the face of the scores; what looks at faces finds it, and its crop
            detection = fo.Detection(
                label=FACE_LABEL,
                bounding_box=[0, 0, 1, 1],
                **face.values,
                restored_path=restored,
                crop_matrix=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
            )
            sample[self._names.faces] = fo.Detections(detections=[detection])
        return sample


def free_name(source: str) -> str:
    """A name for the faces data set of a data set that no other has."""
    name, number = f"{source}-faces", 2
    while fo.dataset_exists(name):
        name, number = f"{source}-faces-{number}", number + 1
    return name
