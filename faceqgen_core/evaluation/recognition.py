"""Recognition results: comparisons with similarities, and which scored image each of their paths means.

Pairs CSV, UTF-8: ``a``, ``b`` (image paths), ``similarity`` (higher is more alike), ``mated`` (1 same person, 0 not),
optionally ``subject`` (who a mated pair shows). Only mated pairs need scores; the others fix the threshold.
"""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.tables.score_table import open_table

REQUIRED = ("a", "b", "similarity", "mated")


@dataclass(frozen=True, eq=False)
class Comparisons:
    """Comparisons of one recogniser.

    Attributes:
        images: (I) distinct paths of the images of mated pairs.
        first: (M,) int64 positions in ``images``.
        second: (M,) int64 positions in ``images``.
        mated: (M,) float64 similarity of the mated pairs.
        non_mated: (N,) float64 similarity of the non-mated pairs.
        subjects: (M,) str, who each mated pair shows; None if the file does not say.
    """

    images: list[str]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    mated: NDArray[np.float64]
    non_mated: NDArray[np.float64]
    subjects: NDArray[np.str_] | None


def read_pairs(path: str | os.PathLike[str]) -> Comparisons:
    """Read a pairs CSV.

    Raises:
        ValueError: a column is missing, a cell is wrong, there is no mated pair, some mated pairs name their subject
            and some do not, or the similarity is higher for non-mated than for mated pairs.
        OSError: the file cannot be read.
    """
    ids: dict[str, int] = {}
    first, second, mated, non_mated, subjects = [], [], [], [], []
    with open_table(path, "r") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        if missing := [name for name in REQUIRED if name not in header]:
            raise ValueError(
                f"{path}: no column {', '.join(missing)}; a pairs file has {', '.join(REQUIRED)} and may have subject"
            )
        a, b, similarity, same = (header.index(name) for name in REQUIRED)
        subject = header.index("subject") if "subject" in header else None
        for cells in reader:
            if not cells:
                continue
            place = f"{path}, line {reader.line_num}"
            if len(cells) != len(header):
                raise ValueError(f"{place}: {len(cells)} cells, the header has {len(header)}")
            value = _similarity(cells[similarity], place)
            if (kind := cells[same].strip()) == "0":
                non_mated.append(value)
                continue
            if kind != "1":
                raise ValueError(f"{place}: mated must be 0 or 1, got {kind!r}")
            mated.append(value)
            first.append(ids.setdefault(cells[a], len(ids)))
            second.append(ids.setdefault(cells[b], len(ids)))
            subjects.append("" if subject is None else cells[subject].strip())
    if not mated:
        raise ValueError(f"{path}: no mated pair (mated = 1), so there is no error to reduce")
    if any(subjects) and not all(subjects):
        raise ValueError(
            f"{path}: {subjects.count('')} of {len(subjects)} mated pairs name no subject; "
            "name it for all of them or leave out the column"
        )
    if non_mated and np.median(mated) < np.median(non_mated):
        raise ValueError(
            f"{path}: mated pairs have a lower similarity than non-mated ones; "
            "the column looks like a distance: write higher for more alike (its negative)"
        )
    return Comparisons(
        images=list(ids),
        first=np.array(first, np.int64),
        second=np.array(second, np.int64),
        mated=np.array(mated, np.float64),
        non_mated=np.array(non_mated, np.float64),
        subjects=np.array(subjects) if any(subjects) else None,
    )


def _similarity(cell: str, place: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{place}: similarity must be a finite number, got {cell!r}")
    return value


def _parts(path: str) -> tuple[str, ...]:
    """Components of a path, the root as an empty first one; ``.`` and doubled separators do not count."""
    text = path.replace("\\", "/")
    rest = tuple(part for part in text.split("/") if part not in ("", "."))
    return ("", *rest) if text.startswith("/") else rest


def match_paths(wanted: Sequence[str], available: Sequence[str]) -> NDArray[np.int64]:
    """Find for each wanted path the available one that means the same file.

    Paths that are equal match first. Otherwise one of the two must be the end of the other, by whole components
    (``lfw/A/A_1.jpg`` and ``/data/lfw/A/A_1.jpg``), and only one candidate may be.

    Returns:
        (len(wanted),) int64 positions in ``available``; -1 where nothing matches.

    Raises:
        ValueError: several available paths match one wanted path, two wanted paths end in the same available one,
            or nothing matches at all.
    """
    whole = {path: i for i, path in enumerate(available)}
    by_parts: dict[tuple[str, ...], list[int]] = {}
    tails: dict[tuple[str, ...], list[int]] = {}
    for i, path in enumerate(available):
        parts = _parts(path)
        by_parts.setdefault(parts, []).append(i)
        for start in range(1, len(parts)):
            tails.setdefault(parts[start:], []).append(i)
    found = np.full(len(wanted), -1, np.int64)
    for w, path in enumerate(wanted):
        if (exact := whole.get(path)) is not None:
            found[w] = exact
            continue
        parts = _parts(path)
        candidates = by_parts.get(parts) or [
            *tails.get(parts, ()),
            *(i for start in range(1, len(parts)) for i in by_parts.get(parts[start:], ())),
        ]
        if len(candidates) > 1:
            some = ", ".join(available[i] for i in candidates[:3])
            raise ValueError(
                f"{path} could be any of {len(candidates)} scored images ({some}); write longer paths in one of the files"
            )
        if candidates:
            found[w] = candidates[0]
    if len(wanted) and (found < 0).all():
        shown = available[0] if available else "nothing"
        raise ValueError(
            f"none of the {len(wanted)} images of the pairs is among the scored ones; "
            f"the pairs name for instance {wanted[0]}, the scores {shown}"
        )
    _refuse_shared(found, wanted, available)
    return found


def _refuse_shared(
    found: NDArray[np.int64], wanted: Sequence[str], available: Sequence[str]
) -> None:
    """Two names in one file for one image in the other: one of the two matches is wrong."""
    owner: dict[int, int] = {}
    for w, i in enumerate(found.tolist()):
        if i >= 0 and owner.setdefault(i, w) != w and _parts(wanted[w]) != _parts(wanted[owner[i]]):
            raise ValueError(
                f"{wanted[owner[i]]} and {wanted[w]} both end in the scored path {available[i]}; "
                "write longer paths in the scores"
            )
