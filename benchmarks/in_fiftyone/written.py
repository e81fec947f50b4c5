"""Crops scored by ``score_faces`` and written to FiftyOne, beside the networks' bare forward pass in the same rounds."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.in_fiftyone import scoring
from faceqgen_core.bench.compared import sides
from faceqgen_core.bench.compared.rates import Side, measure, ratio
from faceqgen_core.bench.compared.sizes import Sizes
from faceqgen_core.bench.row import Row


def written_rows(folder: Path, sizes: Sizes, preset: str, device: str) -> list[Row]:
    """Rows without and with restored images."""
    made = sides.Sides(folder, sizes, preset=preset, device=device)
    forward = made.side(sides.FORWARD)
    scored = {}
    for name, restored in (("without restored images", False), ("with restored images", True)):
        dataset = scoring.dataset_of(made.crops, sizes.crops)
        warm = scoring.dataset_of(made.crops, 32)

        def work(
            items: Sequence[Any], whole: Any = dataset, few: Any = warm, r: bool = restored
        ) -> float:
            chosen = whole if len(items) == len(whole) else few
            scoring.score(chosen, preset=preset, device=device, restored=r)
            return len(chosen)

        scored[name] = Side(name, "faces", range(sizes.crops), work)
    rates = {r.side: r for r in measure([forward, *scored.values()], rounds=sizes.rounds)}
    rows = []
    for name, bound in zip(scored, ("written", "written, restored"), strict=True):
        ours, theirs = rates[name], rates[sides.FORWARD]
        note = f"{sizes.crops:,} samples a round; CPU {ours.cpu_ms:.1f} and {theirs.cpu_ms:.1f} ms each; {forward.note}"
        rows.append(
            Row(
                "written",
                f"crops scored and written to FiftyOne, {name}",
                statistics.median(ours.per_second),
                "faces/s",
                sides.FORWARD,
                theirs.median,
                ratio(ours, theirs),
                bound,
                note,
            )
        )
    return rows
