"""Hook of mkdocs (``mkdocs.yml``): the site has the pages of the repository where they lie, so that their links hold."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SHOWN = (
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "SECURITY.md",
    "docs",
    "models/faceqgen-128",
)
"""Files and folders of the repository that are on the site, under their own paths."""


def on_config(config: Any) -> Any:
    """Lay links to all that is shown into a temporary folder, and let mkdocs read that."""
    place = Path(tempfile.mkdtemp(prefix="faceqgen-site-"))
    for name in SHOWN:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).symlink_to(ROOT / name)
    config["docs_dir"] = str(place)
    return config


def on_post_build(config: Any) -> None:
    """Remove the temporary folder; the links alone go."""
    shutil.rmtree(config["docs_dir"])
