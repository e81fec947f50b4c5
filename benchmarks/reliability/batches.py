"""The same faces alone, in batches of every size and order, and with other numbers of threads: how far scores lie apart.

    python -m benchmarks.reliability.batches PRESET FACES THREADS FILE    # scores to an .npz, differences as JSON

The command is a process of its own, for TensorFlow asks for the number of its threads but once.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import skimage.transform

from faceqgen_core.assessor import FaceQualityAssessor
from faceqgen_core.types import Assessment, Image
from tests.images import lfw_faces

ROOT = Path(__file__).resolve().parents[2]
SIZES, THREADS = (1, 3, 8, 32), (1, 2)
QUALITY, NATIVE, GREY = 1e-3, 5e-5, 1
"""What may lie between two scores of a face: of 100, of the native measures, and grey levels of its restored crop.

Ten times the most that was seen, see docs/reliability.md; a grey level is what the least difference makes where it is rounded.
"""


@dataclass(frozen=True)
class Gap:
    """The largest differences between scores of the same faces.

    Attributes:
        quality: of 100.
        native: of the native measures.
        grey: levels of the restored crops.
    """

    quality: float = 0.0
    native: float = 0.0
    grey: int = 0

    @property
    def held(self) -> bool:
        """Whether they are within the bounds."""
        return self.quality <= QUALITY and self.native <= NATIVE and self.grey <= GREY

    def __or__(self, other: Gap) -> Gap:
        """The larger of each."""
        return Gap(
            max(self.quality, other.quality),
            max(self.native, other.native),
            max(self.grey, other.grey),
        )

    def __str__(self) -> str:
        if self == Gap():
            return "identical to the bit"
        return (
            f"quality {self.quality:.1e} of 100, native measures {self.native:.1e}, restored crops {self.grey} grey "
            "level(s) apart at most"
        )


@dataclass(frozen=True)
class Scores:
    """Scores of some faces, in their order.

    Attributes:
        numbers: (N, 4) float64, quality and the native measures.
        restored: (N, S, S, 3) uint8 RGB.
    """

    numbers: np.ndarray
    restored: np.ndarray

    def gap(self, other: Scores) -> Gap:
        """How far others of the same faces lie from them."""
        apart = np.abs(self.numbers - other.numbers)
        grey = np.abs(self.restored.astype(int) - other.restored.astype(int))
        return Gap(float(apart[:, 0].max()), float(apart[:, 1:].max()), int(grey.max()))


@dataclass(frozen=True)
class Apart:
    """What was found.

    Attributes:
        faces: faces.
        sizes: sizes of the batches.
        batches: between batches of these sizes and orders, with the same number of threads.
        counts: numbers of threads; none if they were not compared.
        threads: between these.
    """

    faces: int
    sizes: tuple[int, ...]
    batches: Gap
    counts: tuple[int, ...] = ()
    threads: Gap = Gap()

    @property
    def held(self) -> bool:
        """Whether all is within the bounds."""
        return self.batches.held and self.threads.held

    def __str__(self) -> str:
        sizes = ", ".join(map(str, self.sizes))
        told = f"{self.faces} faces in batches of {sizes}, also backwards: {self.batches}"
        if self.counts:
            told += f"; with {' and '.join(map(str, self.counts))} threads: {self.threads}"
        return told


def compare_threads(preset: str, faces: int, counts: Sequence[int] = THREADS) -> Apart:
    """Score faces in batches with several numbers of threads, each in a process of its own.

    Raises:
        RuntimeError: a process has failed; the message is its last line.
    """
    batches, scores = Gap(), list[Scores]()
    with tempfile.TemporaryDirectory(prefix="faceqgen-threads-") as place:
        for count in counts:
            file = Path(place) / f"{count}.npz"
            given = [preset, str(faces), str(count), str(file)]
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.reliability.batches", *given],
                cwd=ROOT,
                capture_output=True,
                text=True,
            )
            if done.returncode:
                raise RuntimeError((done.stderr.strip().splitlines() or [""])[-1])
            told = json.loads(done.stdout.splitlines()[-1])
            batches |= Gap(**told["batches"])
            with np.load(file) as arrays:
                scores.append(Scores(**arrays))
    threads = Gap()
    for other in scores[1:]:
        threads |= scores[0].gap(other)
    return Apart(told["faces"], tuple(told["sizes"]), batches, tuple(counts), threads)


def compare_batches(preset: str, faces: int, sizes: Sequence[int] = SIZES) -> Apart:
    """Score faces in batches of these sizes, forwards and backwards, with the threads of this process."""
    return _compared(preset, faces, sizes)[0]


def _compared(preset: str, faces: int, sizes: Sequence[int]) -> tuple[Apart, Scores]:
    """What lies between the batches, and the scores in the first of them."""
    images = [_enlarged(face) for face in lfw_faces(faces)]
    first: Scores | None = None
    gap = Gap()
    for size in sizes:
        assessor = FaceQualityAssessor(preset, batch_size=size)
        for order in (1, -1):
            found = list(assessor.assess(images[::order], faces="crop", restored=True))[::order]
            scores = Scores(
                np.array([_numbers(one) for one in found]),
                np.array([one.restored for one in found]),
            )
            first = first or scores
            gap |= first.gap(scores)
    assert first is not None
    return Apart(len(images), tuple(sizes), gap), first


def _numbers(found: Assessment) -> list[float]:
    numbers: list[Any] = [found.quality, found.ssim, found.mse, found.discriminator]
    if None in numbers:
        raise ValueError("a face of the comparison has no score")
    return numbers


def _enlarged(face: Image) -> Image:
    return np.rint(255 * skimage.transform.resize(face, (128, 128))).astype(np.uint8)


def _main(preset: str, faces: str, threads: str, file: str) -> None:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(int(threads))
    tf.config.threading.set_inter_op_parallelism_threads(int(threads))
    apart, scores = _compared(preset, int(faces), SIZES)
    np.savez(file, numbers=scores.numbers, restored=scores.restored)
    print(json.dumps(asdict(apart)))


if __name__ == "__main__":
    _main(*sys.argv[1:])
