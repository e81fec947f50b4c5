"""Two runs at once on one data set: into one field the second is refused, into two both come to their end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.reliability import kills, toy

BUSY = "is under way since"
TRIES = 4
"""How often two runs into two fields are begun."""


@dataclass(frozen=True)
class Together:
    """What came of two runs at once.

    Attributes:
        tries: pairs of runs into two fields.
        refused: whether the second run into one field was refused and told that another one is under way.
        unfinished: runs that did not come to their end.
        different: fields and files that differ from those of a run that was alone.
        errors: the last lines of the runs that did not come to their end.
    """

    tries: int
    refused: bool
    unfinished: int
    different: int
    errors: tuple[str, ...] = ()

    @property
    def held(self) -> bool:
        """Whether one was refused, and all others ended as if they had been alone."""
        return self.refused and not self.unfinished and not self.different

    def __str__(self) -> str:
        second = "refused, told who is at work" if self.refused else "NOT REFUSED"
        return (
            f"same field: the second {second}; two fields, {self.tries} pairs of runs over {kills.IMAGES} images: "
            f"{self.unfinished} unfinished, {self.different} different{''.join('; ' + error for error in self.errors)}"
        )


def run_together(folder: Path, tries: int = TRIES) -> Together:
    """Try it, in a data set of the present database."""
    import fiftyone as fo

    images, hold = kills.images_in(folder / "images"), folder / "hold"
    samples = sorted(images.iterdir())
    errors, different = list[str](), 0
    dataset = fo.Dataset(persistent=True)
    try:
        dataset.add_samples([fo.Sample(filepath=str(path)) for path in samples])
        # The first is held in its midst until the second one has had its say.
        hold.touch()
        first = _start(dataset, folder, "alone", hold)
        _wait_for(folder / "alone.ticks", first)
        second = _start(dataset, folder, "alone", hold)
        said = second.communicate()[1]
        refused = bool(second.returncode) and BUSY in _last(said)
        hold.unlink()
        errors += _end(first)
        alone = _seen(dataset, "alone")
        different += len({key for key, _ in alone}) != len(samples)
        for number in range(tries):
            names = [f"left{number}", f"right{number}"]
            hold.touch()
            both = [_start(dataset, folder, name, hold) for name in names]
            for name, process in zip(names, both, strict=True):
                _wait_for(folder / f"{name}.ticks", process)
            hold.unlink()
            for process in both:
                errors += _end(process)
            for name in names:
                found = _seen(dataset, name)
                different += sum(found.get(key) != value for key, value in alone.items())
    finally:
        dataset.delete()
    return Together(tries, refused, len(errors), different, tuple(errors))


def _start(dataset: Any, folder: Path, field: str, hold: Path) -> subprocess.Popen[str]:
    program = [sys.executable, "-m", "benchmarks.reliability.toy", "operator", dataset.name]
    told = {toy.TICKS: str(folder / f"{field}.ticks"), toy.HOLD: str(hold)}
    return subprocess.Popen(
        [*program, str(folder / field), field],
        env={**os.environ, "PYTHONPATH": str(kills.ROOT), **told},
        cwd=kills.ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _wait_for(ticks: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a run has begun, or has ended."""
    while process.poll() is None and not ticks.exists():
        time.sleep(0.01)


def _end(process: subprocess.Popen[str]) -> list[str]:
    """Wait for the end of a run; its last words if it has failed."""
    said = process.communicate()[1]
    return [_last(said)] if process.returncode else []


def _last(said: str) -> str:
    return (said.strip().splitlines() or [""])[-1]


def _seen(dataset: Any, field: str) -> dict[tuple[str, str], Any]:
    """What a run has stored, each path by the bytes of its file."""
    dataset.reload()
    return {key: _by_bytes(value) for key, value in kills.stored(dataset, field).items()}


def _by_bytes(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: Path(part).read_bytes() if name.endswith("_path") and part else _by_bytes(part)
            for name, part in value.items()
        }
    return [_by_bytes(part) for part in value] if isinstance(value, list) else value
