"""Rows of what is measured in turn: the product beside what it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from typing import Any

from faceqgen_core.bench.compared import sides
from faceqgen_core.bench.compared.rates import Rate, Side, measure, ratio
from faceqgen_core.bench.compared.sides import Sides
from faceqgen_core.bench.row import Row


@dataclass(frozen=True)
class Pair:
    """Two sides that are compared: name of the row, ours, theirs, and the key of the target."""

    name: str
    ours: str
    theirs: str
    bound: str = ""


PAIRS = (
    Pair("crops", sides.PRODUCT, sides.NAIVE_CROPS),
    Pair("crops", sides.PRODUCT, sides.FORWARD),
    Pair("restored", sides.RESTORED, sides.FORWARD),
    Pair("forward", sides.FORWARD, sides.PEAK, "forward"),
    Pair("forward", sides.FORWARD, sides.PEAK_BF16),
    Pair("photographs", sides.PHOTOGRAPHS, sides.NAIVE_PHOTOGRAPHS, "photographs"),
    Pair("lfw", sides.LFW, sides.NAIVE_LFW, "lfw"),
    Pair("faceqnet", sides.PRODUCT, sides.FACEQNET_1),
    Pair("faceqnet", sides.PRODUCT, sides.FACEQNET_32),
    Pair("lightqnet", sides.PRODUCT, sides.LIGHTQNET),
    Pair("serfiq", sides.PRODUCT, sides.SERFIQ),
    *(Pair("iresnet", sides.PRODUCT, side) for side in sides.IRESNETS),
)
NAMES = tuple(dict.fromkeys(pair.name for pair in PAIRS))


def speed_rows(
    made: Sides,
    names: Collection[str],
    *,
    rounds: int,
    say: Callable[[str], Any] = lambda text: None,
) -> tuple[list[Row], list[dict[str, Any]]]:
    """Measure the sides of the named rows, each once a round.

    Args:
        made: makes them.
        names: of ``NAMES``.
        rounds: at least 1.
        say: told what is running.

    Returns:
        The rows, those of sides that cannot be run here with the reason; and the sides' rates as plain values.
    """
    chosen = [pair for pair in PAIRS if pair.name in names]
    ready: dict[str, Side] = {}
    missing: dict[str, str] = {}
    for side in dict.fromkeys(side for pair in chosen for side in (pair.ours, pair.theirs)):
        try:
            ready[side] = made.side(side)
        except (ValueError, OSError) as error:
            missing[side] = str(error)
    rates = {rate.side: rate for rate in measure(list(ready.values()), rounds=rounds, say=say)}
    rows = [_row(made, pair, rates, missing) for pair in chosen]
    plain = [{**asdict(r), "median": r.median, "cpu_ms": r.cpu_ms} for r in rates.values()]
    return rows, plain


def _row(made: Sides, pair: Pair, rates: dict[str, Rate], missing: dict[str, str]) -> Row:
    reason = missing.get(pair.ours) or missing.get(pair.theirs)
    if reason:
        return Row(pair.name, pair.ours, beside=pair.theirs, bound=pair.bound, note=reason)
    ours, theirs = rates[pair.ours], rates[pair.theirs]
    # The forward pass is counted in faces, the product of matrices in GFLOP: two for each multiply-add.
    factor = 2e-9 * made.forward.multiply_adds if theirs.unit != ours.unit else 1.0
    spent = f"CPU {ours.cpu_ms:.1f} and {theirs.cpu_ms:.1f} ms each"
    return Row(
        pair.name,
        pair.ours,
        factor * ours.median,
        f"{theirs.unit}/s",
        pair.theirs,
        theirs.median,
        factor * ratio(ours, theirs),
        pair.bound,
        "; ".join(
            text for text in (ours.note or theirs.note, spent if factor == 1 else "") if text
        ),
    )
