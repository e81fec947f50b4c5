"""Bring ``models/manifest.json`` up to date after a change of weights or requirements: ``python scripts/zoo_manifest.py``."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = ROOT / "models" / "manifest.json"


def size_bytes(preset: Path) -> int:
    """Size of what a score depends on: a preset's config.json and the weights that it names."""
    config = preset / "config.json"
    weights = json.loads(config.read_text(encoding="utf-8"))["weights"]
    return sum((preset / name).stat().st_size for name in [config.name, *weights])


def up_to_date() -> str:
    """The text of the manifest with the sizes and the packages as they are now."""
    manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
    packages = (ROOT / "requirements.txt").read_text(encoding="utf-8").split()
    for model in manifest["models"]:
        model["size_bytes"] = size_bytes(MANIFEST.parent / model["base_filename"])
        model["requirements"]["packages"] = packages
    return json.dumps(manifest, indent=2) + "\n"


if __name__ == "__main__":
    MANIFEST.write_text(up_to_date(), encoding="utf-8")
