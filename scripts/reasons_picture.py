"""Draw docs/images/reasons.png: permitted faces, each with its quality and its reasons.

python scripts/reasons_picture.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))

from faceqgen_core import Assessment, FaceBox, FaceQualityAssessor, ImageRequest  # noqa: E402
from faceqgen_core.alignment import CropProtocol, align  # noqa: E402
from faceqgen_core.degradation import degrade  # noqa: E402
from faceqgen_core.image_io import save_png  # noqa: E402
from faceqgen_core.types import Image  # noqa: E402
from tests.images import astronaut, astronaut_face, grace_hopper, lfw_faces  # noqa: E402

SHOWN = (
    *((0, f) for f in ("defocus", "pixelate", "noise", "jpeg", "dark", "bright")),
    *((1, f) for f in ("low_contrast", "side_light", "scarf", "glasses", "occlusion", "crop")),
)
TILE, GAP, COLUMNS, CAPTION = 150, 12, 6, 44


def _rows(assessor: FaceQualityAssessor) -> list[tuple[str, Image, Assessment]]:
    hopper = grace_hopper()
    portraits = [(astronaut(), astronaut_face()), (hopper, assessor.detector.detect(hopper)[0])]
    crops = [align(image, box, CropProtocol()) for image, box in portraits]
    names, requests = ["as it is"] * 2, [ImageRequest(i, boxes=[b]) for i, b in portraits]
    shown = [crop.image for crop in crops]
    for which, family in SHOWN:
        crop = crops[which]
        points = cv2.transform(portraits[which][1].landmarks[None].astype(float), crop.matrix)[0]
        box = FaceBox(20, 14, 88, 108, 0.99, points.astype(np.float32))
        shown.append(degrade(crop.image, family, 0.85, np.random.default_rng(1)))
        requests.append(ImageRequest(shown[-1], boxes=[box]))
        names.append(family)
    results = list(assessor.assess(requests, faces="given"))
    small = lfw_faces(40)[::10]
    results += assessor.assess(small, faces="crop")
    return list(zip([*names, *["25 pixels wide"] * 4], [*shown, *small], results, strict=True))


def main() -> None:
    """Draw and write."""
    rows = _rows(FaceQualityAssessor())
    lines = -(-len(rows) // COLUMNS)
    size = (GAP + COLUMNS * (TILE + GAP), GAP + lines * (TILE + CAPTION + GAP))
    sheet = PillowImage.new("RGB", size, (250, 250, 248))
    draw = ImageDraw.Draw(sheet)
    font, small = ImageFont.load_default(12), ImageFont.load_default(11)
    for place, (name, image, result) in enumerate(rows):
        x = GAP + place % COLUMNS * (TILE + GAP)
        y = GAP + place // COLUMNS * (TILE + CAPTION + GAP)
        tile = cv2.resize(image, (TILE, TILE), interpolation=cv2.INTER_CUBIC)
        sheet.paste(PillowImage.fromarray(tile), (x, y))
        said = ", ".join(result.reasons[:2]) or "no reason"
        draw.text(
            (x, y + TILE + 4), f"{name}: {result.quality:.0f}", fill=(110, 110, 110), font=small
        )
        draw.text((x, y + TILE + 20), said, fill=(20, 20, 20), font=font)
    save_png(ROOT / "docs" / "images" / "reasons.png", np.asarray(sheet, np.uint8))


if __name__ == "__main__":
    main()
