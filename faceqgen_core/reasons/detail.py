"""Fine detail of a picture: sharpness, grain, and the traces of blocks and of enlargement.

Grids show in the second difference: a codec's blocks break it at every eighth pixel, and enlargement by interpolation
bends the picture at each source pixel alone (Gallagher 2005), so its mean over rows or columns is periodic.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.reasons.percentiles import percentiles
from faceqgen_core.types import Image

_BINS = 1024
_MOST = 384
_CODEC = 2.3  # times the usual bend that a codec leaves at most where its blocks meet
_WIDEST, _NARROWEST = 40.0, 2.2
_PERIODS = 8  # a grid must repeat as often to be told from the face itself
_DIAGONAL = np.array([[0.5, -0.5], [-0.5, 0.5]], np.float32)
_TOOTH = 3  # bins on either side that a finite picture smears a frequency over


def blur_effect(luminance: NDArray[np.float32]) -> float:
    """How little a picture changes when it is blurred once more, 0 (sharp) to 1 (Crete et al. 2007).

    Equal to scikit-image's ``blur_effect``, for (H, W) float32 luminance of any scale.
    """
    height, width = luminance.shape
    worst = 0.0
    for axis, kernel in ((0, (1, 11)), (1, (11, 1))):
        blurred = cv2.blur(luminance, kernel, borderType=cv2.BORDER_REFLECT)
        sharp, soft = (
            np.abs(cv2.Sobel(i, cv2.CV_32F, axis, 1 - axis, borderType=cv2.BORDER_REFLECT))
            for i in (luminance, blurred)
        )
        inside = (slice(2, height - 1), slice(2, width - 1))
        total = float(sharp[inside].sum())
        lost = float(np.maximum(sharp - soft, 0)[inside].sum())
        worst = max(worst, 1.0 if total <= 0 else (total - lost) / total)
    return worst


def noise_sigma(picture: NDArray[np.float32] | Image) -> float:
    """Standard deviation of the grain in grey levels: median of the finest diagonal detail (Donoho 1994).

    Args:
        picture: luminance (H, W) float32, or (H, W, 3) uint8 RGB, of which the worst channel counts.
    """
    detail = cv2.filter2D(picture, cv2.CV_32F, _DIAGONAL, anchor=(0, 0))
    # Each square of four pixels once, none that reaches beyond the edge.
    finest = np.abs(detail[: picture.shape[0] - 1 : 2, : picture.shape[1] - 1 : 2])
    channels = finest.reshape(finest.shape[0] * finest.shape[1], -1).T
    return max(float(median) for median in percentiles(channels, 50)[0]) / 0.6745


def grid_strength(luminance: NDArray[np.float32]) -> float:
    """Share of the second difference that repeats along a grid of 2.2 to 40 pixels beyond chance, 0..1.

    A grid of 8 pixels is most often a codec's, even in a good photograph, and counts only where it is sharper than that.

    Args:
        luminance: (H, W) float32; sides under 32 pixels hold too few periods and give 0. Of more than 384 pixels, whole
            multiples are averaged.
    """
    fold = -(-max(luminance.shape) // _MOST)
    if min(luminance.shape) // fold < 32:
        return 0.0
    if fold > 1:
        height, width = (side // fold for side in luminance.shape)
        # A whole factor: any other would beat against the pixels and make a grid of its own.
        luminance = np.asarray(
            cv2.resize(
                luminance[: height * fold, : width * fold],
                (width, height),
                interpolation=cv2.INTER_AREA,
            ),
            np.float32,
        )
    bends = [np.abs(np.diff(luminance, n=2, axis=axis)) for axis in (0, 1)]
    enlarged_by_8 = fold == 1 and _eighth(bends) > _CODEC
    power = np.zeros(_BINS // 2 + 1)
    slowest = int(0.8 * _PERIODS * _BINS / min(luminance.shape))
    for axis, bend in enumerate(bends):
        # A strong contour is no grid: it must not outweigh what repeats.
        profile = np.minimum(bend, 3 * bend.mean() + 1).mean(axis=1 - axis)
        profile = profile - cv2.blur(profile[None], (25, 1))[0]
        spectrum = np.abs(np.fft.rfft(profile * np.hanning(len(profile)), _BINS)) ** 2
        spectrum[:slowest] = 0
        total = max(float(spectrum.sum()), 1e-9)
        if not enlarged_by_8:
            for multiple in range(fold * _BINS // 8, _BINS // 2 + 1, fold * _BINS // 8):
                spectrum[multiple - 2 * _TOOTH : multiple + 2 * _TOOTH + 1] = 0
        power += spectrum / total / 2
    frequencies, teeth, open_bins = _combs()
    usable = int(np.searchsorted(frequencies, _PERIODS * _BINS / min(luminance.shape)))
    covered = open_bins[usable:, slowest] / (len(power) - slowest)
    # What each tooth lets through, once for all combs; the last place is that of a tooth that is not there.
    through = np.append(np.convolve(power, np.ones(2 * _TOOTH + 1), mode="same"), 0.0)
    let = through[teeth[usable:]].sum(axis=1)
    return max(0.0, float(((let - covered) / (1 - covered)).max()))


def _eighth(bends: Sequence[NDArray[np.float32]]) -> float:
    """How many times the usual the picture bends at every eighth pixel, on the weaker axis."""
    times = []
    for axis, bend in enumerate(bends):
        means = _mean_of_each_eighth(bend.mean(axis=1 - axis))
        times.append(float(means.max()) / max(float(np.median(means)), 1e-6))
    return min(times)


def _mean_of_each_eighth(bend: NDArray[np.float32]) -> NDArray[np.float64]:
    """(8,) means of every eighth number, from the first one on, from the second, and so on."""
    places, counts = _eighths(len(bend))
    return np.asarray(np.bincount(places, bend) / counts)


@lru_cache(maxsize=64)
def _eighths(length: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    places = np.arange(length) % 8
    return places, np.bincount(places)


@lru_cache(maxsize=1)
def _combs() -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.uint16]]:
    """Frequencies of grids in bins, upwards; for each the middles of a comb's teeth, and its open bins.

    The teeth let the frequency and its multiples through; -1 stands for none. Open bins are counted from each bin to the end.
    """
    frequencies = np.arange(_BINS / _WIDEST, _BINS / _NARROWEST, 0.5)
    teeth = np.rint(frequencies[:, None] * np.arange(1, 8)).astype(np.intp)
    teeth[teeth > _BINS // 2 - 1] = -1
    combs = np.zeros((len(frequencies), _BINS // 2 + 1), np.bool_)
    for row, middles in zip(combs, teeth, strict=True):
        for middle in middles[middles >= 0]:
            row[middle - _TOOTH : middle + _TOOTH + 1] = True
    return frequencies, teeth, combs[:, ::-1].cumsum(axis=1)[:, ::-1].astype(np.uint16)


def block_step(luminance: NDArray[np.float32]) -> float:
    """How much larger steps are across the borders of 8 x 8 blocks than inside, in grey levels, the weaker axis.

    The blocks may start anywhere: a face is rarely cut along them. 0 for sides under 32 pixels.
    """
    if min(luminance.shape) < 32:
        return 0.0
    steps = []
    for axis in (0, 1):
        bend = np.abs(np.diff(luminance, axis=axis)).mean(axis=1 - axis)
        means = np.sort(_mean_of_each_eighth(bend))
        steps.append(float(means[-1] - means[-2]))
    return max(0.0, min(steps))
