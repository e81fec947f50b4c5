"""A scarf or a collar over the lower face."""

from __future__ import annotations

import numpy as np

from faceqgen_core.covers.canvas import Canvas, curve
from faceqgen_core.covers.colours import cloth, folds


def scarf(canvas: Canvas, strength: float) -> None:
    """A scarf or a pulled-up collar over the lower face."""
    rng = canvas.rng
    top = 1.8 - 1.5 * strength
    fabric = cloth(canvas, plain=0.3)
    wraps = int(rng.integers(2, 5))
    tilt = rng.uniform(-0.12, 0.12)
    for i in range(wraps):
        y = top + i * (2.3 - top) / wraps + rng.uniform(-0.03, 0.03)
        sag = rng.uniform(0.0, 0.25)
        xs = np.linspace(-2.0, 2.0, 6)
        line = curve(
            np.stack(
                [
                    xs,
                    y
                    + sag * np.exp(-(xs**2))
                    - 0.04 * xs**2
                    + tilt * xs * (-1) ** i
                    + rng.normal(0, 0.04, 6),
                ],
                axis=1,
            ),
            40,
        )
        body = canvas.fill(np.vstack([line, [[2.4, 2.6], [-2.4, 2.6]]]))
        shading = canvas.relief(body, rng.uniform(0.1, 0.2), rng.uniform(0.8, 1.4)) * folds(
            canvas, rng.uniform(0.2, 0.45), cells=int(rng.integers(8, 20))
        )
        canvas.lay(
            body, fabric, np.asarray(shading, np.float32), shadow=rng.uniform(0.3, 0.6), height=0.1
        )
