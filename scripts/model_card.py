"""Draw the pictures of a preset's model card from permitted images: ``python scripts/model_card.py``.

``montage.png``: portraits under graded degradations, each above its restoration, with its quality.
``families.png``: quality and native measures against strength, per family.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))

from faceqgen_core.image_io import save_png  # noqa: E402
from faceqgen_core.measures import MEASURES, QUALITY  # noqa: E402
from faceqgen_core.presets import load_preset  # noqa: E402
from faceqgen_core.restoration import Restorer  # noqa: E402
from faceqgen_core.training.degradation import FAMILIES, degrade  # noqa: E402
from tests.golden.crops import golden_crops  # noqa: E402

SHOWN = ("gaussian_blur", "low_resolution", "noise", "jpeg", "occlusion", "dark")
STRENGTHS = (0.3, 0.6, 0.9)


def _captioned(image: np.ndarray, text: str) -> np.ndarray:
    bar = np.full((18, image.shape[1], 3), 255, np.uint8)
    cv2.putText(bar, text, (3, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([bar, image])


def montage(portraits: dict[str, np.ndarray], restorer: Restorer) -> np.ndarray:
    """Original above restored; a column each for clean and three strengths, a row for each family and portrait."""
    calibration = restorer.preset.calibration
    rows = []
    for face in portraits.values():
        for family in SHOWN:
            versions = [face] + [
                degrade(face, family, s, np.random.default_rng(11)) for s in STRENGTHS
            ]
            result = restorer.restore(np.stack(versions), restored=True)
            names = ["clean"] + [f"{family} {s}" for s in STRENGTHS]
            cells = []
            for i, version in enumerate(versions):
                quality = calibration.quality(float(result.similarity[i]))
                top = _captioned(version, names[i])
                bottom = _captioned(result.restored[i], f"quality {quality:.0f}")
                cells.append(np.hstack([top, bottom]))
            rows.append(np.hstack(cells))
    half = len(rows) // 2
    return np.hstack([np.vstack(rows[:half]), np.vstack(rows[half:])])


def families(portraits: dict[str, np.ndarray], restorer: Restorer) -> Figure:
    """Means over the portraits and three draws, for ten strengths of every family."""
    strengths = np.linspace(0.1, 1.0, 10)
    calibration = restorer.preset.calibration
    names = [QUALITY.name, *MEASURES]
    figure = Figure(figsize=(14, 7), layout="constrained")
    FigureCanvasAgg(figure)
    axes = dict(zip(names, figure.subplots(2, 2).flat, strict=True))
    colours = [f"C{i % 10}" for i in range(len(FAMILIES))]
    for family, colour in tqdm(list(zip(FAMILIES, colours, strict=True)), desc="families"):
        crops = np.stack(
            [
                degrade(face, family, float(s), np.random.default_rng(draw))
                for s in strengths
                for face in portraits.values()
                for draw in range(3)
            ]
        )
        result = restorer.restore(crops)
        native = {name: getattr(result, name) for name in MEASURES}
        native["quality"] = np.array([calibration.quality(float(x)) for x in result.similarity])
        style = "-" if list(FAMILIES).index(family) < 10 else "--"
        for name in names:
            mean = native[name].reshape(len(strengths), -1).mean(axis=1)
            axes[name].plot(strengths, mean, style, color=colour, label=family)
    for name, axis in axes.items():
        better = "higher" if name == "quality" or MEASURES[name].higher_is_better else "LOWER"
        axis.set(title=f"{name} ({better} is better)", xlabel="strength of the degradation")
        axis.grid(alpha=0.3)
    handles, labels = axes["quality"].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center")
    return figure


def main() -> None:
    """Write both pictures beside the weights."""
    preset = load_preset(sys.argv[1] if len(sys.argv) > 1 else "faceqgen-128")
    restorer = Restorer(preset)
    crops = golden_crops()
    portraits = {name: crops[name] for name in ("astronaut", "grace_hopper")}
    save_png(preset.folder / "montage.png", montage(portraits, restorer))
    families(portraits, restorer).savefig(preset.folder / "families.png", dpi=80)


if __name__ == "__main__":
    main()
