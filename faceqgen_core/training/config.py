"""The configuration of a training run: everything that decides it besides the data."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from faceqgen_core.training.data.pairs import PairMix


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides a training run besides the data.

    ``grading_steps`` train the discriminator alone on graded originals, ``graded_batch`` to a batch; it ends
    with the mean of its weights over the last ``grading_average`` of them. Then ``steps`` train the generator with it,
    the first ``patch_share`` of them on patches.
    """

    grading_steps: int = 3300
    graded_batch: int = 64
    grading_rate: float = 1.5e-3
    grading_average: float = 0.6
    copies: int = 5
    steps: int = 2200
    batch_size: int = 16
    learning_rate: float = 1e-3
    discriminator_rate: float = 3e-4
    seed: int = 0
    held_back: float = 0.06
    report_every: int = 50
    checkpoint_every: int = 150
    patience: int = 0
    precision: str = "float32"
    generator_width: int = 32
    discriminator_width: int = 24
    patch_size: int = 64
    patch_share: float = 0.55
    mix: dict[str, float] = field(default_factory=lambda: asdict(PairMix()))
    losses: dict[str, float] = field(default_factory=dict)
    grades: dict[str, float] = field(default_factory=dict)

    @classmethod
    def from_file(cls, path: Path) -> TrainingConfig:
        """Read a JSON file.

        Raises:
            ValueError: unknown keys.
        """
        values = json.loads(path.read_text(encoding="utf-8"))
        unknown = set(values) - {f.name for f in fields(cls)}
        if unknown:
            raise ValueError(f"{path}: unknown key(s) {sorted(unknown)}")
        return cls(**values)
