"""Why a face scores low, as a short list of names: blur, dark, occlusion, ... No label and no network of its own.

``measure_cues`` reads a face's crop, photograph and landmarks; ``explain`` ranks what it found, by the quality and, if the
network names degradations, by those. ``REASONS`` says what each name means.
"""

from faceqgen_core.reasons.cues import Cues, measure_cues
from faceqgen_core.reasons.reasons import MOST, explain, findings, needed_strength
from faceqgen_core.reasons.table import REASONS, Reason, Scale

__all__ = [
    "MOST",
    "REASONS",
    "Cues",
    "Reason",
    "Scale",
    "explain",
    "findings",
    "measure_cues",
    "needed_strength",
]
