"""Why a face scores low: its statistics, and the degradations that the network names, ranked as a short list of reasons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.reasons.face_statistics import FaceStatistics
from faceqgen_core.reasons.table import REASONS, STRONGEST

_QUALITY = (20.0, 75.0, 95.0)
_NEEDED = (0.5, 1.0, 1.8)
MOST = 3
"""A face gets at most this many reasons."""
# What the network names below this is its usual doubt.
_DOUBT, _NAMED = 0.2, 1.5
_SQUARES = 3.6


def needed_strength(quality: float) -> float:
    """How strong a finding must be to count as a reason for this quality, 0..100: the better, the stronger.

    1 ("clear") at quality 75, 1.8 (nearly "strong") from 95 on, 0.5 up to 20.
    """
    return float(np.interp(quality, _QUALITY, _NEEDED))


def reason_strengths(
    statistics: FaceStatistics, predicted_levels: NDArray[np.floating] | None = None
) -> dict[str, float]:
    """Strength of every finding, 0..5: 1 clear, 2 strong.

    Args:
        statistics: of the face.
        predicted_levels: (F,) in [0, 1], the degradations that the network names, in the order of
            ``degradation.FAMILIES``; None: the statistics alone decide.

    Raises:
        ValueError: ``predicted_levels`` is of another length.
    """
    found = _from_statistics(statistics)
    if predicted_levels is not None:
        for name, named in _by_reason(predicted_levels).items():
            found[name] = min(STRONGEST, found[name] + _NAMED * max(0.0, named - _DOUBT))
    return found


def explain(
    statistics: FaceStatistics, quality: float, predicted_levels: NDArray[np.floating] | None = None
) -> tuple[str, ...]:
    """Names of the reasons, most likely first; empty for a good face.

    Args:
        statistics: of the face.
        quality: its unified quality score, 0..100.
        predicted_levels: see ``reason_strengths``.
    """
    found = reason_strengths(statistics, predicted_levels)
    enough = needed_strength(quality)
    kept = [name for name, strength in found.items() if strength >= enough]
    return tuple(sorted(kept, key=lambda name: -found[name])[:MOST])


def _from_statistics(statistics: FaceStatistics) -> dict[str, float]:
    values = {**vars(statistics), "yaw": abs(statistics.yaw), "pitch": abs(statistics.pitch)}
    scales = {
        name: [scale(values[scale.statistic]) for scale in reason.scales]
        for name, reason in REASONS.items()
    }
    found = {name: max(strengths) for name, strengths in scales.items()}
    small, enlarged, squares = scales["low_resolution"]
    blocks, smeared = scales["compression"]
    lost = found["blur"]
    # Squares of one colour: flat, but with a grid. No codec leaves as much flat as squares of 8 pixels do.
    pixelated = min(squares, enlarged) if blocks < 1 else blocks if squares >= _SQUARES else 0.0
    # Enlargement from few pixels blurs as well; the grid it leaves tells the two apart.
    if pixelated >= 1 or (enlarged >= 1 and lost >= 1):
        found["low_resolution"] = max(small, pixelated, lost + 0.5)
        found["blur"] = 0.5 * lost
        blocks = 0.5 * blocks
    else:
        found["low_resolution"] = small
        if small > 1:
            found["blur"] = min(lost, small - 0.5)
            blocks = 0.5 * blocks
    found["compression"] = blocks
    # What is not where the average face has it is judged by a mask that does not fit.
    turned = _fade(found["pose"], 1.0, 3.0)
    unexplained, plain, shaded = scales["occlusion"]
    real = _fade(found["noise"], 1.0, 2.0) * _fade(blocks, 1.0, 2.0)
    real *= _fade(found["bright"], 1.0, 2.0) * _fade(pixelated, 1.0, 2.0)
    cover = max(unexplained, plain) * _fade(found["off_centre"], 0.5, 1.5) * turned * real
    # In the dark the eyes are as dark as the rest; a face that looks down shows its lids.
    shaded *= _fade(found["dark"], 0.5, 1.5) * _fade(found["pose"], 1.5, 3.0)
    found["occlusion"] = max(cover, shaded)
    # What covers a face is as dark or bright as it is, whatever the light.
    open_face = _fade(found["occlusion"], 0.8, 1.6)
    even = REASONS["uneven_light"].scales[0](statistics.ramp * statistics.ramp_fit)
    found["uneven_light"] = even * turned * open_face
    found["dark"] *= open_face
    whole = _fade(found["occlusion"], 0.3, 1.0) * _fade(found["off_centre"], 0.5, 1.5)
    exposed = _fade(found["dark"], 0.5, 1.5) * _fade(found["bright"], 0.5, 1.0)
    found["low_contrast"] *= whole * exposed * _fade(lost, 0.8, 1.8)
    # Smooth skin is a codec's only in a picture that is else sharp and clean; flat altogether, it is something else.
    clean = turned * _fade(lost, 0.8, 1.6) * _fade(found["low_contrast"], 0.3, 1.0)
    if found["low_resolution"] < 1 and statistics.flat < 0.28:
        found["compression"] = max(blocks, smeared * whole * exposed * clean)
    found["background"] *= _fade(found["noise"], 0.3, 1.0)
    return found


def _fade(strength: float, start: float, end: float) -> float:
    """1 up to ``start``, 0 from ``end`` on."""
    return min(1.0, max(0.0, (end - strength) / (end - start)))


def _by_reason(predicted_levels: NDArray[np.floating] | Sequence[float]) -> dict[str, float]:
    from faceqgen_core.degradation import FAMILIES

    values = np.asarray(predicted_levels, np.float64)
    if values.shape != (len(FAMILIES),):
        raise ValueError(
            f"predicted_levels must hold one number for each of {len(FAMILIES)} families, got {values.shape}"
        )
    named = dict(zip(FAMILIES, values.tolist(), strict=True))
    return {
        name: max(named[family] for family in reason.families)
        for name, reason in REASONS.items()
        if reason.families
    }
