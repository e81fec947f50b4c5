"""The parts of a run: so many images each, named after what is in them, so that a rerun knows those that are done."""

from __future__ import annotations

import csv
import hashlib
import itertools
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faceqgen_core.media.image_list import find_images
from faceqgen_core.media.remote import file_system, is_remote
from faceqgen_core.tables import score_parquet
from faceqgen_core.tables.csv_cells import plain_cell
from faceqgen_core.tables.score_parquet import SAMPLE_ID, SUFFIX
from faceqgen_core.tables.score_table import open_table

LISTS = (".csv", SUFFIX)
"""Endings of files that are lists of images, with the column ``filepath`` and perhaps ``sample_id``."""

_NAME = re.compile(r"part-\d{6,}-[0-9a-f]{16}\.parquet")

Image = tuple[str, str | None]
"""Path or address of an image, and the id of its sample in FiftyOne."""


@dataclass(frozen=True)
class Part:
    """Some of the images of a run, in their order.

    Attributes:
        name: of its file.
        images: paths or addresses.
        samples: ids of their samples in FiftyOne; empty where nobody knows them.
    """

    name: str
    images: list[str]
    samples: list[str | None] = field(default_factory=list)

    def path(self, output: str) -> str:
        """Where its file is in a folder."""
        if is_remote(output):
            return f"{output.rstrip('/')}/{self.name}"
        return os.path.join(output, self.name)

    def row(self) -> dict[str, Any]:
        """The part as it travels: names of files need not be UTF-8."""
        images = [os.fsencode(image) for image in self.images]
        return {"name": self.name, "images": images, "samples": self.samples}


def part_schema() -> Any:
    """The Arrow schema of ``Part.row``.

    Raises:
        ValueError: pyarrow is not installed.
    """
    pa = score_parquet.load_pyarrow()
    samples = pa.list_(pa.string())
    return pa.schema(
        [("name", pa.string()), ("images", pa.list_(pa.binary())), ("samples", samples)]
    )


def part_of(row: Mapping[str, Any]) -> Part:
    """The part that ``Part.row`` made a row of."""
    images = [os.fsdecode(image) for image in row["images"]]
    return Part(row["name"], images, list(row["samples"] or ()))


def list_images(sources: Iterable[str | os.PathLike[str]]) -> Iterator[Image]:
    """The images that are meant: lists are read, folders searched, files taken as named, paths made absolute.

    Args:
        sources: CSV or Parquet files with a column ``filepath``, images, folders; here, or addresses.

    Raises:
        ValueError: there is no such thing, a folder holds no image, or a list has no column ``filepath``.
        OSError: a list cannot be read.
    """
    others: list[Path | str] = []
    for source in (os.fspath(source) for source in sources):
        if source.lower().endswith(LISTS) and not os.path.isdir(source):
            yield from _listed(source)
        else:
            others.append(source if is_remote(source) else Path(source))
    for image in find_images(others):
        yield _absolute(str(image)), None


def _absolute(image: str) -> str:
    return image if is_remote(image) else os.path.abspath(image)


def _listed(path: str) -> Iterator[Image]:
    if path.lower().endswith(SUFFIX):
        names = score_parquet.read_columns(path)
        _require_filepath(path, names)
        wanted = [name for name in ("filepath", SAMPLE_ID) if name in names]
        for row in score_parquet.read_rows(path, wanted):
            if row["filepath"]:
                yield _absolute(row["filepath"]), row.get(SAMPLE_ID)
        return
    if is_remote(path):
        raise ValueError(f"{path}: a list in a remote place must be Parquet")
    with open_table(path, "r") as file:
        reader = csv.DictReader(file)
        _require_filepath(path, reader.fieldnames or [])
        for line in reader:
            if line["filepath"]:
                yield _absolute(plain_cell(line["filepath"])), line.get(SAMPLE_ID) or None


def _require_filepath(path: str, names: Sequence[str]) -> None:
    if "filepath" not in names:
        raise ValueError(f"{path}: no column 'filepath'; found: {', '.join(names) or 'none'}")


def make_parts(images: Iterable[Image], size: int, settings: Mapping[str, Any]) -> Iterator[Part]:
    """Divide images into parts; each image once, in the order in which it comes first.

    Args:
        images: as of ``list_images``.
        size: images of each part, at least 1.
        settings: plain values that scores depend on: parts of a run with others have other names.
    """
    start = json.dumps(dict(settings), sort_keys=True).encode()
    stream = iter(_once(images))
    for number in itertools.count():
        found = list(itertools.islice(stream, size))
        if not found:
            return
        digest = hashlib.sha256(start)
        for image, sample in found:
            digest.update(b"\0" + os.fsencode(image) + b"\0" + (sample or "").encode())
        samples = [sample for _, sample in found]
        name = f"part-{number:06d}-{digest.hexdigest()[:16]}{SUFFIX}"
        yield Part(name, [image for image, _ in found], samples if any(samples) else [])


def _once(images: Iterable[Image]) -> Iterator[Image]:
    seen: set[bytes] = set()
    for image in images:
        # a digest of each, not its path: the list may be long
        path, sample = image
        name = os.fsencode(path) + b"\0" + (sample or "").encode()
        key = hashlib.blake2b(name, digest_size=12).digest()
        if key not in seen:
            seen.add(key)
            yield image


def exists(path: str) -> bool:
    """Whether there is a file; written whole, it is done."""
    if not is_remote(path):
        return os.path.isfile(path)
    system, place = file_system(path)
    return bool(system.exists(place))


def begin_attempt(path: str) -> int:
    """Note that somebody begins with a part; returns how many began before and did not come to an end.

    Args:
        path: of its file, see ``Part.path``.
    """
    for number in itertools.count():
        marker = _marker(path, number)
        if not exists(marker):
            if is_remote(marker):
                system, place = file_system(marker)
                system.pipe_file(place, b"")
            else:
                Path(marker).touch()
            return number
    raise AssertionError


def end_attempts(path: str) -> None:
    """Forget the attempts at a part: it is done."""
    for number in itertools.count():
        marker = _marker(path, number)
        if not exists(marker):
            return
        _remove(marker)


def _marker(path: str, number: int) -> str:
    folder, _, name = path.rpartition("/")
    return f"{folder}/.{name}.{number}.attempt"


def clear_attempts(output: str) -> None:
    """Forget the attempts of earlier runs.

    Args:
        output: folder of the parts, or its address.
    """
    for name in _inside(output):
        if name.startswith(".part-") and name.endswith(".attempt"):
            _remove(Part(name, []).path(output))


def names_in(output: str) -> set[str]:
    """Names of the parts in a folder; none where there is none.

    Args:
        output: the folder, or its address.

    Raises:
        ValueError: the address cannot be used.
        OSError: something else than a folder stands there.
    """
    return {name for name in _inside(output) if _NAME.fullmatch(name)}


def _inside(output: str) -> list[str]:
    if not is_remote(output):
        return os.listdir(output) if os.path.lexists(output) else []
    system, place = file_system(output)
    system.invalidate_cache()
    inside = system.ls(place, detail=False) if system.isdir(place) else []
    return [name.rstrip("/").rpartition("/")[2] for name in inside]


def remove(output: str, names: Iterable[str]) -> None:
    """Remove parts that are of no run any more.

    Args:
        output: their folder, or its address.
        names: of their files.
    """
    for name in names:
        _remove(Part(name, []).path(output))


def _remove(path: str) -> None:
    if is_remote(path):
        system, place = file_system(path)
        system.rm_file(place)
    else:
        Path(path).unlink(missing_ok=True)
