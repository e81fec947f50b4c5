"""The mean of a network's weights over the last part of its training: steadier than any single step.

Izmailov, Podoprikhin, Garipov, Vetrov, Wilson, "Averaging Weights Leads to Wider Optima and Better Generalization", UAI
2018. The networks here have no batch statistics that would have to be computed again for the mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray


class WeightMean:
    """Running mean of weights.

    Args:
        weights: the network's variables; ``add`` reads them, ``assign`` writes them.
    """

    def __init__(self, weights: Sequence[Any]) -> None:
        self._weights = list(weights)
        self._mean: list[NDArray[np.float64]] = [np.zeros(w.shape) for w in self._weights]
        self.count = 0

    def add(self) -> None:
        """Take the weights as they are now into the mean."""
        self.count += 1
        for mean, weight in zip(self._mean, self._weights, strict=True):
            mean += (ops.convert_to_numpy(weight).astype(np.float64) - mean) / self.count

    def assign(self) -> None:
        """Set the weights to the mean; nothing happens before the first ``add``."""
        if self.count:
            for mean, weight in zip(self._mean, self._weights, strict=True):
                weight.assign(mean.astype(np.float32))

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """The mean by name, for a checkpoint."""
        return {f"mean/{i}": mean for i, mean in enumerate(self._mean)}

    def restore(self, arrays: dict[str, Any], count: int) -> None:
        """Go on from what a checkpoint holds."""
        self.count = count
        self._mean = [np.array(arrays[f"mean/{i}"]) for i in range(len(self._mean))]
