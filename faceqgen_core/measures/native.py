"""The three native measures of a batch together: scoring and training must compute the same numbers."""

from __future__ import annotations

from typing import Any

from keras import ops

from faceqgen_core.measures.discriminator_score import discriminator_score
from faceqgen_core.measures.mse import mse
from faceqgen_core.measures.ssim import WINDOW, mean_ssim, ssim_map


def native_measures(image: Any, restored: Any, logits: Any, region: Any = None) -> tuple[Any, Any]:
    """Measure a batch.

    Args:
        image: (N, H, W, 3) float32 RGB in [0, 1].
        restored: same shape, what the generator made of it.
        logits: (N, h, w, 1), what the discriminator says of the image.
        region: (H, W) float32, how much each pixel counts for SSIM and MSE, see ``face_region``; None: all count alike.

    Returns:
        (N, 3) in the order of ``MEASURES``, and the local SSIM (N, H - 10, W - 10).

    Raises:
        ValueError: the region is not (H, W), or leaves nothing to measure.
    """
    if region is not None:
        _check(region, image.shape[1:3])
    local = ssim_map(image, restored)
    columns = [mean_ssim(local, region), mse(image, restored, region), discriminator_score(logits)]
    return ops.stack(columns, axis=-1), local


def _check(region: Any, shape: tuple[int, int]) -> None:
    margin = WINDOW // 2
    if tuple(region.shape) != tuple(shape):
        raise ValueError(
            f"the region must be {tuple(shape)} as the images, got {tuple(region.shape)}"
        )
    if not float(region[margin:-margin, margin:-margin].sum()) > 0:
        raise ValueError("the region holds no pixel around which a whole window of SSIM fits")
