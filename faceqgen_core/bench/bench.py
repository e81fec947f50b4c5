"""Everything in one run: the rows that are chosen, as one dictionary."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

from faceqgen_core.bench import speed
from faceqgen_core.bench.agreement import agreement_rows
from faceqgen_core.bench.compared.sides import Sides
from faceqgen_core.bench.compared.sizes import Sizes
from faceqgen_core.bench.fresh import memory_rows, start_rows
from faceqgen_core.bench.machine import machine
from faceqgen_core.bench.programs import PROGRAMS, program_rows
from faceqgen_core.bench.row import Row

NAMES = (*speed.NAMES, "agreement", "start", "memory", *PROGRAMS)
"""The rows, by which they are chosen, in the order of the table."""

_BOUNDS = {
    "agreement": ("faces found", "scores agree"),
    "start": ("start",),
    "memory": ("memory", "memory, peak"),
}


def run_bench(
    folder: Path,
    sizes: Sizes,
    *,
    preset: str,
    device: str = "auto",
    only: Collection[str] = NAMES,
    quick: bool = False,
    lfw: Path | None = None,
    lightqnet_file: Path | None = None,
    say: Callable[[str], Any] = lambda text: None,
) -> dict[str, Any]:
    """Measure.

    Args:
        folder: for the images, must exist.
        sizes: how much.
        preset: name or folder.
        device: where the product's networks run.
        only: rows of ``NAMES``.
        quick: a program of FiftyOne's rows is stopped after ten minutes.
        lfw: a folder of pictures to take in place of the composed ones of LFW's size.
        lightqnet_file: LightQNet's graph; None: where other people's weights lie.
        say: told what is running.

    Returns:
        Plain values: machine, preset, sizes, rows, and the rates that they are made from.

    Raises:
        ValueError: a size under its least, an unknown row.
        PresetError: the preset is missing, incomplete or altered.
    """
    sizes.check()
    if unknown := set(only) - set(NAMES):
        raise ValueError(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    made = Sides(
        folder,
        sizes,
        preset=preset,
        device=device,
        lfw=lfw,
        lightqnet_file=lightqnet_file,
        say=say,
    )
    identifier = made.loaded.identifier
    rows, rates = speed.speed_rows(made, only, rounds=sizes.rounds, say=say)
    works: dict[str, Callable[[], list[Row]]] = {
        "agreement": lambda: agreement_rows(made),
        "start": lambda: start_rows(preset, sizes.rounds),
        "memory": lambda: memory_rows(preset, made.crops, sizes.memory, device),
    }
    for name in NAMES:
        if name not in only or name in speed.NAMES:
            continue
        say(f"measuring: {name}")
        if name in PROGRAMS:
            longest = {"longest": 600.0} if quick else {}
            rows += program_rows(name, sizes, preset=preset, device=device, **longest)
            continue
        try:
            rows += works[name]()
        except ValueError as error:
            rows += [Row(name, key, bound=key, note=str(error)) for key in _BOUNDS[name]]
    return {
        "machine": machine(),
        "preset": identifier,
        "quick": quick,
        "sizes": asdict(sizes),
        "rows": [row.to_dict() for row in rows],
        "rates": rates,
    }
