"""Calibration: native numbers -> 0..100, higher is better, from parameters that the preset stores.

The mapping is the one of OFIQ, the reference software of ISO/IEC 29794-5:
``Q = h * (a + s * sigmoid((x - x0) / w))``, clipped to [0, 100]. OFIQ rounds to whole numbers; we do not, because ties
would blur an order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from faceqgen_core.measures import MEASURES
from faceqgen_core.preset_checks import require_number, shown


@dataclass(frozen=True)
class SigmoidMapping:
    """One mapping to 0..100; ``w`` is negative where lower native values are better."""

    x0: float
    w: float
    h: float = 100.0
    a: float = 0.0
    s: float = 1.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            require_number(value, f"a sigmoid mapping's {name}")
        if abs(self.w) < 1e-12:
            raise ValueError(f"a sigmoid mapping needs w other than 0, got {self}")
        if self.h == 0 or self.s == 0:
            raise ValueError(f"a sigmoid mapping needs h and s other than 0, got {self}")

    def __call__(self, value: float) -> float:
        """Map a native value to 0..100."""
        z = (value - self.x0) / self.w
        # The two forms of the sigmoid, each where its exponential cannot overflow.
        sigmoid = 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))
        return min(100.0, max(0.0, self.h * (self.a + self.s * sigmoid)))

    def inverse(self, quality: float) -> float:
        """Return the native value that maps to ``quality``; at the ends of the scale one close to them."""
        share = min(1 - 1e-6, max(1e-6, (quality / self.h - self.a) / self.s))
        return self.x0 + self.w * math.log(share / (1 - share))


@dataclass(frozen=True)
class Calibration:
    """The mappings of a preset: ``quality`` from the predicted similarity, one component per native measure."""

    mappings: Mapping[str, SigmoidMapping]

    def quality(self, similarity: float) -> float:
        """Unified quality score 0..100 from the quality head's predicted mated similarity."""
        return self.mappings["quality"](similarity)

    def components(self, native: Mapping[str, float]) -> dict[str, float]:
        """Quality component values 0..100 (all: higher is better) from the native measures."""
        return {name: self.mappings[name](native[name]) for name in MEASURES}

    def to_config(self) -> dict[str, dict[str, float]]:
        """Return plain numbers for the preset's configuration."""
        return {name: asdict(mapping) for name, mapping in self.mappings.items()}

    @classmethod
    def from_config(cls, config: Mapping[str, Mapping[str, Any]]) -> Calibration:
        """Read the mappings from a preset's configuration.

        Raises:
            ValueError: a mapping lacks, or a key is unknown.
        """
        expected = {"quality", *MEASURES}
        if set(config) != expected:
            raise ValueError(
                f"the calibration must hold exactly {sorted(expected)}, got {shown(sorted(config))}"
            )
        mappings = {}
        for name, values in config.items():
            if not isinstance(values, Mapping):
                raise ValueError(f"calibration of {name!r}: needs x0 and w, got {shown(values)}")
            unknown = set(values) - set(SigmoidMapping.__dataclass_fields__)
            if unknown or not {"x0", "w"} <= set(values):
                raise ValueError(
                    f"calibration of {name!r}: needs x0 and w, unknown {shown(sorted(unknown))}"
                )
            numbers = {
                k: require_number(v, f"calibration of {name!r}: {k}") for k, v in values.items()
            }
            mappings[name] = SigmoidMapping(**numbers)
        return cls(mappings)
