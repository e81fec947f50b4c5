"""The three native measures of a batch together: scoring and training must compute the same numbers."""

from __future__ import annotations

from typing import Any

from keras import ops

from faceqgen_core.measures.discriminator_score import discriminator_score
from faceqgen_core.measures.mse import mse
from faceqgen_core.measures.ssim import ssim_map


def native_measures(image: Any, restored: Any, logits: Any) -> tuple[Any, Any]:
    """Measure a batch.

    Args:
        image: (N, H, W, 3) float32 RGB in [0, 1].
        restored: same shape, what the generator made of it.
        logits: (N, h, w, 1), what the discriminator says of the image.

    Returns:
        (N, 3) in the order of ``MEASURES``, and the local SSIM (N, H - 10, W - 10).
    """
    local = ssim_map(image, restored)
    columns = [ops.mean(local, axis=(1, 2)), mse(image, restored), discriminator_score(logits)]
    return ops.stack(columns, axis=-1), local
