"""The configuration of a training run: everything that decides it besides the data."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from faceqgen_core.training.data.alteration import AlterationMix


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides a training run besides the data.

    ``grading_steps`` train the discriminator alone on graded originals, ``graded_batch`` to a batch; it ends
    with the mean of its weights over the last ``grading_average`` of them. Then ``steps`` train the generator, which asks
    it, the first ``half_size`` of them at half the side in batches three times as large: all but the finer levels, which alone
    learn in the rest. From ``adversarial_from`` of the steps on the critic has its say. ``code`` is the number of
    principal components that the drawn face is made of.
    """

    grading_steps: int = 3300
    graded_batch: int = 64
    grading_rate: float = 1.5e-3
    grading_average: float = 0.6
    copies: int = 5
    steps: int = 10000
    batch_size: int = 8
    learning_rate: float = 6e-4
    critic_rate: float = 3e-4
    half_size: float = 0.9
    adversarial_from: float = 0.7
    code: int = 320
    seed: int = 0
    held_back: float = 0.06
    report_every: int = 50
    checkpoint_every: int = 150
    patience: int = 0
    precision: str = "float32"
    generator_width: int = 32
    discriminator_width: int = 24
    mix: dict[str, float] = field(default_factory=lambda: asdict(AlterationMix()))
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
