"""Provenance: with which code, data and machine a run was made, stored beside its weights."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from faceqgen_core import __version__
from faceqgen_core.training.data.subjects import FaceSet

_ROOT = Path(__file__).resolve().parents[3]


def data_hash(faces: FaceSet) -> str:
    """SHA-256 over the names of the faces and their given targets: which data a run was made with."""
    listing = faces.names + [t for t in faces.targets or () if t]
    return hashlib.sha256("\n".join(listing).encode()).hexdigest()


def _git(*arguments: str) -> str | None:
    try:
        # Whichever git the user has.
        done = subprocess.run(  # nosec B607
            ["git", "-C", str(_ROOT), *arguments], capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def code_version() -> dict[str, Any]:
    """Version of the package and, in a checkout, its commit and whether files of the core differ from it."""
    facts: dict[str, Any] = {"faceqgen": __version__}
    # An installed copy may lie inside somebody else's repository.
    if (_ROOT / ".git").exists() and (commit := _git("rev-parse", "HEAD")):
        facts["commit"] = commit
        facts["changed"] = bool(_git("status", "--porcelain", "--", "faceqgen_core"))
    return facts


def write_provenance(
    path: Path,
    faces: FaceSet,
    *,
    precision: str = "float32",
    teachers: Sequence[dict[str, str]] = (),
) -> None:
    """Write a JSON file with the code's version, hashes of data and teachers, counts, the libraries and the machine."""
    import keras

    backend = keras.backend.backend()
    facts = {
        "code": code_version(),
        "data_sha256": data_hash(faces),
        "faces": len(faces.names),
        "subjects": len(np.unique(faces.subjects)),
        "teachers": list(teachers),
        "python": platform.python_version(),
        "keras": keras.__version__,
        "backend": f"{backend} {importlib.metadata.version(backend)}",
        "precision": precision,
        "machine": platform.machine(),
    }
    path.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
