"""What a measurement was taken on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from faceqgen_core.process.gpus import count_gpus
from faceqgen_core.process.keras_settings import require_keras


def machine() -> dict[str, Any]:
    """What it was measured on, and how busy that was."""
    backend = require_keras().backend.backend()
    cpu = Path("/proc/cpuinfo")
    names = [
        line.split(":")[1].strip()
        for line in (cpu.read_text(encoding="utf-8").splitlines() if cpu.exists() else [])
        if line.startswith("model name")
    ]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0,
        "gpus": count_gpus(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "backend": f"{backend} {version(backend)}",
    }
