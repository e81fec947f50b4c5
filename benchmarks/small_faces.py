"""What the closer look at large photographs costs and finds: ``python -m benchmarks.small_faces [--megapixels N ...]``.

Photographs of a size are composed of a scene without faces, enlarged, and of the astronaut, shrunk so that her face has 40
pixels. Of each size: seconds of detection where a face is found at first (the option must not cost a thing), where there is
none, without and with the closer look, and what was found. More than twice the time: the option is off by default.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from faceqgen_core.detection import MTCNNDetector
from faceqgen_core.finding.faces import find_faces, tile_scale
from tests.images import large_photograph


def seconds_of(detector: Any, image: Any, *, small: bool) -> tuple[float, int]:
    """How long a look at an image takes, and how many faces it finds."""
    start = time.perf_counter()
    faces, _, _ = find_faces(detector, image, turned=True, small=small)
    return time.perf_counter() - start, len(faces)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--megapixels", type=float, nargs="+", default=[6, 24, 48])
    sizes = parser.parse_args().megapixels
    detector = MTCNNDetector()
    detector.detect(large_photograph(1, face=100))  # loads
    worst = 0.0
    print(f"load of the machine {os.getloadavg()[0]:.1f}")
    for size in sizes:
        none = large_photograph(size, face=0)
        large = large_photograph(size, face=none.shape[1] // 10)
        first, _ = seconds_of(detector, large, small=True)
        without, wrong = seconds_of(detector, none, small=False)
        with_it, wrong_too = seconds_of(detector, none, small=True)
        _, found = seconds_of(detector, large_photograph(size, face=40), small=True)
        worst = max(worst, with_it / without)
        print(
            f"{size:5.0f} MP: {first:.2f} s with a large face; without any {without:.2f} s, and {with_it:.2f} s with the closer "
            f"look ({with_it / without:.1f} times), {wrong} and {wrong_too} found that are none; of 40 pixels: {found} found; "
            f"shrunk by {tile_scale(none.shape[1], none.shape[0]):.2f}",
            flush=True,
        )
    print(f"by default on: {'yes' if worst < 2 else 'no'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
