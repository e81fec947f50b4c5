"""Checkpoints: one file that holds all of a training run's state, written by a rename so that none is ever half."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from faceqgen_core.whole_files import written_whole


def save_checkpoint(path: Path, arrays: dict[str, Any], facts: dict[str, Any]) -> None:
    """Write arrays by name and facts that fit into JSON."""
    with written_whole(path, durable=True) as temporary, temporary.open("wb") as file:
        np.savez(file, facts=np.array(json.dumps(facts)), **arrays)


def load_checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read arrays and facts.

    Raises:
        ValueError: the file is no checkpoint.
    """
    try:
        with np.load(path) as data:
            facts = json.loads(str(data["facts"]))
            return {name: data[name] for name in data.files if name != "facts"}, facts
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(f"{path} is not a readable checkpoint: {error}") from error
