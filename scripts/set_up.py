"""Make the virtual environment and install the package into it: standard library only, it runs before all else.

pip writes a line per package when it talks and nothing when it is quiet; here its lines become one that says how far
it is, and the whole text goes to ``<environment>/set-up.log``.
"""

from __future__ import annotations

import argparse
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

SUPPORTED = ((3, 10), (3, 12))
QUIET_SECONDS = 15.0


def find_python() -> str | None:
    """This interpreter if it is of a supported version, else the newest supported one on PATH."""
    if SUPPORTED[0] <= sys.version_info[:2] <= SUPPORTED[1]:
        return sys.executable
    names = [f"python3.{minor}" for minor in range(SUPPORTED[1][1], SUPPORTED[0][1] - 1, -1)]
    return next((path for path in map(shutil.which, names) if path), None)


class Progress:
    """One line that is rewritten on a terminal, and a new line every 15 seconds elsewhere."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.start = time.monotonic()
        self.terminal = sys.stdout.isatty()
        self.last = self.start
        print(f"{title} ...", end="" if self.terminal else "\n", flush=True)

    def show(self, text: str) -> None:
        """Say what is going on now."""
        now = time.monotonic()
        if self.terminal:
            width = shutil.get_terminal_size().columns - 1
            line = f"{self.title} [{now - self.start:4.0f} s] {text}"[:width]
            print(f"\r\033[K{line}", end="", flush=True)
        elif now - self.last > QUIET_SECONDS:
            self.last = now
            print(f"  [{now - self.start:4.0f} s] {text}", flush=True)

    def done(self, text: str) -> None:
        """Say how it ended."""
        seconds = time.monotonic() - self.start
        print("\r\033[K" if self.terminal else "", end="")
        print(f"{self.title}: {text} ({seconds:.0f} s)", flush=True)


def run(title: str, command: list[str], log: Path) -> int:
    """Run a pip command with its output in the log and its state in one line; returns the exit code."""
    progress = Progress(title)
    lines: queue.Queue[str | None] = queue.Queue()
    with log.open("a", encoding="utf-8") as sink:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
        assert process.stdout is not None
        stream = process.stdout

        def read() -> None:
            for line in stream:
                lines.put(line)
            lines.put(None)

        threading.Thread(target=read, daemon=True).start()
        found, text = 0, "starting"
        while True:
            try:
                line = lines.get(timeout=1.0)
            except queue.Empty:
                progress.show(text)
                continue
            if line is None:
                break
            sink.write(line)
            word = line.split()
            if line.startswith(("Collecting", "Obtaining")):
                found += 1
                text = f"{found} packages: {word[1]}"
            elif line.lstrip().startswith("Downloading"):
                text = f"{found} packages: downloading {Path(word[1]).name}"
            elif line.startswith("Installing collected packages"):
                text = f"writing {line.count(',') + 1} packages to disk"
            progress.show(text)
        code = process.wait()
    progress.done("done" if code == 0 else "FAILED")
    if code != 0:
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-25:]
        print("\n".join(tail), f"\nThe whole text is in {log}", sep="", file=sys.stderr)
    return code


def make_environment(folder: Path, python: str) -> int:
    """Create the virtual environment unless there is one whose Python runs; returns the exit code."""
    target = folder / "bin" / "python"
    if target.exists() and subprocess.call([str(target), "-c", "import pip"]) == 0:
        return 0
    print(f"Making the virtual environment {folder} with {python}", flush=True)
    code = subprocess.call([python, "-m", "venv", "--clear", str(folder)])
    if code != 0:
        print(
            "The virtual environment could not be made. Debian and Ubuntu keep that part of Python in a package of its "
            "own:\n    apt-get install python3-venv",
            file=sys.stderr,
        )
    return code


def main() -> int:
    """Environment, package, database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of the virtual environment")
    parser.add_argument(
        "--extras", default="fiftyone,dev", help="extras of the package, separated by commas"
    )
    parser.add_argument(
        "--constraints", type=Path, help="file of the versions to use; without it, the newest"
    )
    options = parser.parse_args()
    root = Path(__file__).resolve().parent.parent
    python = find_python()
    if python is None:
        print(
            "faceqgen needs Python 3.10, 3.11 or 3.12 (FiftyOne and TensorFlow set that range); this is "
            f"{sys.version.split()[0]}. Name another: make PYTHON=/path/to/python3.11 ...",
            file=sys.stderr,
        )
        return 1
    code = make_environment(options.folder, python)
    if code != 0:
        return code
    log = options.folder / "set-up.log"
    own = str(options.folder / "bin" / "python")
    pip = [own, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    pins = ["--constraint", str(options.constraints)] if options.constraints else []
    code = run(
        "Installing faceqgen and what it needs (about two minutes)",
        [*pip, "--progress-bar", "off", *pins, "--editable", f"{root}[{options.extras}]"],
        log,
    )
    if code != 0:
        return code
    return subprocess.call([own, str(root / "scripts" / "ensure_mongod.py")], env=os.environ)


if __name__ == "__main__":
    sys.exit(main())
