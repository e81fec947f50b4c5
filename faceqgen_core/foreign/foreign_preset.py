"""What scores faces in place of a preset of ours: networks from elsewhere, without quality head and calibration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.calibration import Calibration
from faceqgen_core.presets import Preset

if TYPE_CHECKING:
    from typing_extensions import Self

    from faceqgen_core.alignment import CropProtocol
    from faceqgen_core.process.crop_network import CropNetwork


@dataclass(frozen=True)
class ForeignPreset(Preset):
    """A preset that gives no quality, and so nothing that is explained by it: no components, no reasons, no changes.

    Attributes:
        file: what was named.
    """

    file: Path

    explains = False

    @classmethod
    def of(cls, path: Path, *, name: str, digest: str, protocol: CropProtocol, **more: Any) -> Self:
        """A preset of what a file names.

        Args:
            path: what was named.
            name: what it is called.
            digest: hex digits of the hash of what its scores depend on; the first eight go into the identifier.
            protocol: how faces are cropped for it.
            more: what a derived class adds.
        """
        return cls(
            name=name,
            folder=path.parent,
            identifier=f"{name}@{digest[:8]}",
            networks={},
            protocol=protocol,
            calibration=Calibration({}),
            training={},
            file=path,
            **more,
        )

    def scores(self, numbers: Mapping[str, float]) -> dict[str, Any]:
        """The native numbers as they are."""
        return dict(numbers)

    def crop_network(
        self, build: Callable[[], Any], *, batch_size: int, device: str
    ) -> CropNetwork:
        """The network that ``build`` loads, see ``CropNetwork``; one for each process, device and file."""
        from faceqgen_core.process.crop_network import CropNetwork

        name = f"{self.identifier}|{self.file}"
        return CropNetwork(name, build, batch_size=batch_size, device=device)


@dataclass(frozen=True, eq=False)
class ForeignResult:
    """What came out for N crops, in their order; what is not known is None, as in ``restoration.RestorationResult``.

    Attributes:
        numbers: (N,) float64 by the name of the score.
        restored: (N, S, S, 3) uint8 RGB, if asked for.
        difference: (N, S, S) float32 in [0, 1], 0 kept, 1 changed entirely, if asked for.
    """

    numbers: dict[str, NDArray[np.float64]]
    restored: NDArray[np.uint8] | None = None
    difference: NDArray[np.float32] | None = None
    drawn: None = None
    trust: None = None
    code: None = None
    predicted_levels: None = None
    changes: None = None


def name_of(path: Path) -> str:
    """A file's name without its ending, as far as it can be printed."""
    printable = "".join(c if c.isprintable() and c not in "@/" else "-" for c in path.stem)
    return printable[:60] or "network"
