"""SSIM by scikit-image with the window of Wang et al. 2004: what ours is checked against."""

from skimage.metrics import structural_similarity


def ssim_by_scikit_image(first, second):
    """SSIM as scikit-image averages it, and local SSIM (H, W), mean of the channels, of two pictures (H, W, 3) in [0, 1]."""
    mean, full = structural_similarity(
        first,
        second,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        channel_axis=-1,
        data_range=1,
        full=True,
    )
    return mean, full.mean(axis=-1)


def ssim_map_by_scikit_image(first, second):
    """The local SSIM alone."""
    return ssim_by_scikit_image(first, second)[1]
