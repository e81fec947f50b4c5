"""Draw docs/images/method.jpg: what the networks make of two portraits that are turned, covered, blurred or dark.

python scripts/method_picture.py face_landmark.tflite selfie_segmentation.tflite
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))

from faceqgen_core.covers import cover  # noqa: E402
from faceqgen_core.degradation import degrade  # noqa: E402
from faceqgen_core.presets import load_preset  # noqa: E402
from faceqgen_core.restoration import Pictures, Restorer  # noqa: E402
from faceqgen_core.training.geometry.head import Head  # noqa: E402
from faceqgen_core.training.geometry.mesh_reader import MeshReader  # noqa: E402
from faceqgen_core.training.geometry.person_reader import PersonReader  # noqa: E402
from faceqgen_core.types import Image  # noqa: E402
from scripts.model_card.draw.montages import faces, heat  # noqa: E402

TILE, GAP, LEFT, TOP = 116, 6, 84, 26
ROWS = ("crop", "drawn from\nthe code", "trust", "restored", "what\nchanged")


def _cases(portraits: list[Image], mesh: Path, person: Path) -> list[tuple[str, Image]]:
    """Names and crops: each portrait as it is, and what was done to it."""
    points, masks = MeshReader(mesh), PersonReader(person)

    def turned(yaw: float) -> Callable[[Image], Image]:
        def turn(face: Image) -> Image:
            mesh_points, mask = points.read(face[None])[0][0], masks.read(face[None])[0]
            return Head(face, mesh_points.astype(np.float64), mask).turn(yaw=yaw).image

        return turn

    def covered(family: str) -> Callable[[Image], Image]:
        return lambda face: cover(np.random.default_rng(3), face, family, 0.7)[0]

    def degraded(family: str, strength: float) -> Callable[[Image], Image]:
        return lambda face: degrade(face, family, strength, np.random.default_rng(1))

    done: list[tuple[int, str, Callable[[Image], Image]]] = [
        (0, "as it is", lambda face: face),
        (0, "turned by 45", turned(45)),
        (0, "sunglasses", covered("sunglasses")),
        (0, "mask", covered("face_mask")),
        (1, "as it is", lambda face: face),
        (1, "turned by -30", turned(-30)),
        (1, "blur", degraded("gaussian_blur", 0.6)),
        (1, "dark", degraded("dark", 0.9)),
        (1, "noise", degraded("noise", 0.6)),
    ]
    return [(name, make(portraits[which])) for which, name, make in done]


def main() -> None:
    """Draw and write."""
    restorer = Restorer(load_preset("faceqgen-128"))
    portraits = list(faces(restorer.preset.protocol).values())
    cases = _cases(portraits, Path(sys.argv[1]), Path(sys.argv[2]))
    crops = np.stack([crop for _, crop in cases])
    wanted = Pictures(restored=True, drawn=True, trust=True, difference=True)
    made = restorer.restore(crops, pictures=wanted)
    assert made.restored is not None and made.drawn is not None
    assert made.trust is not None and made.difference is not None
    trust = np.repeat(np.rint(255 * np.clip(made.trust, 0, 1)).astype(np.uint8)[..., None], 3, -1)
    changed = [heat(difference) for difference in made.difference]
    rows = (crops, made.drawn, trust.reshape(crops.shape), made.restored, changed)
    size = (LEFT + len(cases) * (TILE + GAP), TOP + len(rows) * (TILE + GAP))
    sheet = PillowImage.new("RGB", size, (255, 255, 255))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for line, (name, pictures) in enumerate(zip(ROWS, rows, strict=True)):
        y = TOP + line * (TILE + GAP)
        draw.text((6, y + TILE // 2 - 14), name, fill=(40, 40, 40), font=font)
        for place, picture in enumerate(pictures):
            tile = cv2.resize(picture, (TILE, TILE), interpolation=cv2.INTER_AREA)
            sheet.paste(PillowImage.fromarray(tile), (LEFT + place * (TILE + GAP), y))
    quality = restorer.preset.calibration.quality
    for place, (name, _) in enumerate(cases):
        text = f"{name}: {quality(float(made.similarity[place])):.0f}"
        draw.text((LEFT + place * (TILE + GAP), 6), text, fill=(40, 40, 40), font=font)
    sheet.save(ROOT / "docs" / "images" / "method.jpg", quality=88)


if __name__ == "__main__":
    main()
