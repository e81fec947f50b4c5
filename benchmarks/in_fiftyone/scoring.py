"""``score_faces`` over a data set of crops, with a clock round the core: what is left of the run is FiftyOne's and the plugin's."""

from __future__ import annotations

import dataclasses
import importlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
from bson import ObjectId

SCORE = "@faceqgen/face-quality/score_faces"
OPERATOR = foo.get_operator(SCORE)
PLUGIN = type(OPERATOR).__module__.rsplit(".operators", 1)[0]


def dataset_of(paths: Sequence[Path], count: int) -> Any:
    """A data set of ``count`` samples that show the paths in turn; written to the collection itself, which is quick."""
    dataset = fo.Dataset(persistent=True)
    dataset.add_sample(fo.Sample(filepath=str(paths[0])))
    first = dataset._sample_collection.find_one()
    documents = [
        {
            **first,
            "_id": ObjectId(),
            "_rand": number / count,
            "filepath": str(paths[number % len(paths)]),
        }
        for number in range(1, count)
    ]
    if documents:
        dataset._sample_collection.insert_many(documents)
    dataset.reload()
    return dataset


class Clocked:
    """An assessor whose work is timed.

    Args:
        assessor: does the work, or gave the ``kept`` assessments.
        kept: real assessments that are handed out in turn in place of scoring; None: faces are scored.

    Attributes:
        seconds: that the core took, from a request to its assessment.
        made: assessments of the last run, the first few.
    """

    def __init__(self, assessor: Any, kept: Sequence[Any] | None = None) -> None:
        self._assessor, self._kept = assessor, kept
        self.seconds = 0.0
        self.made: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._assessor, name)

    def assess(self, requests: Any, **options: Any) -> Iterator[Any]:
        """As the core's own."""
        stream = self._again(requests) if self._kept else self._assessor.assess(requests, **options)
        try:
            while True:
                start = time.perf_counter()
                assessment = next(stream, None)
                self.seconds += time.perf_counter() - start
                if assessment is None:
                    return
                if len(self.made) < 64:
                    self.made.append(assessment)
                yield assessment
        finally:
            stream.close()

    def _again(self, requests: Any) -> Iterator[Any]:
        for number, request in enumerate(requests):
            known = self._kept[number % len(self._kept)]
            yield dataclasses.replace(
                known, index=number, key=request.key, source=str(request.source)
            )


@contextmanager
def clocked(kept: Sequence[Any] | None = None, made: Any = None) -> Iterator[list[Clocked]]:
    """Give every run an assessor with a clock; they are put on the list.

    Args:
        kept: assessments that stand in for scoring.
        made: an assessor to use in place of a new one, whose networks are loaded already.
    """
    settings = importlib.import_module(f"{PLUGIN}.scoring.settings").ScoreSettings
    usual, clocks = settings.make_assessor, []

    def make(self: Any, extra_scores: Sequence[Any] = ()) -> Clocked:
        clocks.append(Clocked(made or usual(self, extra_scores), kept))
        return clocks[-1]

    settings.make_assessor = make
    try:
        yield clocks
    finally:
        settings.make_assessor = usual


def score(dataset: Any, **options: Any) -> float:
    """Score all crops of a data set anew; returns the seconds of the whole run.

    Raises:
        RuntimeError: a sample has no score.
    """
    start = time.perf_counter()
    summary = OPERATOR(dataset, faces="crop", skip_scored=False, progress=False, **options)
    seconds = time.perf_counter() - start
    if summary["counts"] != {"scored": len(dataset)}:
        raise RuntimeError(f"not all samples were scored: {summary['counts']}")
    return seconds
