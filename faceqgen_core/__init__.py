"""FaceQgen: face image quality by restoration. The whole public API is on this screen.

Images are RGB uint8 HWC. Importing this package starts nothing, downloads nothing and loads no network library.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from faceqgen_core.types import Assessment, FaceBox, FaceCrop, Status

if TYPE_CHECKING:
    from faceqgen_core.assessor import FaceQualityAssessor, ImageRequest
    from faceqgen_core.measures import MEASURES
    from faceqgen_core.presets import list_presets, load_preset

__version__ = "0.1.0"

_LAZY = {
    "FaceQualityAssessor": "faceqgen_core.assessor",
    "ImageRequest": "faceqgen_core.assessor",
    "MEASURES": "faceqgen_core.measures",
    "list_presets": "faceqgen_core.presets",
    "load_preset": "faceqgen_core.presets",
}

__all__ = [
    "MEASURES",
    "Assessment",
    "FaceBox",
    "FaceCrop",
    "FaceQualityAssessor",
    "ImageRequest",
    "Status",
    "__version__",
    "list_presets",
    "load_preset",
]

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        import importlib

        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
