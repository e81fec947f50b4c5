"""What a preset may say: each value of its configuration, and the shapes in its weight files, before they are loaded.

A preset may come from anywhere. Whatever stands in it is refused here, with its place and a short text, before it can
become a crop, a file name or memory.
"""

from __future__ import annotations

import json
import math
import reprlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

LONGEST_NAME = 100
"""Characters of a preset's or a protocol's name: it is stored with every score."""

LARGEST_CONFIG = 8_000_000
"""Bytes of a config.json; the one that we ship has some thousands."""

_LARGEST_NUMBER = 1e6


def read_json(path: Path) -> Any:
    """Read a JSON file that may be anybody's.

    Raises:
        ValueError: too large, not JSON, nested too deep, or it holds NaN or infinite numbers.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(LARGEST_CONFIG + 1)
    if len(content) > LARGEST_CONFIG:
        raise ValueError(f"over {LARGEST_CONFIG // 1_000_000} MB")

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no number")

    try:
        return json.loads(content.decode("utf-8"), parse_constant=refuse)
    except RecursionError:
        raise ValueError("brackets are nested too deep") from None


def shown(value: Any) -> str:
    """A value as an error message may repeat it: short, on one line."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = short.maxlong = 40
    return short.repr(value)


def require_name(value: Any, what: str) -> str:
    """A short text of one line.

    Raises:
        ValueError: anything else.
    """
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_NAME or not value.isprintable():
        raise ValueError(
            f"{what} must be a text of 1 to {LONGEST_NAME} printable characters, got {shown(value)}"
        )
    return value


def require_whole(value: Any, what: str, low: int, high: int) -> int:
    """A whole number in a range, the ends included.

    Raises:
        ValueError: anything else.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{what} must be a whole number from {low} to {high}, got {shown(value)}")
    return value


def require_number(
    value: Any, what: str, low: float = -_LARGEST_NUMBER, high: float = _LARGEST_NUMBER
) -> float:
    """A finite number in a range, the ends included.

    Raises:
        ValueError: anything else.
    """
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not low <= value <= high:
        raise ValueError(f"{what} must be a number from {low:g} to {high:g}, got {shown(value)}")
    return float(value)


def require_digest(value: Any, what: str) -> str:
    """A SHA-256 in hexadecimal.

    Raises:
        ValueError: anything else.
    """
    if not isinstance(value, str) or len(value) != 64 or set(value) - set("0123456789abcdef"):
        raise ValueError(f"{what} must be a SHA-256, 64 hexadecimal digits, got {shown(value)}")
    return value


def require_wholes(
    values: Mapping[str, Any], what: str, limits: Mapping[str, tuple[int, int]]
) -> None:
    """Exactly the whole numbers that ``limits`` names, each from its lowest to its highest value.

    Raises:
        ValueError: one lacks, is unknown or out of range.
    """
    if set(values) != set(limits):
        raise ValueError(f"{what} must hold exactly {sorted(limits)}, got {shown(sorted(values))}")
    for name, (low, high) in limits.items():
        require_whole(values[name], f"{what}: {name!r}", low, high)


def require_shapes(path: Path, expected: Iterable[Sequence[int]]) -> None:
    """Compare the shapes that an HDF5 weight file declares with those of a network; reads its header alone.

    A file of a few kilobytes can declare arrays of any size, which a loader would make room for.

    Args:
        path: the file.
        expected: shape of each variable of the network.

    Raises:
        ValueError: other shapes, or data that lies in another file.
        OSError: not an HDF5 file.
    """
    import h5py

    wanted = Counter(tuple(int(side) for side in shape) for shape in expected)
    found: Counter[tuple[int, ...]] = Counter()

    def look(group: Any, place: str) -> None:
        for name in group:
            where = f"{place}/{name}"
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise ValueError(f"{shown(where)} is a link")
            item = group[name]
            if isinstance(item, h5py.Group):
                if place.count("/") > 20:
                    raise ValueError(f"{shown(where)} lies too deep")
                look(item, where)
            else:
                check(item, where)

    def check(item: Any, where: str) -> None:
        if item.external or item.is_virtual:
            raise ValueError(f"the data of {shown(where)} lies in another file")
        if item.shape is None or item.dtype.kind not in "fiu":
            raise ValueError(f"{shown(where)} holds no numbers")
        if where.startswith("/optimizer/"):  # left over from training: never loaded
            return
        found[tuple(item.shape)] += 1
        if found[tuple(item.shape)] > wanted[tuple(item.shape)]:
            raise ValueError(f"{shown(where)} has the shape {shown(item.shape)}")

    with h5py.File(path, "r") as file:
        look(file, "")
    if missing := wanted - found:
        raise ValueError(f"no array of the shape {shown(next(iter(missing)))}")
