"""The plugin's operators, one file each."""

from __future__ import annotations

from .filter_faces import FilterFaces
from .score_faces import ScoreFaces

OPERATORS = [ScoreFaces, FilterFaces]
