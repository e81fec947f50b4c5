"""Write the golden file of the shipped preset: ``python -m tests.golden.make_golden``.

Run it when the preset changes, and only then; read the difference before committing it.
"""

import csv
from pathlib import Path

import numpy as np

from faceqgen_core.presets import load_preset
from faceqgen_core.restoration import Restorer
from tests.golden.crops import golden_crops

GOLDEN = Path(__file__).with_name("faceqgen-128.csv")
COLUMNS = ("ssim", "mse", "discriminator", "similarity")


def golden_rows() -> tuple[str, list[dict[str, str | float]]]:
    """Return the preset's identifier and a row for each crop."""
    preset = load_preset("faceqgen-128")
    crops = golden_crops()
    result = Restorer(preset, batch_size=8).restore(np.stack(list(crops.values())))
    rows = []
    for i, name in enumerate(crops):
        row = {column: float(getattr(result, column)[i]) for column in COLUMNS}
        quality = preset.calibration.quality(row["similarity"])
        rows.append({"crop": name, **row, "quality": quality})
    return preset.identifier, rows


def main() -> None:
    identifier, rows = golden_rows()
    with GOLDEN.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=["preset", *rows[0]])
        writer.writeheader()
        for row in rows:
            shown = {k: v if isinstance(v, str) else f"{v:.6f}" for k, v in row.items()}
            writer.writerow({"preset": identifier, **shown})


if __name__ == "__main__":
    main()
