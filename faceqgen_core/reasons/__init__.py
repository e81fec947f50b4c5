"""Why a face scores low, as a short list of names: blur, dark, occlusion, ... No label and no network of its own.

``measure_face_statistics`` reads a face's crop, photograph and landmarks; ``explain`` ranks what it found, by the quality and, if the
network names degradations, by those. ``REASONS`` says what each name means.
"""

from faceqgen_core.reasons.face_statistics import FaceStatistics, measure_face_statistics
from faceqgen_core.reasons.reasons import MOST, explain, needed_strength, reason_strengths
from faceqgen_core.reasons.table import REASONS, Reason, Scale

__all__ = [
    "MOST",
    "REASONS",
    "FaceStatistics",
    "Reason",
    "Scale",
    "explain",
    "measure_face_statistics",
    "needed_strength",
    "reason_strengths",
]
