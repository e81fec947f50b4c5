"""Resident memory of this process, its own alone, as Linux tells it.

``ru_maxrss`` will not do for the peak: what a process starts inherits the peak of the process that started it, and that of the
children is the largest of all that ever ended.
"""

from __future__ import annotations

from pathlib import Path


def resident() -> int:
    """Bytes now."""
    return _bytes("VmRSS")


def peak() -> int:
    """Most bytes since the program of this process began."""
    return _bytes("VmHWM")


def _bytes(name: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = (line for line in lines if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024
