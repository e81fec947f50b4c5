"""Mutated image files, read and assessed: an answer for each, in time, in bounded memory, and never a crash.

    python -m benchmarks.reliability.fuzz images|assessor COUNT SEED    # prints the findings as JSON

The command is a process of its own: what crashes the interpreter costs no more than that process. File number N of a seed
is always the same one, so that a finding can be made again.
"""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import PIL.Image

from faceqgen_core.bench.memory import peak
from faceqgen_core.image_io import ImageError, load_image
from faceqgen_core.types import Status
from tests.images import astronaut, exif

ROOT = Path(__file__).resolve().parents[2]
PIXELS = 4_000_000
"""Limit of the images: a mutated header may ask for any size."""

SECONDS, MEGABYTES = 5.0, 1000.0
Read = Callable[[bytes], str]
"""Reads a file; returns one word on how it ended."""


@dataclass
class Fuzzed:
    """What reading mutated files came to.

    Attributes:
        files: files that were read.
        read: of these, how many were usable.
        problems: number of a file -> what it did that it must not do.
        slowest: seconds of the slowest one.
        megabytes: the most memory of the process, the interpreter and all libraries included, in millions of bytes.
        crash: how the process died; "" if it did not.
    """

    files: int = 0
    read: int = 0
    problems: dict[str, str] | None = None
    slowest: float = 0.0
    megabytes: float = 0.0
    crash: str = ""

    @property
    def held(self) -> bool:
        """Whether nothing crashed, raised what it must not, took too long or too much memory."""
        quick = self.slowest <= SECONDS and self.megabytes <= MEGABYTES
        return not self.crash and not self.problems and quick

    def __str__(self) -> str:
        return (
            f"{self.files:,} files, {self.read:,} of them usable: {self.crash or 'no crash'}, {len(self.problems or {})} "
            f"wrong answers, slowest {self.slowest:.2f} s, {self.megabytes:.0f} MB at most"
        )


def seeds() -> list[bytes]:
    """Small files of every format, mode and orientation, to be mutated."""
    photo = PIL.Image.fromarray(astronaut()[30:190, 130:290]).resize((96, 96))
    grey16 = PIL.Image.fromarray((np.asarray(photo.convert("L")).astype(np.uint16)) * 257)
    files = [
        _file(photo, "JPEG", quality=90, exif=exif(6)),
        _file(photo, "JPEG", progressive=True),
        _file(photo.convert("L"), "JPEG"),
        _file(photo.convert("CMYK"), "JPEG"),
        _file(photo, "PNG"),
        _file(photo.convert("RGBA"), "PNG"),
        _file(photo.convert("P"), "PNG", transparency=3),
        _file(photo.convert("1"), "PNG"),
        _file(grey16, "PNG"),
        _file(photo, "WEBP"),
        _file(photo, "WEBP", lossless=True),
        _file(photo, "TIFF"),
        _file(photo, "TIFF", compression="tiff_lzw"),
        _file(grey16, "TIFF"),
        _file(photo, "BMP"),
        _file(photo, "GIF"),
        _file(photo, "PPM"),
    ]
    if "JPEG2000" in PIL.Image.SAVE:
        files.append(_file(photo, "JPEG2000"))
    return files


def _file(image: PIL.Image.Image, format_: str, **options: object) -> bytes:
    data = io.BytesIO()
    image.save(data, format_, **options)
    return data.getvalue()


def mutated(files: list[bytes], seed: int, number: int) -> bytes:
    """File ``number`` of a seed: one of the files with one to six things done to it."""
    chance = random.Random(f"{seed}/{number}")  # nosec B311
    data = bytearray(chance.choice(files))
    for _ in range(chance.randint(1, 6)):
        if not data:
            break
        # Headers are short and decide most: half of what is done is done to the first bytes.
        reach = min(len(data), 64) if chance.random() < 0.5 else len(data)
        at, kind = chance.randrange(reach), chance.randrange(8)
        span = chance.randint(1, 40)
        if kind == 0:
            data[at] = chance.randrange(256)
        elif kind == 1:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 2:
            data[at : at + 4] = chance.choice([b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff"])
        elif kind == 3:
            del data[at : at + span]
        elif kind == 4:
            data[at:at] = chance.randbytes(span)
        elif kind == 5:
            data[at:at] = data[at : at + span]
        elif kind == 6:
            del data[max(at, 8) :]
        else:
            other = chance.choice(files)
            data[at:] = other[min(at, len(other)) :]
    return bytes(data)


def read_image(data: bytes) -> str:
    """Read a file as ``load_image`` does."""
    try:
        image = load_image(data, max_pixels=PIXELS)
    except ImageError as error:
        if not error.reason:
            raise AssertionError("no reason is given") from error
        return "refused"
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or min(image.shape) < 1:
        raise AssertionError(f"an image of shape {image.shape} and type {image.dtype}")
    return "read"


def assess_with(assessor: object) -> Read:
    """Read a file as an assessor does: one Assessment, with numbers or with a reason."""

    def read(data: bytes) -> str:
        (found,) = assessor.assess([data])  # type: ignore[attr-defined]
        numbers = (found.quality, found.ssim, found.mse, found.discriminator)
        if found.status is Status.FAILED:
            raise AssertionError(f"failed: {found.reason}")
        if found.scored:
            if not np.isfinite([float(number) for number in numbers]).all():
                raise AssertionError(f"scored with the numbers {numbers}")
            return "read"
        if any(number is not None for number in numbers) or not found.reason:
            raise AssertionError(f"{found.status.value} with numbers, or without a reason")
        return "refused"

    return read


def fuzz(read: Read, count: int, seed: int) -> Fuzzed:
    """Read mutated files in this process."""
    found, files = Fuzzed(problems={}), seeds()
    with suppress(Exception):  # loads what there is to load: the time of that is not theirs
        read(files[0])
    for number in range(count):
        data = mutated(files, seed, number)
        start = time.monotonic()
        try:
            found.read += read(data) == "read"
        except Exception as error:  # whatever it is: it must not be
            found.problems[str(number)] = f"{type(error).__name__}: {error}"[:200]
        found.files += 1
        found.slowest = max(found.slowest, time.monotonic() - start)
    found.megabytes = peak() / 1e6
    return found


def fuzz_apart(what: str, count: int, seed: int) -> Fuzzed:
    """Read mutated files in a process of their own, ``what`` as in the command."""
    command = [sys.executable, "-m", "benchmarks.reliability.fuzz", what, str(count), str(seed)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        return Fuzzed(problems={}, crash=f"the process ended with {done.returncode}: {last}"[:200])
    return Fuzzed(**json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    chosen: Read = read_image
    if sys.argv[1] == "assessor":
        from faceqgen_core.assessor import FaceQualityAssessor
        from faceqgen_core.process.lean_keras import load_lean_keras

        load_lean_keras()  # as the command does
        chosen = assess_with(FaceQualityAssessor(max_pixels=PIXELS))
    print(json.dumps(asdict(fuzz(chosen, int(sys.argv[2]), int(sys.argv[3])))))
