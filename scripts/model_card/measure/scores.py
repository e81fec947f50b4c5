"""Scores of crops by a preset: quality, the measures, and what the recognisers of this card say of a face."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.measures import MEASURES
from faceqgen_core.networks import build_discriminator
from faceqgen_core.presets import WEIGHTS
from faceqgen_core.restoration import Pictures, Restorer
from faceqgen_core.training.recognisers.teachers import load_teachers

Scores = dict[str, NDArray[np.float64]]
"""``quality``, ``ssim``, ``mse``, ``discriminator``: (N,) float64 each, as a scoring run gives them."""

Embed = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Crops (N, S, S, 3) uint8 -> embeddings (N, D) of unit length."""

TEACHER = Path("weights") / "face-reid-0095_FP16.xml"


def score(
    restorer: Restorer, crops: NDArray[np.uint8], *, restored: bool = False
) -> tuple[Scores, NDArray[np.uint8] | None]:
    """Score crops; with ``restored`` also return the restored crops."""
    result = restorer.restore(crops, pictures=Pictures(restored=restored))
    scores = {name: np.asarray(getattr(result, name), np.float64) for name in MEASURES}
    quality = restorer.preset.calibration.quality
    scores["quality"] = np.array([quality(float(x)) for x in result.similarity], np.float64)
    return scores, result.restored


def signed(name: str) -> int:
    """1 where higher is better, -1 where lower is."""
    return 1 if name == "quality" or MEASURES[name].higher_is_better else -1


def recognisers(root: Path, restorer: Restorer, others: Sequence[Path] = ()) -> dict[str, Embed]:
    """The recognisers by name: the first teacher where the data hold it, others, the preset's own embedding."""
    preset = restorer.preset
    size = preset.protocol.size
    network = build_discriminator(size=size, width=preset.networks["discriminator_width"])
    network.load_weights(preset.weights(WEIGHTS[1]))

    def own(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        parts = [
            np.asarray(network.predict_on_batch(crops[i : i + 64].astype(np.float32) / 255)[-1])
            for i in range(0, len(crops), 64)
        ]
        return np.concatenate(parts)

    files = [*([root / TEACHER] if (root / TEACHER).is_file() else []), *others]
    judges = load_teachers(files, preset.protocol)
    found = {
        file.stem.removesuffix("_FP16"): judge.embed
        for file, judge in zip(files, judges, strict=True)
    }
    return found | {"discriminator's embedding": own}
