"""Which files of a folder the data sets of the database still refer to: asked of every text in every sample and frame.

These are the texts that a schema declares, and all in dictionaries and lists that it says nothing of.

Fields, data sets and samples get copied, merged, renamed and imported, and no record follows them. What keeps a file is
that a path to it stands in some sample.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bson import ObjectId

_TEXT = "fiftyone.core.fields.StringField"
_DOCUMENT = "fiftyone.core.fields.EmbeddedDocumentField"
_LOOSE = ("fiftyone.core.fields.DictField", "fiftyone.core.fields.ListField")
"""What may hold texts, or lists of texts, that no schema speaks of; a list of known entries has their type."""
_PATHS = ("restored_path", "map_path", "mask_path", "filepath")
"""Keys that hold paths in documents whose keys were never declared."""

_NEVER_PATHS = frozenset(
    {
        "status",
        "reason",
        "reasons",
        "preset",
        "crop_protocol",
        "label",
        "tags",
        "mime_type",
        "source_label",
    }
)
_OURS = r"/[0-9a-f]{24}[0-9A-Za-z_]*\.(png|jpg)$"
"""How the paths of files end that runs have made."""

_GENERATED = ("patches.", "frames.", "clips.", "trajectories.")
"""How the collections of generated views begin; they copy what their source holds, and go with it."""


@dataclass
class References:
    """Who refers to the files of a folder.

    Attributes:
        own: names of files that the fields asked about refer to.
        others: name of a file -> data sets that refer to it from elsewhere.
        images: data sets that have files of the folder as their images.
    """

    own: set[str] = field(default_factory=set)
    others: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    images: set[str] = field(default_factory=set)


def find_references(
    folder: Path, *, dataset_id: Any = None, own_fields: Collection[str] = ()
) -> References:
    """Look for paths to the files of a folder in all data sets.

    Args:
        folder: absolute; files lie in it itself.
        dataset_id: the data set that the next argument speaks of.
        own_fields: names of fields, "frames." before those of frames, that count as its own.
    """
    import fiftyone.core.odm as foo

    database = foo.get_db_conn()
    found = References()
    shown = {
        "name": 1,
        "sample_collection_name": 1,
        "frame_collection_name": 1,
        "sample_fields": 1,
        "frame_fields": 1,
    }
    for dataset in database.datasets.find({}, shown):
        mine = set(own_fields) if dataset["_id"] == dataset_id else set()
        if str(dataset.get("sample_collection_name", "")).startswith(_GENERATED):
            continue
        for collection, schema, prefix in (
            (dataset.get("sample_collection_name"), dataset.get("sample_fields"), ""),
            (dataset.get("frame_collection_name"), dataset.get("frame_fields"), "frames."),
        ):
            if not collection or not schema:
                continue
            for path, name in _paths_into(database[collection], folder, schema):
                if f"{prefix}{path.split('.')[0]}" in mine:
                    found.own.add(name)
                    continue
                found.others[name].add(dataset["name"])
                if path == "filepath":
                    found.images.add(dataset["name"])
    return found


def folders_of(dataset: Any, own_fields: Collection[str]) -> list[Path]:
    """The folders that the files of a data set's fields lie in, most used first."""
    import fiftyone.core.odm as foo

    database = foo.get_db_conn()
    counts: dict[str, int] = defaultdict(int)
    document = database.datasets.find_one({"_id": dataset._doc.id})
    for collection, schema, prefix in (
        (document.get("sample_collection_name"), document.get("sample_fields"), ""),
        (document.get("frame_collection_name"), document.get("frame_fields"), "frames."),
    ):
        if not collection or not schema:
            continue
        names = [
            n.removeprefix(prefix) for n in own_fields if n.startswith("frames.") == bool(prefix)
        ]
        paths = [
            p
            for p in _text_paths(schema)
            if p.split(".")[0] in names and p.split(".")[-1] in _PATHS
        ]
        if not paths:
            continue
        for row in database[collection].find({}, dict.fromkeys(paths, 1)):
            for path in paths:
                for value in _values(row, path.split(".")):
                    counts[str(Path(value).parent)] += 1
    return [Path(folder) for folder, _ in sorted(counts.items(), key=lambda item: -item[1])]


