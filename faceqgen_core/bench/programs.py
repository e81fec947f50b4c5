"""Rows that need FiftyOne: programs of ``benchmarks/`` measure them, each in a process and a database of its own."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from faceqgen_core.bench.compared.sizes import Sizes
from faceqgen_core.bench.row import Row

PROGRAMS = {
    "import": ("import", "import, TensorFlow"),
    "written": ("written", "written, restored"),
    "writes": ("writes", "writes, rate"),
    "operators": ("operators",),
    "panel": ("panel", "panel, beside"),
}
"""Names of rows, with the keys of the targets that they are for."""

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "benchmarks.in_fiftyone"
_LONGEST = 3 * 3600.0
_PATIENCE = 60.0


def program_rows(
    name: str, sizes: Sizes, *, preset: str, device: str = "auto", longest: float = _LONGEST
) -> list[Row]:
    """Run the program of a row.

    Args:
        name: of ``PROGRAMS``.
        sizes: how much.
        preset: name or folder.
        device: where the networks run.
        longest: seconds after which it is stopped.

    Returns:
        Its rows; where it cannot be run here or fails, one for each target, which says why.
    """
    try:
        return _run(name, sizes, preset, device, longest)
    except ValueError as error:
        return [Row(name, key, bound=key, note=str(error)) for key in PROGRAMS[name]]


def _run(name: str, sizes: Sizes, preset: str, device: str, longest: float) -> list[Row]:
    if not (ROOT / "benchmarks" / "in_fiftyone").is_dir():
        raise ValueError("needs a checkout of the project: its folder benchmarks/ is not here")
    if importlib.util.find_spec("fiftyone") is None:
        raise ValueError("needs FiftyOne: pip install '.[fiftyone,dev]'")
    with tempfile.TemporaryDirectory(prefix="faceqgen-bench-") as folder:
        output, log = Path(folder) / "rows.json", Path(folder) / "log.txt"
        call = [sys.executable, "-m", PACKAGE, name, "--output", str(output)]
        call += ["--preset", _absolute(preset), "--device", device]
        call += ["--sizes", json.dumps(asdict(sizes))]
        with log.open("w", encoding="utf-8") as sink:
            process = subprocess.Popen(call, cwd=ROOT, stdout=sink, stderr=sink)
            try:
                process.wait(longest)
            except subprocess.TimeoutExpired:
                raise ValueError(f"not done within {longest:.0f} s") from None
            finally:
                _stop(process)
        if process.returncode or not output.exists():
            lines = log.read_text(encoding="utf-8").strip().splitlines()
            raise ValueError(f"it failed: {lines[-1] if lines else process.returncode}")
        return [Row.from_dict(row) for row in json.loads(output.read_text(encoding="utf-8"))]


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End it if it still runs; it is given time to stop its servers and to drop its database."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _absolute(preset: str) -> str:
    """A folder's path holds in another working directory, a name stays one."""
    return str(Path(preset).resolve()) if Path(preset).is_dir() else preset
