"""What a report says of a data set's face quality: counts, histograms, the worst and the best faces, where it comes from.

Counted in the database; the pictures of a few faces are the only samples that are looked at.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import fiftyone.core.media as fom
import numpy as np

from faceqgen_core.vocabulary import SCORES, Measure

from ...dataset import run_records, targets
from ...dataset.fields import FieldNames
from ...dataset.score_fields import score_fields
from ...dataset.statuses import count_statuses
from ...faces.crop_cutter import cut, is_known
from ...faces.rows import Face, primary_faces
from ...progress import error_in_words
from ...queries.histogram import Histogram, histogram
from ...queries.index_queries import at_rank, nearest_rank
from .settings import ReportSettings

BARS = 25
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
MOST = 15
"""Entries of a table of reasons; the rest is counted together."""


@dataclass(frozen=True)
class Distribution:
    """The values of one measure.

    Attributes:
        name: of the measure.
        score: its direction, range and meaning.
        count: samples that have a value.
        mean: of them.
        quantiles: at ``QUANTILES``.
        histogram: of them.
    """

    name: str
    score: Measure
    count: int
    mean: float
    quantiles: list[float]
    histogram: Histogram


@dataclass
class Picture:
    """One face on a sheet: RGB uint8 images where they could be read, else why not."""

    name: str
    caption: str
    original: Any = None
    restored: Any = None
    difference: Any = None
    problem: str = ""


@dataclass
class Contents:
    """Everything that a report says; the pictures are added from ``sheets``.

    Attributes:
        title: heading.
        dataset: name of the data set.
        field: field of the scores.
        made: when, ISO 8601.
        samples: samples looked at.
        of: samples in the data set.
        statuses: status -> samples, in the order of ``STATUSES``.
        distributions: of the measures.
        failures: (status, reason in words, samples), the most frequent first.
        reasons: reason for a low score -> samples, if the run wrote them.
        presets: preset -> samples.
        protocols: crop protocol -> samples.
        runs: the records of the runs, oldest first.
        worst: the faces of lowest quality, the worst first.
        best: those of highest, the best first.
        notices: what the reader should know, in sentences.
    """

    title: str
    dataset: str
    field: str
    made: str
    samples: int
    of: int
    statuses: dict[str, int]
    distributions: list[Distribution]
    failures: list[tuple[str, str, int]]
    reasons: dict[str, int]
    presets: dict[str, int]
    protocols: dict[str, int]
    runs: dict[str, dict[str, Any]]
    worst: list[Picture] = dataclasses.field(default_factory=list)
    best: list[Picture] = dataclasses.field(default_factory=list)
    notices: list[str] = dataclasses.field(default_factory=list)


def gather(collection: Any, settings: ReportSettings) -> tuple[Contents, Any]:
    """Gather the facts of a data set or view; returns them and the view they are of.

    Raises:
        ValueError: no scores there, or media that are no images.
    """
    target = targets.find_target(collection)
    view = target.view
    names = FieldNames(settings.field)
    if names.sample not in score_fields(view):
        found = ", ".join(score_fields(view)) or "none"
        raise ValueError(
            f"the field {names.sample!r} holds no face scores: run 'Score face quality' first, or name a field that "
            f"has them ({found})"
        )
    dataset = view._root_dataset
    failures = _failures(view, names)
    facts = Contents(
        title=settings.title or dataset.name,
        dataset=dataset.name,
        field=names.sample,
        made=datetime.now().astimezone().isoformat(timespec="seconds"),
        samples=len(view),
        of=len(targets.whole(dataset, is_video=target.is_video)),
        statuses=count_statuses(view, names.sample),
        distributions=[
            distribution
            for key, score in SCORES.items()
            if (distribution := _distribution(view, names, key, score))
        ],
        failures=failures,
        reasons=_counted(view, names.path("reasons")),
        presets=_counted(view, names.path("preset")),
        protocols=_counted(view, names.path("crop_protocol")),
        runs={
            k: config.serialize()
            for k, config in run_records.records(dataset, names.sample).items()
        },
        notices=list(target.notices),
    )
    if target.is_video:
        facts.notices.append(
            "Videos: each has the scores of its best frame; pictures are of images."
        )
    if len(facts.presets) > 1:
        facts.notices.append(
            "These scores come from more than one preset: their numbers cannot be compared."
        )
    return facts, view


def sheets(view: Any, settings: ReportSettings) -> tuple[Any, Any]:
    """The views of the worst and of the best faces, each from its end; no face is in both."""
    path = FieldNames(settings.field).path("quality")
    if view.media_type == fom.VIDEO:
        return view.limit(0), view.limit(0)
    scored = view.exists(path).sort_by(path)
    count = len(scored)
    best = scored.sort_by(path, reverse=True)
    return (
        scored.limit(min(settings.faces, count - count // 2)),
        best.limit(min(settings.faces, count // 2)),
    )


def pictures(sheet: Any, names: FieldNames) -> Iterator[Picture]:
    """The pictures of a sheet's faces. A file that cannot be read costs its picture alone."""
    if len(sheet):
        maps = _heatmaps(sheet, names)
        for face, heatmap in zip(primary_faces(sheet, names), maps, strict=True):
            yield _picture(face, heatmap)