def names_of(dataset_ids: Collection[str]) -> dict[str, str]:
    """Id -> name, of the data sets that exist in this database."""
    import fiftyone.core.odm as foo

    ids = [ObjectId(text) for text in dataset_ids if ObjectId.is_valid(text)]
    rows = foo.get_db_conn().datasets.find({"_id": {"$in": ids}}, {"name": 1})
    return {str(row["_id"]): row["name"] for row in rows}


def _paths_into(
    collection: Any, folder: Path, schema: list[dict[str, Any]]
) -> Iterator[tuple[str, str]]:
    """The path of a field and the name of a file, for each reference to a file of a folder."""
    starts = tuple(f"{name}/" for name in _names_of_folder(collection, folder))
    inside = {"$regex": f"^({'|'.join(map(re.escape, starts))})"}
    paths, loose = _text_paths(schema), _loose_paths(schema)
    for asked, matches in (
        (paths, [{path: inside} for path in paths]),
        (loose, [{path: {"$exists": True, "$nin": [None, [], {}]}} for path in loose]),
    ):
        if not asked:
            continue
        for row in collection.find({"$or": matches}, dict.fromkeys(asked, 1)):
            for path in asked:
                for value in _values(row, path.split(".")):
                    start = next(filter(value.startswith, starts), None)
                    if start is not None:
                        yield path, value[len(start) :]


def _names_of_folder(collection: Any, folder: Path) -> list[str]:
    """How samples may name a folder: as it is given, without links, and as images do that were opened by way of another."""
    found = dict.fromkeys((str(folder), os.path.realpath(folder)))
    rows = collection.aggregate(
        [
            {"$match": {"filepath": {"$regex": _OURS}}},
            {"$project": {"at": {"$regexFind": {"input": "$filepath", "regex": "^(.+)/"}}}},
            {"$group": {"_id": {"$first": "$at.captures"}}},
        ]
    )
    for row in rows:
        with suppress(OSError):
            if row["_id"] not in found and os.path.samefile(row["_id"], folder):
                found[row["_id"]] = None
    return list(found)


def _values(value: Any, keys: list[str]) -> Iterator[str]:
    """The texts at a path of a document, or below it; lists on the way are gone through."""
    if isinstance(value, list):
        for entry in value:
            yield from _values(entry, keys)
    elif isinstance(value, dict):
        for entry in value.values() if not keys else [value[keys[0]]] if keys[0] in value else []:
            yield from _values(entry, keys[1:])
    elif not keys and isinstance(value, str):
        yield value


def _loose_paths(schema: list[dict[str, Any]]) -> list[str]:
    """Paths of what may hold texts that the schema says nothing of."""
    return [name for name, kind in _leaves(schema, "") if kind in _LOOSE]


def _text_paths(schema: list[dict[str, Any]]) -> list[str]:
    """Paths of the texts that a schema declares, and of those that its documents may hold undeclared."""
    found: dict[str, None] = {}
    for name, kind in _leaves(schema, ""):
        if kind == _TEXT:
            found[name] = None
    for entry in schema:
        if _kind(entry) == _DOCUMENT:
            name = entry.get("db_field") or entry["name"]
            for key in _PATHS:
                found[f"{name}.{key}"] = None
                found[f"{name}.detections.{key}"] = None
    # A path and one that begins with it cannot be asked for together.
    return [path for path in found if not any(other.startswith(f"{path}.") for other in found)]


def _leaves(schema: list[dict[str, Any]], start: str) -> Iterator[tuple[str, str]]:
    for entry in schema:
        name = entry.get("db_field") or entry["name"]
        if name in _NEVER_PATHS or (name.startswith("_") and name != "_media_type"):
            continue
        kind = _kind(entry)
        if kind == _DOCUMENT:
            yield from _leaves(entry.get("fields") or [], f"{start}{name}.")
        else:
            yield f"{start}{name}", kind


def _kind(entry: dict[str, Any]) -> str:
    """Type of a field; of a list that of what it holds."""
    return str(entry.get("subfield") or entry.get("ftype"))
