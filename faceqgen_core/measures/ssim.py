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
    channels = first.shape[-1]
    moments = ops.concatenate(
        [first, second, first * first, second * second, first * second], axis=-1
    )
    kernel = np.repeat(_window()[:, None], 5 * channels, axis=1)
    # One row and one column pass: the Gaussian separates, 22 products instead of 121.
    moments = ops.depthwise_conv(moments, kernel[:, None, :, None], padding="valid")
    moments = ops.depthwise_conv(moments, kernel[None, :, :, None], padding="valid")
    a, b, aa, bb, ab = ops.split(moments, 5, axis=-1)
    mean_product = a * b
    mean_squares = a * a + b * b
    structure = (2 * (ab - mean_product) + _C2) / (aa + bb - mean_squares + _C2)
    luminance = (2 * mean_product + _C1) / (mean_squares + _C1)
    return ops.mean(luminance * structure, axis=-1)


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
