"""Why a file of somebody else's is not used."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from faceqgen_core.presets import PresetError


def refuse(path: Path, why: str) -> NoReturn:
    """Raise what a caller of ``load_preset`` waits for.

    Raises:
        PresetError: always; names the file and the way out.
    """
    raise PresetError(f"{path} is not used: {why}")
