"""Runs that are killed at random points, run again, and compared with a run that nobody disturbed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.reliability import toy
from faceqgen_core.image_io import save_png
from tests.images import plain

ROOT = Path(__file__).resolve().parents[2]
IMAGES = 48
FIELD = "faceqgen"
_EARLIER = "filepath,status\nof,an earlier run\n"
"""An output that is there before the command is killed; it replaces none but its own."""


@dataclass(frozen=True)
class Killed:
    """What was found after some kills.

    Attributes:
        kills: runs that were killed.
        done: images that were done after each kill.
        lost: images that were done before a kill and not after it.
        again: images that were scored anew though they were done.
        different: rows, fields and files that differ from the undisturbed run.
        left: files that the undisturbed run does not have.
    """

    kills: int
    done: tuple[int, ...]
    lost: int
    again: int
    different: int
    left: int

    @property
    def held(self) -> bool:
        """Whether nothing was lost, done twice, different or left over."""
        return not (self.lost or self.again or self.different or self.left)

    def __str__(self) -> str:
        reached = ", ".join(map(str, self.done))
        return (
            f"{self.kills} kills, after {reached} of {IMAGES} images: {self.lost} lost, {self.again} scored twice, "
            f"{self.different} different, {self.left} left over"
        )


def kill_cli(folder: Path, kills: int, seed: int) -> Killed:
    """``faceqgen score``, killed again and again, into a file that an earlier run has left."""
    images = images_in(folder / "images")
    undisturbed, output = folder / "undisturbed.csv", folder / "out" / "scores.csv"
    restored = folder / "restored"
    toy.score_with_cli(images, undisturbed, restored)
    before = contents(restored)
    for path in restored.iterdir():
        path.unlink()
    output.parent.mkdir()
    output.write_text(_EARLIER)
    journal = output.with_name(f".{output.name}.journal")

    def done() -> int:
        try:
            return max(0, journal.read_bytes().count(b"\n") - 1)
        except OSError:
            return 0

    command = ["cli", str(images), str(output), str(restored)]
    reached, lost = _kill(command, folder / "ticks", kills, seed, done)
    lost += output.read_text() != _EARLIER
    scored = count(folder / "ticks", lambda: toy.score_with_cli(images, output, restored))
    after = contents(restored)
    same = output.read_bytes() == undisturbed.read_bytes()
    return _found(kills, reached, lost, scored, before, after, different=not same)


def kill_operator(folder: Path, kills: int, seed: int, kind: str = "operator") -> Killed:
    """``score_faces`` on a data set, killed again and again; needs FiftyOne and its database.

    Args:
        folder: where to work.
        kills: kills.
        seed: of where it is killed.
        kind: "operator", called in Python, or "delegated", queued and done by a worker, which is what is killed.
    """
    import fiftyone as fo
    import fiftyone.operators as foo

    images = images_in(folder / "images")
    restored = folder / "restored"
    dataset = fo.Dataset(persistent=True)
    try:
        dataset.add_samples([fo.Sample(filepath=str(path)) for path in sorted(images.iterdir())])
        toy.score_with_operator(dataset, restored)
        dataset.reload()
        fields, before = stored(dataset), contents(restored)
        foo.execute_operator(
            "@faceqgen/face-quality/delete_face_quality",
            {"dataset": dataset},
            params={"confirm": True},
        )

        def done() -> int:
            dataset.reload()
            path = f"{FIELD}.status"
            return len(dataset.exists(path)) if dataset.get_field(path) is not None else 0

        command = [kind, dataset.name, str(restored)]
        reached, lost = _kill(command, folder / "ticks", kills, seed, done)
        run = toy.score_delegated if kind == "delegated" else toy.score_with_operator
        scored = count(folder / "ticks", lambda: run(dataset, restored))
        dataset.reload()
        again = stored(dataset)
        different = sum(again.get(key) != value for key, value in fields.items())
        open_runs = [
            key for key in dataset.list_runs() if not dataset.get_run_info(key).config.complete
        ]
        # Each killed run that had begun to write has left a record that says how it ended, and no more.
        lost += len(open_runs) > kills
        after = contents(restored)
        return _found(kills, reached, lost, scored, before, after, different=different)
    finally:
        dataset.delete()


def images_in(folder: Path) -> Path:
    for index in range(IMAGES):
        level = 20 + 4 * index
        save_png(folder / f"{index:03d}.png", plain(160, 160, (level, level, level)))
    return folder


def _kill(
    command: list[str], ticks: Path, kills: int, seed: int, done: Callable[[], int]
) -> tuple[list[int], int]:
    """Kill a run at random points; returns how much was done after each, and what was lost in between."""
    chance, reached, lost = random.Random(seed), [done()], 0  # nosec B311
    environment = {**os.environ, "PYTHONPATH": str(ROOT), toy.TICKS: str(ticks)}
    for kill in range(kills):
        ticks.write_bytes(b"")
        # Kills are spread over the whole of the run: from before the first image to shortly before the last one.
        share = (kill + chance.random()) / kills
        goal = max(0, int(share * (IMAGES - 4)) - reached[-1])
        program = [sys.executable, "-m", "benchmarks.reliability.toy", *command]
        process = subprocess.Popen(
            program,
            env=environment,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while process.poll() is None and ticks.stat().st_size < goal:
            time.sleep(0.002)
        time.sleep(chance.random() * 2 * toy.SECONDS_A_BATCH)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        reached.append(done())
        lost += max(0, reached[-2] - reached[-1])
    return reached[1:], lost


def count(ticks: Path, run: Callable[[], Any]) -> int:
    """The images that a run in this process scores."""
    ticks.write_bytes(b"")
    os.environ[toy.TICKS] = str(ticks)
    try:
        run()
    finally:
        del os.environ[toy.TICKS]
    return ticks.stat().st_size


def _found(
    kills: int,
    reached: list[int],
    lost: int,
    scored: int,
    before: dict[str, bytes],
    after: dict[str, bytes],
    *,
    different: int,
) -> Killed:
    changed = sum(after.get(name) != data for name, data in before.items())
    left = len(set(after) - set(before))
    again = max(0, scored - (IMAGES - reached[-1]))
    return Killed(kills, tuple(reached), lost, again, int(different) + changed, left)


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder; of a manifest only that it is there: its lines come in the order of the runs."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    return {
        name: b"" if "manifest" in name else path.read_bytes()
        for name, path in files.items()
        if path.is_file()
    }


def stored(dataset: Any, field: str = FIELD) -> dict[tuple[str, str], Any]:
    """What is stored of each sample, but for the ids that FiftyOne draws at random and the times."""
    found = {}
    for sample in dataset:
        for name, value in sample.to_mongo_dict().items():
            if name.startswith(field):
                found[sample.id, name.removeprefix(field)] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items() if key != "_id"}
    return [_plain(part) for part in value] if isinstance(value, list) else value
