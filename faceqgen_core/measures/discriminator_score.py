"""The discriminator's opinion of a face as one number."""

from __future__ import annotations

from typing import Any

from keras import ops


def discriminator_score(logits: Any) -> Any:
    """Mean patch probability: logits (N, h, w, 1) -> (N,) in [0, 1], higher is better."""
    return ops.mean(ops.sigmoid(logits), axis=(1, 2, 3))
