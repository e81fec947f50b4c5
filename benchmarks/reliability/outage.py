"""The database killed in the midst of a run and started anew some seconds later: what the run, its record and its data say.

    python -m benchmarks.reliability.outage SECONDS FOLDER [OPTIONS]     # prints the findings as JSON

OPTIONS are those of MongoDB's addresses, as ``serverSelectionTimeoutMS=2000``: how long a client waits (30 s if not told).

The database is one of its own, in the folder: FiftyOne's is left alone.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.reliability import kills, toy
from scripts.ensure_mongod import mongod_path

ROOT = kills.ROOT
PATIENCE = 300.0
"""Seconds that a run may take to end."""


@dataclass(frozen=True)
class Outage:
    """What came of a run whose database was away.

    Attributes:
        seconds: for so long it was away.
        done: images that were done when it went.
        noticed: whether the run ended because of it.
        message: the last line that the run then said.
        record: what the record of the run says of itself when the database is back.
        counted: images that the record counts then.
        written: images that are written then.
        lost: images that were done before and are not after.
        again: images that another run scored though they were done.
        different: fields and files that differ from an undisturbed run after another run.
        left: files that the undisturbed run does not have.
    """

    seconds: float
    done: int
    noticed: bool
    message: str
    record: str
    counted: int
    written: int
    lost: int
    again: int
    different: int
    left: int

    @property
    def true(self) -> bool:
        """Whether the record counts what is written: it is told of each chunk after that is written."""
        return 0 <= self.written - self.counted <= 2 * toy.BATCH

    @property
    def held(self) -> bool:
        """Whether a short outage is not noticed, a long one told clearly, and nothing lost, done twice or different."""
        whole = not (self.lost or self.again or self.different or self.left) and self.true
        if not self.noticed:
            return whole and self.record == "finished"
        told = "the database cannot be reached" in self.message and "run again" in self.message
        return whole and told and self.seconds > 5 and self.record != "finished"

    def __str__(self) -> str:
        ended = "ended with one message" if self.noticed else "went on to its end"
        return (
            f"{self.seconds:g} s away after {self.done} of {kills.IMAGES} images: the run {ended}, its record says "
            f'"{self.record}"{"" if self.true else f", and {self.counted} images where {self.written} are written"}; after another run {self.lost} lost, '
            f"{self.again} scored twice, {self.different} different, {self.left} left over"
        )


class Database:
    """A mongod in a folder, on a port of its own of this machine."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)

    @property
    def uri(self) -> str:
        """Its address."""
        return f"mongodb://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        where = ["--dbpath", str(self._folder), "--port", str(self.port)]
        quiet = ["--bind_ip", "127.0.0.1", "--nounixsocket", "--quiet"]
        self._process = subprocess.Popen(
            [str(mongod_path()), *where, *quiet], stdout=subprocess.DEVNULL
        )
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("the database has not started within a minute")

    def kill(self) -> None:
        """End it as a machine does that fails."""
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


def outage(seconds: float, folder: Path, options: str = "") -> Outage:
    """Run, in a process that has not imported FiftyOne yet: it reads the address of its database then."""
    database = Database(folder / "database")
    database.start()
    os.environ["FIFTYONE_DATABASE_URI"] = f"{database.uri}/?{options}"
    try:
        return _outage(seconds, folder, database)
    finally:
        database.kill()


def _outage(seconds: float, folder: Path, database: Database) -> Outage:
    import fiftyone as fo
    import fiftyone.operators as foo

    toy.install()
    images = kills.images_in(folder / "images")
    restored, ticks, said = folder / "restored", folder / "ticks", folder / "said"
    dataset = fo.Dataset(persistent=True)
    dataset.add_samples([fo.Sample(filepath=str(path)) for path in sorted(images.iterdir())])
    toy.score_with_operator(dataset, restored)
    dataset.reload()
    fields, before = kills.stored(dataset), kills.contents(restored)
    delete = "@faceqgen/face-quality/delete_face_quality"
    foo.execute_operator(delete, {"dataset": dataset}, params={"confirm": True})
    ticks.write_bytes(b"")
    command = [sys.executable, "-m", "benchmarks.reliability.toy", "operator", dataset.name]
    with said.open("wb") as file:
        process = subprocess.Popen(
            [*command, str(restored)],
            env={**os.environ, "PYTHONPATH": str(ROOT), toy.TICKS: str(ticks)},
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=file,
        )
        while process.poll() is None and ticks.stat().st_size < kills.IMAGES // 2:
            time.sleep(0.002)
        database.kill()
        time.sleep(seconds)
        database.start()
        try:
            noticed = process.wait(PATIENCE) != 0
        except subprocess.TimeoutExpired:
            process.kill()
            raise RuntimeError("the run has not ended") from None
    lines = said.read_text(errors="replace").strip().splitlines()
    done, record = _state(dataset)
    reached = done if noticed else kills.IMAGES // 2
    scored = kills.count(ticks, lambda: toy.score_with_operator(dataset, restored))
    dataset.reload()
    now, after = kills.stored(dataset), kills.contents(restored)
    different = sum(now.get(key) != value for key, value in fields.items())
    different += sum(after.get(name) != data for name, data in before.items())
    return Outage(
        seconds=seconds,
        done=reached,
        noticed=noticed,
        message=lines[-1] if noticed and lines else "",
        record=str(record.state),
        counted=int(record.samples),
        written=done,
        lost=0 if noticed else kills.IMAGES - done,
        again=max(0, scored - (kills.IMAGES - done)),
        different=different,
        left=len(set(after) - set(before)),
    )


def _state(dataset: Any) -> tuple[int, Any]:
    """How many images are done, and the configuration of the newest run."""
    dataset.reload()
    path = f"{kills.FIELD}.status"
    done = len(dataset.exists(path)) if dataset.get_field(path) is not None else 0
    runs = [dataset.get_run_info(key) for key in dataset.list_runs()]
    return done, max(runs, key=lambda run: run.timestamp).config


def outage_apart(seconds: float, folder: Path, options: str = "") -> Outage:
    """Run in a process of its own, whose FiftyOne knows no other database."""
    command = [sys.executable, "-m", "benchmarks.reliability.outage", str(seconds)]
    command += [str(folder), options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"the outage could not be tried: {done.stderr[-2000:]}")
    return Outage(**json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    print(json.dumps(asdict(outage(float(sys.argv[1]), Path(sys.argv[2]), "".join(sys.argv[3:])))))
