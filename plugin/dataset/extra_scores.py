"""Scores of other quality networks: numbers beside ours in the same documents, each in its own range and direction.

What a number is stands with its field (``field.info``), so that whoever finds it knows its direction and who made it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import fiftyone as fo

from faceqgen_core.vocabulary import SCORES, Measure

from .fields import FRAMES, FieldNames

_KEY = "faceqgen_extra_score"
_MEANING = "Score of another quality network"


def require_free(dataset: Any, names: FieldNames, extra: Sequence[Any]) -> None:
    """Check that the numbers of the networks can be written: nothing else has their names, and no other network.

    Args:
        dataset: the whole data set, not a view.
        names: of samples, or of the frames of videos.
        extra: the core's ``ExtraScore`` of each network.

    Raises:
        ValueError: a value of that name is somebody else's, or comes from another network.
    """
    for score in extra:
        for path in _paths(dataset, names, score.name):
            field = dataset.get_field(path)
            if field is None:
                continue
            known = (field.info or {}).get(_KEY)
            if known is None:
                raise ValueError(
                    f"the data set has a field {path!r} that no network has made: call the network something else, with "
                    "'name' in its JSON file"
                )
            if known["network"] != score.identifier:
                raise ValueError(
                    f"{path!r} holds scores of {known['network']}, and this network is {score.identifier}: numbers of two "
                    "cannot be compared. Call it something else, with 'name' in its JSON file, or score into another field"
                )


def declare(dataset: Any, names: FieldNames, extra: Sequence[Any]) -> None:
    """Declare the numbers of the networks, with what they are; twice changes nothing."""
    for score in extra:
        measure = score.description.measure
        info = {
            "network": score.identifier,
            "higher_is_better": measure.higher_is_better,
            "range": score.description.range,
        }
        direction = "higher is better" if measure.higher_is_better else "LOWER is better"
        ends = ", {:g} to {:g}".format(*score.description.range) if score.description.range else ""
        text = f"{_MEANING}, {score.identifier}{ends}, {direction}; None unless scored"
        for path in _paths(dataset, names, score.name):
            if dataset.get_field(path) is None:
                add = (
                    dataset.add_frame_field if path.startswith(FRAMES) else dataset.add_sample_field
                )
                add(path.removeprefix(FRAMES), fo.FloatField, description=text, info={_KEY: info})


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
            found[name] = Measure(name, better, low, high, _MEANING)
    return found


def all_measures(collection: Any, field: str) -> dict[str, Measure]:
    """Our own numbers and those of other networks that a field of scores can have."""
    return {**SCORES, **extra_measures(collection, field)}


def _paths(dataset: Any, names: FieldNames, name: str) -> list[str]:
    """Where a number stands: with the sample, and with its faces, which a video has in its frames alone."""
    has_faces = dataset.get_field(names.faces) is not None
    return [names.path(name), *([names.face_path(name)] if has_faces else [])]
