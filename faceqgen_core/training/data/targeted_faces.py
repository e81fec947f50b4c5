"""Faces with all that is needed to alter them and to know what they shall become."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.training.data.alteration import AlterationMix, FaceAlterer
from faceqgen_core.training.data.subjects import FaceSet
from faceqgen_core.training.data.targets import Targets, choose_targets
from faceqgen_core.training.geometry.face_geometry import FaceGeometry


@dataclass(frozen=True, eq=False)
class TargetedFaces:
    """Aligned faces, their targets, and their meshes and masks where these are known."""

    faces: FaceSet
    targets: Targets
    geometry: FaceGeometry | None

    @classmethod
    def of(
        cls, faces: FaceSet, best: NDArray[np.int64], geometry: FaceGeometry | None = None
    ) -> TargetedFaces:
        """Choose the targets; ``best`` as in ``choose_targets``."""
        return cls(faces, choose_targets(faces, best, geometry), geometry)

    def alterer(
        self, *, rows: NDArray[np.int64] | None = None, mix: AlterationMix | None = None
    ) -> FaceAlterer:
        """Make what draws altered faces from some rows."""
        return FaceAlterer(self.faces, self.targets, self.geometry, rows=rows, mix=mix)
