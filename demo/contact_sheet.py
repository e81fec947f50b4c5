"""Contact sheet: original | restored | difference with a caption, many faces on one picture.

Images are RGB uint8 HWC of any size, difference maps (H, W) float32 in [0, 1] (0 kept, 1 changed entirely). Tiles are
fitted, never stretched; a difference is drawn on the "inferno" colours, dark for kept and bright for changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from faceqgen_core.changes.difference import colour_difference
from faceqgen_core.types import Image

HEADINGS = ("original", "restored", "difference")
PAPER = (250, 250, 248)
INK = (30, 30, 30)
FAINT = (120, 120, 120)
GAP, BLOCK_GAP, MARGIN = 4, 28, 20


@dataclass(frozen=True, eq=False)
class SheetRow:
    """One face on the sheet: its three pictures (the last two may lack), its name and its score in words."""

    original: Image
    restored: Image | None
    difference: NDArray[np.float32] | None
    name: str
    score: str


def contact_sheet(
    rows: Sequence[SheetRow], *, title: str, tile: int = 132, columns: int = 3
) -> Image:
    """Draw the sheet, in reading order.

    Args:
        rows: the faces, sorted by the caller.
        title: line at the top.
        tile: side of a tile in pixels.
        columns: how many faces stand side by side.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        ValueError: there is nothing to draw, or a size is not positive.
    """
    if not rows:
        raise ValueError("no row to draw: the contact sheet needs at least one scored face")
    if tile < 16 or columns < 1:
        raise ValueError(f"tile must be at least 16 and columns at least 1, got {tile}, {columns}")
    columns = min(columns, len(rows))
    font, small, head = (ImageFont.load_default(size) for size in (14, 12, 20))
    block = (3 * tile + 2 * GAP, tile + 26)
    top = MARGIN + 62
    width = 2 * MARGIN + columns * block[0] + (columns - 1) * BLOCK_GAP
    height = top + -(-len(rows) // columns) * (block[1] + 8) + MARGIN
    sheet = PillowImage.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN, MARGIN - 4), title, fill=INK, font=head)
    for column in range(columns):
        left = MARGIN + column * (block[0] + BLOCK_GAP)
        for place, heading in enumerate(HEADINGS):
            draw.text(
                (left + place * (tile + GAP) + tile / 2, top - 8),
                heading,
                fill=FAINT,
                font=small,
                anchor="ms",
            )
    for number, row in enumerate(rows):
        left = MARGIN + number % columns * (block[0] + BLOCK_GAP)
        upper = top + number // columns * (block[1] + 8)
        colours = None if row.difference is None else colour_difference(row.difference)
        for place, image in enumerate((row.original, row.restored, colours)):
            corner = (left + place * (tile + GAP), upper)
            if image is None:
                draw.rectangle((*corner, corner[0] + tile - 1, upper + tile - 1), outline=FAINT)
            else:
                sheet.paste(PillowImage.fromarray(_fit(image, tile)), corner)
        line = upper + tile + 4
        draw.text((left, line), row.name, fill=INK, font=font)
        draw.text((left + block[0], line), row.score, fill=INK, font=font, anchor="ra")
    return np.asarray(sheet, np.uint8)


def _fit(image: Image, side: int) -> Image:
    """Scale into a square without stretching; the rest is paper."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    mode = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(image, size, interpolation=mode)
    tile = np.full((side, side, 3), PAPER, np.uint8)
    left, upper = (side - size[0]) // 2, (side - size[1]) // 2
    tile[upper : upper + size[1], left : left + size[0]] = scaled
    return tile
