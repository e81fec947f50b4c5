"""SSIM with a Gaussian window, as Wang et al. 2004 define it."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

WINDOW = 11
_SIGMA = 1.5
_C1, _C2 = 0.01**2, 0.03**2


def _window() -> np.ndarray[Any, np.dtype[np.float32]]:
    x = np.arange(WINDOW) - WINDOW // 2
    g = np.exp(-(x**2) / (2 * _SIGMA**2))
    return np.asarray(g / g.sum(), np.float32)


def _smooth(images: Any) -> Any:
    """Weigh by the window: one row and one column pass, for the Gaussian separates, 22 products instead of 121."""
    kernel = np.repeat(_window()[:, None], images.shape[-1], axis=1)
    rows = ops.depthwise_conv(images, kernel[:, None, :, None], padding="valid")
    return ops.depthwise_conv(rows, kernel[None, :, :, None], padding="valid")


def ssim_map(first: Any, second: Any) -> Any:
    """Local SSIM of two batches, mean of the channels.

    Args:
        first: (N, H, W, C) float32 in [0, 1].
        second: same shape.

    Returns:
        (N, H - 10, W - 10) float32 in [-1, 1]: the positions at which the whole 11 x 11 window (sigma 1.5, population
        covariance) lies inside the image. Its mean equals scikit-image's ``structural_similarity`` with
        ``gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1``.
    """
    # Apart: to join the moments for one convolution, and to part them again, costs more than it saves.
    a, b = _smooth(first), _smooth(second)
    squares, product = _smooth(first * first + second * second), _smooth(first * second)
    mean_product = a * b
    mean_squares = a * a + b * b
    alike = (2 * (product - mean_product) + _C2) * (2 * mean_product + _C1)
    return ops.mean(alike / ((squares - mean_squares + _C2) * (mean_squares + _C1)), axis=-1)


def mean_ssim(local: Any, region: Any = None) -> Any:
    """Mean of local SSIM.

    Args:
        local: (N, H - 10, W - 10), what ``ssim_map`` gives for images (N, H, W, C).
        region: (H, W) weights of the images' pixels, 0 and above; None: all count alike.

    Returns:
        (N,) in [-1, 1].
    """
    if region is None:
        return ops.mean(local, axis=(1, 2))
    margin = WINDOW // 2
    weights = ops.convert_to_tensor(region, dtype=local.dtype)[margin:-margin, margin:-margin]
    return ops.sum(local * weights, axis=(1, 2)) / ops.sum(weights)
