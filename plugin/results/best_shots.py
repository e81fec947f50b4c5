"""Best shots: the best N faces of each subject, of each name in photographs of many, or of each track of a video."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from faceqgen_core.vocabulary import SCORES

from ..dataset.fields import DEFAULT_FIELD
from ..dataset.saving import keep_view, require_free_view
from ..queries.labelled_faces import NamedFaces
from ..queries.subjects import Identities
from ..settings import Settings

PER = ("subject", "label", "track")


@dataclass(frozen=True, kw_only=True)
class BestShotSettings(Settings):
    """Parameters of ``best_shots``.

    Attributes:
        per: "subject": a field of the sample names who is shown; "label": the boxes that were scored carry the name;
            "track": they carry the index of a track.
        of: the field that names the subject, or the Detections field of the boxes; for tracks and labels it may lack
            where the scored faces carry the attribute themselves.
        count: how many to keep of each.
        measure: quality, ssim, mse or discriminator.
        field: field that ``score_faces`` wrote.
        view_name: save the view under this name.
        tag: tag what is kept: samples of subjects, else the labels of the faces.

    Raises:
        ValueError: a value that cannot be used; the message says how to mend it.
    """

    per: str = "subject"
    of: str | None = None
    count: int = 1
    measure: str = "quality"
    field: str = DEFAULT_FIELD
    view_name: str | None = None
    tag: str | None = None

    def __post_init__(self) -> None:
        if self.per not in PER:
            raise ValueError(f"per must be one of {', '.join(PER)}, got {self.per!r}")
        if self.per == "subject" and not self.of:
            raise ValueError("best shots of subjects need the field that names them: give 'of'")
        if self.measure not in SCORES:
            raise ValueError(f"measure must be one of {', '.join(SCORES)}, got {self.measure!r}")
        if not isinstance(self.count, int) or self.count < 1:
            raise ValueError(f"count must be a whole number of at least 1, got {self.count!r}")


@dataclass(frozen=True)
class BestShots:
    """The result: the view, and how many are where.

    Attributes:
        view: the samples kept; of labels and tracks, with the kept faces' labels alone.
        groups: subjects, names or tracks with a scored face.
        kept: samples or faces kept.
        left_out: scored samples or faces beyond the best of theirs.
        unnamed: scored samples or faces that nothing names.
    """

    view: Any
    groups: int
    kept: int
    left_out: int
    unnamed: int

    def to_dict(self) -> dict[str, Any]:
        """The numbers, without the view."""
        return {k: v for k, v in self.__dict__.items() if k != "view"}


def best_shots(collection: Any, settings: BestShotSettings) -> BestShots:
    """Choose the best shots of a data set or view; saves and tags them if asked.

    Raises:
        ValueError: there are no scores, nothing names the faces, or a saved view has the name.
    """
    require_free_view(collection._root_dataset, settings.view_name)
    if settings.per == "subject":
        identities = _identities(collection, settings)
        view = collection.select(identities.best(settings.count), ordered=True)
        keep_view(view, view_name=settings.view_name, tag=settings.tag)
        return _counts(identities, settings, view)
    faces = _named_faces(collection, settings)
    kept = faces.best(settings.count)
    view = faces.view_of(kept)
    keep_view(view, view_name=settings.view_name, tag=None)
    if settings.tag and kept:
        faces.tag(kept, settings.tag)
    return _face_counts(faces, settings, view)


def count_best_shots(collection: Any, settings: BestShotSettings) -> BestShots:
    """What ``best_shots`` would find, without its view; changes nothing.

    Raises:
        ValueError: there are no scores, or nothing names the faces.
    """
    if settings.per == "subject":
        return _counts(_identities(collection, settings), settings, None)
    return _face_counts(_named_faces(collection, settings), settings, None)


def _identities(collection: Any, settings: BestShotSettings) -> Identities:
    return Identities(collection, str(settings.of), measure=settings.measure, field=settings.field)


def _named_faces(collection: Any, settings: BestShotSettings) -> NamedFaces:
    return NamedFaces(
        collection,
        settings.of,
        by="index" if settings.per == "track" else "label",
        measure=settings.measure,
        field=settings.field,
    )


def _counts(identities: Identities, settings: BestShotSettings, view: Any) -> BestShots:
    counts = identities.counts(settings.count)
    left_out = counts.samples - counts.kept
    return BestShots(view, counts.subjects, counts.kept, left_out, counts.without_subject)


def _face_counts(faces: NamedFaces, settings: BestShotSettings, view: Any) -> BestShots:
    kept = len(faces.best(settings.count))
    return BestShots(view, faces.names, kept, len(faces.rows) - kept, faces.unnamed)
