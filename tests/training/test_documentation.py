"""docs/training.md names every setting of a run and every layout."""

from dataclasses import fields
from pathlib import Path

from faceqgen_core.training.data.layouts import LAYOUTS
from faceqgen_core.training.train import TrainingConfig

TEXT = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")


def test_every_setting_and_layout_is_documented():
    missing = [f.name for f in fields(TrainingConfig) if f"`{f.name}`" not in TEXT]
    missing += [name for name in LAYOUTS if f"`{name}`" not in TEXT]
    assert not missing
