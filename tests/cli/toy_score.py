"""``faceqgen score`` with a network that takes no time to load: run as a program, so that it can be killed."""

from __future__ import annotations

import sys
import time
from typing import Any

import faceqgen_core.assessor
import faceqgen_core.restoration
from faceqgen_core.cli import main
from tests.core.toy_assessor import ToyDetector, ToyNetwork


class SlowNetwork(ToyNetwork):
    """Takes a moment for each batch: there is time to be killed in."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__()

    def restore(self, crops: Any, **options: Any) -> Any:
        """See ``ToyNetwork``."""
        time.sleep(0.02)
        return super().restore(crops, **options)


if __name__ == "__main__":
    faceqgen_core.restoration.Restorer = SlowNetwork  # type: ignore[misc, assignment]
    faceqgen_core.assessor.MTCNNDetector = lambda **options: ToyDetector()  # type: ignore[misc, assignment]
    sys.exit(main(["score", *sys.argv[1:]]))
