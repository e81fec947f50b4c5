"""Do the changes that a face is said to have undergone agree with what was done to it? ``python benchmarks/changes.py``.

On scikit-image's astronaut and matplotlib's Grace Hopper: covers with exact masks, poor light, blur. A part of the face is
hidden if a cover hides most of it, and free if it hides next to nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.append(str(Path(__file__).resolve().parent.parent))

import numpy as np

from faceqgen_core.alignment import CropProtocol, align
from faceqgen_core.changes.naming import PARTS, part_weights
from faceqgen_core.covers import FAMILIES, cover
from faceqgen_core.degradation import degrade
from faceqgen_core.detection import MTCNNDetector, primary_face_order
from faceqgen_core.presets import load_preset
from faceqgen_core.restoration import Restorer
from faceqgen_core.types import Image
from tests.images import astronaut, grace_hopper

HIDDEN, FREE = 0.6, 0.02
LIGHT = ("dark", "bright", "side_light")
BLUR = ("gaussian_blur", "defocus", "motion_blur", "low_resolution")


def portraits(protocol: CropProtocol) -> list[Image]:
    """Aligned crops of the two portraits."""
    detector, crops = MTCNNDetector(), []
    for image in (astronaut(), grace_hopper()):
        box = primary_face_order(detector.detect(image), (image.shape[1], image.shape[0]))[0]
        crops.append(align(image, box, protocol).image)
    return crops


def named(changes: tuple[str, ...]) -> set[str]:
    """The parts that are said to be drawn anew."""
    if "face_drawn" in changes:
        return set(PARTS)
    return {name.removesuffix("_drawn") for name in changes if name.endswith("_drawn")}


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--preset", default="faceqgen-128")
    parser.add_argument("--draws", type=int, default=10, help="of each cover and portrait")
    args = parser.parse_args()
    preset = load_preset(args.preset)
    restorer = Restorer(preset, batch_size=16)
    faces = portraits(preset.protocol)
    weights = part_weights(preset.protocol)
    found: Counter[tuple[str, bool]] = Counter()
    cases: list[tuple[str, Image, set[str], set[str]]] = []
    for number, face in enumerate(faces):
        cases.append(("as it is", face, set(), set(PARTS)))
        for draw in range(args.draws):
            for family in FAMILIES:
                rng = np.random.default_rng([number, draw, FAMILIES.index(family)])
                covered, mask = cover(rng, face, family, rng.uniform(0.4, 0.9))
                share = dict(zip(PARTS, weights @ mask.ravel(), strict=True))
                hidden = {part for part, hides in share.items() if hides > HIDDEN}
                free = {part for part, hides in share.items() if hides < FREE}
                cases.append((family, covered, hidden, free))
            for family in (*LIGHT, *BLUR):
                rng = np.random.default_rng([number, draw, 99])
                poor = degrade(face, family, rng.uniform(0.6, 0.9), rng)
                cases.append((family, poor, set(), set()))
    changes = restorer.restore(np.stack([case[1] for case in cases])).changes
    assert changes is not None
    for (family, _, hidden, free), names in zip(cases, changes, strict=True):
        for part in hidden:
            found["hidden part drawn anew", part in named(names)] += 1
        for part in free:
            found["free part drawn anew (wrong)", part in named(names)] += 1
        if family in LIGHT:
            found[f"{family}: lit", "lit" in names] += 1
        if family in BLUR:
            found[f"{family}: sharpened", "sharpened" in names] += 1
        if family == "as it is":
            found["as it is: any change (wrong)", bool(set(names) - {"background_evened"})] += 1
    print(f"{preset.identifier}\n\n| what | of | said |\n|---|---|---|")
    for what in dict.fromkeys(key for key, _ in found):
        total = found[what, True] + found[what, False]
        print(f"| {what} | {total} | {100 * found[what, True] / total:.0f} % |")


if __name__ == "__main__":
    main()
