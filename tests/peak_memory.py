"""Peak of a process's resident memory, its own alone.

``ru_maxrss`` will not do: what a process starts inherits the peak of the process that started it, and that of the children is
the largest of all that ever ended.
"""

from pathlib import Path


def peak_memory() -> int:
    """Bytes, since the program of this process began; Linux."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (peak,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(peak.split()[1]) * 1024
