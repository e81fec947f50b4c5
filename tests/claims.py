"""Bounds on numbers that another seed or another processor computes a little differently.

``scripts/sweep.py`` runs the tests that carry the marker ``sweep`` over seeds and instruction sets, and shows how far
each number stayed from its bound.
"""

from __future__ import annotations

import json
import os
from pathlib import Path


def claim(
    name: str, value: float, *, above: float | None = None, below: float | None = None
) -> None:
    """Assert a bound; with FACEQGEN_CLAIMS=<file> the number is written there, too, a line of JSON each.

    Args:
        name: what the number is; the same in every run of the test.
        value: the number.
        above: the number must be greater.
        below: the number must be less.
    """
    bound = above if above is not None else below
    assert bound is not None
    value = float(value)
    margin = value - bound if above is not None else bound - value
    if file := os.environ.get("FACEQGEN_CLAIMS"):
        test = os.environ["PYTEST_CURRENT_TEST"].rsplit("::", 1)[-1].split(" ")[0]
        facts = {"test": test, "claim": name, "value": value, "bound": bound, "margin": margin}
        with Path(file).open("a", encoding="utf-8") as sink:
            sink.write(json.dumps(facts) + "\n")
    sign = ">" if above is not None else "<"
    assert margin > 0, f"{name}: {value:.4f}, asked {sign} {bound}"
