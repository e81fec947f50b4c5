"""What the processes of a Ray cluster run in place of the networks, where a test is about the cluster and not about them."""

from __future__ import annotations

import time
from typing import Any

import faceqgen_core.assessor
import faceqgen_core.restoration
from tests.core.toy_assessor import ToyDetector, ToyNetwork


class SlowNetwork(ToyNetwork):
    """Takes half a second for each batch: there is time to be killed in."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__()

    def restore(self, crops: Any, **options: Any) -> Any:
        """See ``ToyNetwork``."""
        time.sleep(0.5)
        return super().restore(crops, **options)


def take_toys() -> None:
    """Put toys in the place of the networks in this process, before anything is loaded."""
    faceqgen_core.restoration.Restorer = SlowNetwork  # type: ignore[misc, assignment]
    faceqgen_core.assessor.MTCNNDetector = lambda **options: ToyDetector()  # type: ignore[misc, assignment]
