"""The plugin's panels, one file each; the sections of a panel are files beside it."""

from __future__ import annotations

from .face_quality.panel import FaceQuality

PANELS = [FaceQuality]