def _distribution(view: Any, names: FieldNames, name: str, score: Measure) -> Distribution | None:
    path = names.path(name)
    if view.get_field(path) is None or not (count := view.count(path)):
        return None
    ranks = [nearest_rank(count, fraction) for fraction in QUANTILES]
    quantiles = [value for rank in ranks if (value := at_rank(view, path, rank)) is not None]
    if len(quantiles) < len(ranks):  # deleted meanwhile
        return None
    shape = histogram(view, names.sample, name, bars=BARS)
    return Distribution(name, score, count, view.mean(path), quantiles, shape)


def _failures(view: Any, names: FieldNames) -> list[tuple[str, str, int]]:
    status, reason = names.path("status"), names.path("reason")
    if view.get_field(reason) is None:
        return []
    rows = view._aggregate(
        pipeline=[
            {"$match": {status: {"$nin": [None, "scored"]}}},
            {"$group": {"_id": {"s": f"${status}", "r": f"${reason}"}, "n": {"$sum": 1}}},
            {"$sort": {"n": -1, "_id": 1}},
        ]
    )
    found = [(r["_id"].get("s"), r["_id"].get("r") or "", r["n"]) for r in rows]
    if len(found) > MOST:
        rest = sum(n for _, _, n in found[MOST:])
        found = [*found[:MOST], ("others", f"{len(found) - MOST} more reasons", rest)]
    return found


def _counted(view: Any, path: str) -> dict[str, int]:
    if view.get_field(path) is None:
        return {}
    counts = {key: n for key, n in view.count_values(path).items() if key is not None}
    return dict(sorted(counts.items(), key=lambda entry: -entry[1])[:MOST])


def _heatmaps(view: Any, names: FieldNames) -> list[str | None]:
    path = f"{names.heatmap}.map_path"
    return view.values(path) if view.get_field(path) is not None else [None] * len(view)


def _picture(face: Face, heatmap: str | None) -> Picture:
    numbers = [
        f"{key} {value:.1f}" if key == "quality" else f"{key} {value:.4g}"
        for key in SCORES
        if (value := face.values.get(key)) is not None
    ]
    reasons = ", ".join(face.values.get("reasons") or ()).replace("_", " ")
    caption = ", ".join(numbers) + (f"; {reasons}" if reasons else "")
    picture = Picture(Path(face.filepath).name, caption)
    try:
        _read_images(picture, face, heatmap)
    except Exception as error:  # a decoder may raise anything; the report does without this one
        picture.problem = error_in_words(error)
    return picture


def _read_images(picture: Picture, face: Face, heatmap: str | None) -> None:
    from faceqgen_core.changes.difference import colour_difference
    from faceqgen_core.image_io import load_image

    where = face.crop_matrix, face.crop_protocol
    if not is_known(*where):  # an older run: the images whole
        picture.original = load_image(face.filepath)
        picture.restored = load_image(face.restored_image) if face.restored_image else None
        return
    picture.original = cut(load_image(face.filepath), *where)
    if face.restored_crop:
        picture.restored = load_image(face.restored_crop)
    if heatmap:
        change = cut(load_image(heatmap), *where)[..., 0].astype(np.float32) / np.float32(255)
        picture.difference = colour_difference(change)
