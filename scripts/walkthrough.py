"""Joins the screenshots of the App into the short animated picture of the README: ``python scripts/walkthrough.py``.

The screenshots are drawn by the App tests (``make screenshots``); this only shrinks them and puts them in order.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
FRAMES = (
    "1-data-set",
    "panel-1-unscored",
    "2-form",
    "3-result",
    "panel-2-decide",
    "panel-3-shown",
    "panel-5-look",
    "panel-6-trust",
    "7-restored",
)
"""Screenshots by name, in the order of a curator's work; those that are not there are left out."""
WIDTH = 900
SECONDS = 1.8


def frame(path: Path) -> Image.Image:
    """One screenshot, ``WIDTH`` wide."""
    with Image.open(path) as image:
        height = round(WIDTH * image.height / image.width)
        return image.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS)


def join(folder: Path, output: Path) -> int:
    """Write the animated picture; returns the number of its frames.

    Raises:
        ValueError: none of the screenshots is there.
    """
    paths = [folder / f"{name}.png" for name in FRAMES]
    frames = [frame(path) for path in paths if path.is_file()]
    if not frames:
        raise ValueError(f"no screenshot in {folder}: run make screenshots first")
    canvas = max(image.height for image in frames)
    padded = []
    for image in frames:
        whole = Image.new("RGB", (WIDTH, canvas), "white")
        whole.paste(image, (0, 0))
        padded.append(whole.quantize(128, dither=Image.Dither.NONE))
    padded[0].save(
        output,
        save_all=True,
        append_images=padded[1:],
        duration=round(1000 * SECONDS),
        loop=0,
        optimize=True,
    )
    return len(frames)


def main() -> int:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--images", type=Path, default=IMAGES, help="folder of the screenshots")
    parser.add_argument("--output", type=Path, default=IMAGES / "walkthrough.gif")
    options = parser.parse_args()
    print(f"{join(options.images, options.output)} frames: {options.output}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
