"""Scores of other networks, FaceQnet's too: numbers beside ours in the same documents, each in its own range and direction.

This is the only place where their fields are declared and guarded; ``fields`` writes them with the other numbers
of a face, and they go when the field goes that they are in.

What a number is stands with its field (``field.info``), so that whoever finds it knows its direction and who made it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import fiftyone as fo

from faceqgen_core.vocabulary import FACEQNET, SCORES, ExtraMeasure, Measure

from .fields import FRAMES, FieldNames, add_indexes
from .targets import whole

_KEY = "faceqgen_extra_score"


def require_free(
    dataset: Any, replaced: Collection[str], names: FieldNames, extra: Sequence[ExtraMeasure]
) -> None:
    """Check that the numbers of the networks can be written: nothing else has their names, and no other network.

    Args:
        dataset: the whole data set, not a view.
        replaced: ids of the samples whose scores the run replaces, all of them.
        names: fields of the run.
        extra: what the networks give, of a preset from elsewhere too.

    Raises:
        ValueError: a value of that name is somebody else's, or comes from another network and would stay.
    """
    for number in extra:
        for path in _paths(dataset, names, number.name):
            field = dataset.get_field(path)
            if field is None:
                continue
            known = (field.info or {}).get(_KEY)
            if (
                known is None and number.name != FACEQNET.name
            ):  # no network and no user has that name
                raise ValueError(
                    f"the data set has a field {path!r} that no network has made: call the network something else, with "
                    "'name' in its JSON file"
                )
            if known is None or known["network"] == number.network:
                continue
            if _stay(dataset, replaced, path):
                raise ValueError(
                    f"{path!r} holds scores of {known['network']}, and this network is {number.network}: numbers of two "
                    "cannot be compared. Score into another field, or the whole data set anew with skip_scored off; a "
                    "network with a JSON file can also be called something else there, with 'name'"
                )


def declare(dataset: Any, names: FieldNames, extra: Sequence[ExtraMeasure]) -> list[str]:
    """Declare the numbers of the networks where the fields of a run are, with what they are; twice changes nothing.

    Returns:
        What could not be had and is no reason to stop, in sentences, as ``fields.declare`` does.
    """
    indexed = []
    for number in extra:
        for path in _paths(dataset, names, number.name):
            _declare_one(dataset, path, number)
            if path in (names.path(number.name), names.in_frames.path(number.name)):
                indexed.append(path)  # the App's "Sort by" lists indexed fields only
    return add_indexes(dataset, indexed)


def _declare_one(dataset: Any, path: str, number: ExtraMeasure) -> None:
    measure = number.measure
    info = {
        "network": number.network,
        "higher_is_better": measure.higher_is_better,
        "range": [measure.low, measure.high] if measure.bounded else None,
        "meaning": measure.meaning,
    }
    text = f"{measure.description}; of {number.network}; None unless scored"
    field = dataset.get_field(path)
    if field is None:
        add = dataset.add_frame_field if path.startswith(FRAMES) else dataset.add_sample_field
        add(path.removeprefix(FRAMES), fo.FloatField, description=text, info={_KEY: info})
    elif (field.info or {}).get(_KEY) != info:  # all numbers of the network before are replaced
        field.description, field.info = text, {**(field.info or {}), _KEY: info}
        field.save()


def extra_measures(collection: Any, field: str) -> dict[str, Measure]:
    """The numbers of other networks that a field of scores has, by name.

    Args:
        collection: data set or view.
        field: that ``score_faces`` wrote.
    """
    document = collection.get_field(field)
    schema = document.get_field_schema() if hasattr(document, "get_field_schema") else {}
    found = {}
    for name, value in schema.items():
        info = (value.info or {}).get(_KEY)
        if info:
            low, high = info.get("range") or (float("-inf"), float("inf"))
            better = bool(info["higher_is_better"])
            found[name] = Measure(name, better, low, high, info["meaning"])
    return found


def all_measures(collection: Any, field: str) -> dict[str, Measure]:
    """Our own numbers and those of other networks that a field of scores can have."""
    return {**SCORES, **extra_measures(collection, field)}


def _paths(dataset: Any, names: FieldNames, name: str) -> Iterator[str]:
    """Where a number stands: with the sample, and with its faces, which a video has in its frames alone."""
    for place in (names, *([names.in_frames] if dataset._has_frame_fields() else [])):
        if dataset.get_field(place.document) is not None:
            yield place.path(name)
        if dataset.get_field(place.faces) is not None:
            yield place.face_path(name)


def _stay(dataset: Any, replaced: Collection[str], path: str) -> bool:
    """Whether samples that are not replaced hold a value."""
    for is_video in (False, True):
        samples = whole(dataset, is_video=is_video)
        if samples.get_field(path) is not None and samples.exclude(list(replaced)).count(path):
            return True
    return False
