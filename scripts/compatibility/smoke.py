"""Runs inside a clean environment: one real photograph through the command line, through the operator, or both.

Prints one line of JSON: versions, and the quality that each way gave.
"""

from __future__ import annotations

import csv
import json
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("fiftyone", "tensorflow", "keras", "numpy", "mtcnn", "opencv-python-headless", "pillow")


def versions() -> dict[str, str]:
    """Versions of what matters, of what is installed."""
    found = {"python": sys.version.split()[0]}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def by_command(image: Path, output: Path) -> float:
    """The quality that ``faceqgen score`` gives an image."""
    from faceqgen_core.cli import main

    code = main(["score", str(image), "--output", str(output)])
    if code:
        raise SystemExit(f"faceqgen score ended with {code}")
    with output.open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    return float(row["quality"])


def by_operator(image: Path) -> float:
    """The quality that the operator of the installed plugin gives an image, with its restored picture."""
    import fiftyone as fo
    import fiftyone.core.odm as odm
    import fiftyone.operators as foo

    dataset = fo.Dataset()
    try:
        dataset.add_sample(fo.Sample(filepath=str(image)))
        foo.execute_operator("@faceqgen/face-quality/score_faces", {"dataset": dataset}, params={})
        dataset.reload()
        scores = dataset.first().faceqgen
        if not Path(scores.restored_path).is_file():
            raise SystemExit("no restored picture was written")
        return float(scores.quality)
    finally:
        dataset.delete()
        odm.drop_database()


def main(place: str, *ways: str) -> None:
    """Score astronaut.png in a folder; ways: "command", "operator"."""
    import skimage.data
    from PIL import Image

    image = Path(place) / "astronaut.png"
    Image.fromarray(skimage.data.astronaut()).save(image)
    found: dict[str, Any] = {"versions": versions()}
    if "command" in ways:
        found["command"] = by_command(image, Path(place) / "scores.csv")
    if "operator" in ways:
        found["operator"] = by_operator(image)
    core = sys.modules["faceqgen_core"]
    found["core"] = core.__file__
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
