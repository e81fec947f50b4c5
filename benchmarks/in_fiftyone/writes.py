"""What FiftyOne and the plugin add to the scoring, at data sets of several sizes.

The small ones are really scored. For the large ones real assessments of the same run stand in, handed out in turn, so that
100,000 samples take minutes; how long scoring them would have taken is concluded from the small ones.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.in_fiftyone import scoring
from faceqgen_core.bench.compared.images import write_crops
from faceqgen_core.bench.compared.sizes import Sizes
from faceqgen_core.bench.row import Row

STAND_IN = "a stand-in for scoring: real assessments of this run, handed out in turn; scoring time as of the samples really scored"


def writes_rows(folder: Path, sizes: Sizes, preset: str, device: str) -> list[Row]:
    """Rows of the share at each size, and of the slowest rate beside the fastest."""
    crops = write_crops(folder / "crops", min(sizes.crops, max(sizes.samples)))
    options = {"preset": preset, "device": device, "restored": False}
    with scoring.clocked() as clocks:  # loads the networks and warms up
        scoring.score(scoring.dataset_of(crops, 64), **options)
    kept, assessor = clocks[0].made, clocks[0]._assessor
    rows, rates, each = [], [], 0.0
    for count in sorted(sizes.samples):
        real = count <= sizes.scored or not each
        dataset = scoring.dataset_of(crops, count)
        with scoring.clocked(None if real else kept, assessor) as clocks:
            whole = scoring.score(dataset, **options)
        core = clocks[0].seconds
        ours = whole - core
        if real:
            each = core / count
        total = ours + each * count
        rates.append(count / total)
        rows.append(
            Row(
                "writes",
                f"FiftyOne's and the plugin's part of {count:,} samples",
                ours,
                "s",
                "the whole run",
                total,
                bound="writes",
                note=f"{1000 * ours / count:.2f} of {1000 * total / count:.1f} ms a sample; "
                + ("really scored" if real else STAND_IN),
            )
        )
        dataset.delete()
    what = f"slowest of {', '.join(f'{n:,}' for n in sorted(sizes.samples))} samples"
    rows.append(
        Row("writes", what, min(rates), "faces/s", "the fastest", max(rates), bound="writes, rate")
    )
    return rows
