"""Does discarding by a measure lower the errors of a recogniser? Identities and embeddings of a data set -> EDC curves.

The curves are the core's; here the numbers are fetched from the database, for as many images as can be compared with
one another in a moment.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import fiftyone as fo

from faceqgen_core.vocabulary import Measure

from ..dataset.extra_scores import all_measures, extra_measures
from ..dataset.fields import FieldNames
from ..queries.subjects import subject_path

MOST_IMAGES = 1500
LEAST_NON_MATED = 100
TARGET_FMR = 1e-3
PAIRS_FILE = "(a file of pairs)"


def embedding_sources(collection: Any) -> list[str]:
    """What similarities can come from: fields of vectors, and indexes of ``compute_similarity`` by their keys."""
    fields = [
        name
        for name, field in collection.get_field_schema().items()
        if isinstance(field, (fo.VectorField, fo.ArrayField))
        or (isinstance(field, fo.ListField) and isinstance(field.field, fo.FloatField))
    ]
    dataset = collection._root_dataset
    keys = [key for key in dataset.list_brain_runs() if _is_similarity(dataset, key)]
    return [*fields, *keys]


def evaluate_embeddings(collection: Any, field: str, subject: str, source: str) -> dict[str, Any]:
    """Evaluate every measure, and the scores of other networks, with the embeddings of a field or index; returns the core's report.

    Args:
        collection: data set or view.
        field: field that ``score_faces`` wrote.
        subject: field that names the subject.
        source: a name of ``embedding_sources``.

    Raises:
        ValueError: too few subjects with two images, too few comparisons, or embeddings that cannot be compared.
    """
    from faceqgen_core.evaluation import compare_embeddings

    ids, subjects = _choose(collection, subject)
    vectors = _vectors(collection, source, ids)
    known = [i for i, sample in enumerate(ids) if vectors.get(sample) is not None]
    ids, subjects = [ids[i] for i in known], [subjects[i] for i in known]
    if len(ids) < 2:
        raise ValueError(f"the samples that name their subject have no embeddings in {source!r}")
    comparisons = compare_embeddings([vectors[sample] for sample in ids], subjects, ids)
    scores = _scores(collection.select(ids), field, "id")
    return _evaluate(scores, comparisons, extra_measures(collection, field))


def evaluate_pairs(collection: Any, field: str, path: str) -> dict[str, Any]:
    """Evaluate every measure with the similarities of a file; returns the core's report.

    Args:
        collection: data set or view.
        field: field that ``score_faces`` wrote.
        path: CSV with the columns a, b, similarity and mated, as ``faceqgen evaluate`` takes it.

    Raises:
        ValueError: the file is not there or not of that kind, or names no image of the data set.
    """
    from faceqgen_core.evaluation import read_pairs

    file = Path(path).expanduser()
    if not file.is_file():
        raise ValueError(f"there is no file {path!r} on the machine of the App's server")
    scores = _scores(collection, field, "filepath")
    return _evaluate(scores, read_pairs(file), extra_measures(collection, field))


def _evaluate(scores: Any, comparisons: Any, extra: Mapping[str, Measure]) -> dict[str, Any]:
    from faceqgen_core.evaluation import evaluate

    count = len(comparisons.non_mated)
    if count < LEAST_NON_MATED:
        raise ValueError(
            f"{count} comparisons of different people are too few for a threshold: {LEAST_NON_MATED} are needed"
        )
    # The lowest rate of 1e-3, 1e-2 that the number of comparisons can show.
    fmr = max(TARGET_FMR, 10 ** math.ceil(math.log10(1 / count) - 1e-9))
    lower = [name for name, measure in extra.items() if not measure.higher_is_better]
    facts: dict[str, Any] = evaluate(
        scores, comparisons, fmr=fmr, resamples=0, lower_is_better=lower
    ).facts
    return facts


def _scores(collection: Any, field: str, key: str) -> Any:
    import numpy as np

    from faceqgen_core.tables.score_table import ScoreTable

    names = FieldNames(field)
    known = all_measures(collection, field)
    measures = [name for name in known if collection.get_field(names.path(name)) is not None]
    paths, *columns = collection.values([key, *(names.path(name) for name in measures)])
    table = {
        name: np.array([math.nan if v is None else v for v in column], np.float64)
        for name, column in zip(measures, columns, strict=True)
    }
    return ScoreTable(list(paths), table, [], [])


def _choose(collection: Any, subject: str) -> tuple[list[str], list[Any]]:
    """Samples of subjects with at least two, whole subjects evenly over the data set, at most ``MOST_IMAGES``."""
    from faceqgen_core.evaluation.thinning import evenly

    people: dict[Any, list[str]] = defaultdict(list)
    found = zip(*collection.values(["id", subject_path(collection, subject)]), strict=True)
    for sample, name in found:
        if name is not None:
            people[name].append(sample)
    several = {name: samples for name, samples in people.items() if len(samples) > 1}
    if len(several) < 2:
        raise ValueError(
            f"{len(several)} subject(s) in {subject!r} have two images or more: two such subjects are needed"
        )
    mean = sum(map(len, several.values())) / len(several)
    names: Sequence[Any] = evenly(list(several), max(2, int(MOST_IMAGES / mean)))
    pairs = [(sample, name) for name in names for sample in several[name]][:MOST_IMAGES]
    return [sample for sample, _ in pairs], [name for _, name in pairs]


def _vectors(collection: Any, source: str, ids: list[str]) -> dict[str, Any]:
    if collection.get_field(source) is not None:
        view = collection.select(ids)
        return dict(zip(*view.values(["id", source]), strict=True))
    dataset = collection._root_dataset
    if source not in dataset.list_brain_runs():
        known = ", ".join(embedding_sources(collection)) or "none"
        raise ValueError(f"{source!r} is no field of embeddings and no similarity index ({known})")
    index = dataset.load_brain_results(source)
    vectors, samples, _ = index.get_embeddings(sample_ids=ids, allow_missing=True)
    return dict(zip(map(str, samples), vectors, strict=True))


def _is_similarity(dataset: Any, key: str) -> bool:
    config = dataset.get_brain_info(key).config
    kind = getattr(config, "type", None) or getattr(config, "method", "")
    return kind == "similarity" and not getattr(config, "patches_field", None)
