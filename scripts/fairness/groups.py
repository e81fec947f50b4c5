"""Groups of people and what they score: each person counts once, intervals are drawn over people."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.evaluation.edc import interval
from scripts.model_card.measure.subgroups import ITA_CLASSES, class_of

RESAMPLES = 2000
FEWEST = 5
"""People in a group from which an interval is given: fewer say nothing about a group."""

TONES = ("light or very light", "intermediate", "tan", "brown or dark")
"""Classes of skin tone from the lightest; the ends are joined, since few people are there."""


@dataclass(frozen=True)
class Person:
    """Who is on the images, as the data set's own table says.

    Attributes:
        sex: as they have told it.
        ethnicity: likewise.
    """

    sex: str
    ethnicity: str


@dataclass(frozen=True)
class Spread:
    """What one group scores.

    Attributes:
        people: in the group.
        median: of the people's mean qualities, 0 to 100.
        interval: of that median, 95 %; None of too few people.
        gap: the group's mean less that of all others; None where there are no others.
        gap_interval: of that, 95 %; None of too few people on either side.
        acceptable: share of the people whose mean quality is acceptable, 0 to 1.
    """

    people: int
    median: float
    interval: tuple[float, float] | None
    gap: float | None
    gap_interval: tuple[float, float] | None
    acceptable: float


def read_people(path: Path) -> dict[str, Person]:
    """The London Set's ``london_faces_info.csv``, by the number of the person, "001".

    Raises:
        ValueError: a column is missing.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    missing = {"face_id", "face_sex", "face_eth"} - set(rows[0] if rows else ())
    if missing:
        raise ValueError(
            f"{path} has no column {', '.join(sorted(missing))}: give london_faces_info.csv of the London Set "
            "(doi 10.6084/m9.figshare.5047666)"
        )
    return {
        row["face_id"].lstrip("Xx"): Person(row["face_sex"], row["face_eth"].replace("_", " "))
        for row in rows
    }


def tone(angle: float) -> str:
    """Class of skin tone of an individual typology angle in degrees."""
    name = class_of(angle, ITA_CLASSES)
    joined = {"very light": TONES[0], "light": TONES[0], "brown": TONES[-1], "dark": TONES[-1]}
    return joined.get(name, name)


def spreads(
    quality: Mapping[str, float], group: Mapping[str, str], *, acceptable: float, seed: int = 0
) -> dict[str, Spread]:
    """What each group scores, in the order of their names.

    Args:
        quality: mean quality of each person, 0 to 100; people without a score are left out.
        group: of each person.
        acceptable: quality from which a face is acceptable.
        seed: start of the draws.
    """
    members: dict[str, list[float]] = {}
    for person, value in quality.items():
        members.setdefault(group[person], []).append(value)
    rng = np.random.default_rng(seed)
    found = {}
    for name in sorted(members):
        own = np.array(members[name])
        others = np.array([v for other, vs in members.items() if other != name for v in vs])
        enough = len(own) >= FEWEST
        found[name] = Spread(
            people=len(own),
            median=float(np.median(own)),
            interval=interval(np.median(_drawn(rng, own), axis=1)) if enough else None,
            gap=float(own.mean() - others.mean()) if len(others) else None,
            gap_interval=interval(_drawn(rng, own).mean(axis=1) - _drawn(rng, others).mean(axis=1))
            if enough and len(others) >= FEWEST
            else None,
            acceptable=float(np.mean(own >= acceptable)),
        )
    return found


def table(first: str, rows: Iterable[tuple[str, Spread]]) -> str:
    """Spreads in Markdown."""
    lines = [
        f"| {first} | people | median quality | less all others | acceptable |",
        "|---|---|---|---|---|",
    ]
    for name, spread in rows:
        gap = "" if spread.gap is None else f"{spread.gap:+.1f}{_words(spread.gap_interval)}"
        if spread.gap_interval and spread.gap_interval[0] * spread.gap_interval[1] > 0:
            gap = f"**{gap}**"
        median = f"{spread.median:.1f}{_words(spread.interval)}"
        lines.append(f"| {name} | {spread.people} | {median} | {gap} | {spread.acceptable:.0%} |")
    return "\n".join(lines)


def _drawn(rng: np.random.Generator, values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[rng.integers(0, len(values), (RESAMPLES, len(values)))]


def _words(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f" ({interval[0]:.1f} to {interval[1]:.1f})"
