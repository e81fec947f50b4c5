"""The three native quality measures of FaceQgen, as tensors; ``vocabulary`` says what each number means.

Data contract: tensors NHWC, float32, RGB in [0, 1]. Pure functions of ``keras.ops``; any backend.
Source: Hernandez-Ortega et al., "FaceQgen: Semi-Supervised Deep Learning for Face Image Quality Assessment", FG 2021.
"""

from __future__ import annotations

from faceqgen_core.vocabulary import MEASURES, QUALITY, Measure

__all__ = ["MEASURES", "QUALITY", "Measure"]
