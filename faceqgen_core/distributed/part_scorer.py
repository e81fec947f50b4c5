"""One actor: an assessor with its networks, loaded once, which scores one part of the images after the other."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faceqgen_core.distributed.parts import Part, begin_attempt, end_attempts, exists, part_of
from faceqgen_core.tables.score_parquet import SAMPLE_ID, load_pyarrow, read_rows, write_rows

_THREADS = ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS")
"""How many threads TensorFlow takes for one call; it would take all of a machine that it shares with other actors."""

ATTEMPTS = 5
"""How often a part is begun whose process dies: one that kills every process must not be tried for ever."""


@dataclass(frozen=True, kw_only=True)
class PartOptions:
    """What an actor needs to know; plain values, since they travel.

    Attributes:
        output: folder of the parts, or its address.
        preset: name or folder, the same on all machines.
        identifier: of the preset that the driver has; an actor that finds another one refuses to work.
        faces: "detect" or "crop".
        all_faces: a row for each face in place of the primary one alone.
        find_turned: look for turned faces, see ``FaceQualityAssessor.assess``.
        extra_scores: JSON files of other quality networks.
        batch_size: faces per call of the networks.
        device: "auto", "cpu", "gpu" or "gpu:N".
        max_pixels: larger images are not decoded.
        threads: of the processor for one call of the networks; 0: all.
        overwrite: score parts anew that are there already.
    """

    output: str
    preset: str
    identifier: str
    faces: str
    all_faces: bool
    find_turned: bool
    extra_scores: tuple[str, ...]
    batch_size: int
    device: str
    max_pixels: int
    threads: int
    overwrite: bool


class PartScorer:
    """Scores parts, each written as soon as it is done.

    Args:
        options: of the run.

    Raises:
        ValueError: preset, device or another network cannot be used on this machine.
    """

    def __init__(self, options: PartOptions) -> None:
        self._options = options
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        if options.threads:  # TensorFlow reads them when it is loaded
            os.environ.update(dict.fromkeys(_THREADS, str(options.threads)))
        from faceqgen_core.assessor import FaceQualityAssessor
        from faceqgen_core.onnx_quality.extra_score import load_extra_scores
        from faceqgen_core.presets import load_preset

        preset = load_preset(options.preset)
        if preset.identifier != options.identifier:
            raise ValueError(
                f"the preset {options.preset!r} is {preset.identifier} on this machine and {options.identifier} where the run "
                "was started: install the same version everywhere"
            )
        extra = load_extra_scores(map(Path, options.extra_scores))
        self._assessor = FaceQualityAssessor(
            preset,
            batch_size=options.batch_size,
            device=options.device,
            max_pixels=options.max_pixels,
            extra_scores=extra,
        )
        measures = (*preset.extra_measures, *(score.extra_measure for score in extra))
        self._extra = {measure.name: measure.network for measure in measures}

    def __call__(self, table: Any) -> Any:
        """Score the parts of an Arrow table of ``Part.row``; returns what became of them, one row each."""
        pa = load_pyarrow()
        found = []
        for row in table.to_pylist():
            part = part_of(row)
            counts = self._score(part)
            names, numbers = list(counts), list(counts.values())
            found.append(
                {"images": len(part.images), "statuses": names, "rows": numbers, "name": part.name}
            )
        return pa.Table.from_pylist(found)

    def _score(self, part: Part) -> Counter[str]:
        from faceqgen_core.assessor import ImageRequest
        from faceqgen_core.tables.score_table import values

        path = part.path(self._options.output)
        # done by an actor whose machine is gone, before its answer could be fetched
        if not self._options.overwrite and exists(path):
            return Counter(row["status"] for row in read_rows(path, ["status"]))
        if begin_attempt(path) >= ATTEMPTS:
            raise ValueError(
                f"{part.name} was begun {ATTEMPTS} times and its process died each time: take what kills it out of its images, "
                f"{part.images[0]} to {part.images[-1]}, or give an actor more memory"
            )
        stream = self._assessor.assess(
            (ImageRequest(image, key=sample) for image, sample in _pairs(part)),
            faces="crop" if self._options.faces == "crop" else "detect",
            all_faces=self._options.all_faces,
            find_turned=self._options.find_turned,
        )
        rows = [
            {**values(assessment, extra=self._extra), SAMPLE_ID: assessment.key}
            for assessment in stream
        ]
        write_rows(path, rows, extra=self._extra)
        end_attempts(path)
        return Counter(row["status"] for row in rows)


def _pairs(part: Part) -> Sequence[tuple[str, str | None]]:
    samples = part.samples or [None] * len(part.images)
    return list(zip(part.images, samples, strict=True))
