"""What a quality network is, as a JSON file beside it says: what goes in, how the face is cut, what the number means.

    {
      "name": "ediffiqa",                     the column and the field
      "file": "ediffiqa_tiny.onnx",           beside this file, or an absolute path
      "higher_is_better": true,
      "size": 112,                            side of the square crop in pixels
      "colour": "RGB",                        or "BGR"
      "layout": "NCHW",                       or "NHWC"
      "mean": 127.5, "scale": 0.0078431373,   (pixel - mean) * scale, pixels 0..255; a number, or one for each colour
      "template": "arcface112",               or five points [x, y] in pixels of the crop
      "input": "input", "output": "quality",  where the network has several
      "range": [0, 1],                        of the number, if it is known
      "sha256": "..."                         of the ONNX file, if it shall be checked
    }

Only the first three must be there; the others have the values above, and no range and no hash.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.alignment import FIVE_POINTS
from faceqgen_core.preset_checks import (
    read_json,
    require_digest,
    require_name,
    require_number,
    require_whole,
    shown,
)
from faceqgen_core.tables.score_table import COLUMNS
from faceqgen_core.vocabulary import FACEQNET, Measure

TEMPLATES = {"arcface112": (112, FIVE_POINTS)}
"""By name: side of the crop for which it was made, and its five points (5, 2) in pixels."""

TAKEN = frozenset(
    {
        *COLUMNS,
        FACEQNET.name,
        "sample_id",
        "best_frame",
        "frames_scored",
        "frames_sampled",
    }
    | {"source_label", "label", "bounding_box", "index", "tags", "id", "mask"}
    | {"mask_path", "attributes", "instance", "filename", "created_at", "last_modified_at"}
)
"""Names that mean something else in a table or a document of scores."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MUST = {"name", "file", "higher_is_better"}
_NO_SCALE = 1.0 / 127.5


@dataclass(frozen=True)
class NetworkDescription:
    """A quality network, checked.

    Attributes:
        name: lower-case letters, digits and underscores: the name of its scores.
        file: the ONNX file.
        higher_is_better: direction of its number.
        size: side of the crop in pixels.
        colour: "RGB" or "BGR", order of the channels that it wants.
        layout: "NCHW" or "NHWC".
        mean: three numbers that are taken from the pixels 0..255, in its order of channels.
        scale: three numbers by which the rest is multiplied.
        template: (5, 2) as tuples: where the subject's right eye, left eye, nose, right and left mouth corner come to lie.
        input: name of its input; None: it has one.
        output: name of its output; None: it has one.
        range: lowest and highest number; None: not known.
        sha256: of the file; None: not checked.
    """

    name: str
    file: str
    higher_is_better: bool
    size: int = 112
    colour: str = "RGB"
    layout: str = "NCHW"
    mean: tuple[float, ...] = (127.5,) * 3
    scale: tuple[float, ...] = (_NO_SCALE,) * 3
    template: tuple[tuple[float, float], ...] = ()
    input: str | None = None
    output: str | None = None
    range: tuple[float, float] | None = None
    sha256: str | None = None

    @property
    def points(self) -> NDArray[np.float64]:
        """(5, 2) target points in pixels of the crop."""
        return np.array(self.template, np.float64)

    @property
    def measure(self) -> Measure:
        """Its number in words; without a known range its ends are infinite."""
        low, high = self.range or (float("-inf"), float("inf"))
        return Measure(
            self.name, self.higher_is_better, low, high, "Score of another quality network"
        )


def read_description(path: Path) -> NetworkDescription:
    """Read the JSON file of a quality network.

    Raises:
        ValueError: not such a file: the message names the key and says what it must be.
        OSError: it cannot be read.
    """
    try:
        values = read_json(path)
    except ValueError as error:
        raise ValueError(f"{path} is not readable JSON: {error}") from error
    try:
        return _checked(values, path.parent)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def identify(description: NetworkDescription, digest: str) -> str:
    """Name and the first eight hex digits of the hash over the network and how it is used; stored with scores.

    Args:
        description: of the network.
        digest: SHA-256 of its file.
    """
    used = {k: v for k, v in asdict(description).items() if k not in ("file", "sha256", "range")}
    text = json.dumps({**used, "network": digest}, sort_keys=True)
    return f"{description.name}@{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _checked(values: Any, folder: Path) -> NetworkDescription:
    known = set(NetworkDescription.__dataclass_fields__)
    if not isinstance(values, dict):
        raise ValueError("must hold a JSON object")
    if unknown := set(values) - known:
        raise ValueError(f"unknown key(s) {shown(sorted(unknown))}; known: {sorted(known)}")
    if missing := _MUST - set(values):
        raise ValueError(f"missing key(s) {sorted(missing)}")
    name = values["name"]
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f"'name' must be lower-case letters, digits and underscores, a letter first, got {shown(name)}"
        )
    if not isinstance(values["higher_is_better"], bool):
        raise ValueError(
            f"'higher_is_better' must be true or false, got {shown(values['higher_is_better'])}"
        )
    if name in TAKEN:
        raise ValueError(f"'name' {name!r} means something else in our tables: choose another")
    size = require_whole(values.get("size", 112), "'size'", 16, 1024)
    made: dict[str, Any] = {
        "name": name,
        "file": str(folder / require_name(values["file"], "'file'")),
        "higher_is_better": values["higher_is_better"],
        "size": size,
        "colour": _choice(values, "colour", ("RGB", "BGR")),
        "layout": _choice(values, "layout", ("NCHW", "NHWC")),
        "mean": _three(values.get("mean", 127.5), "'mean'"),
        "scale": _three(values.get("scale", _NO_SCALE), "'scale'"),
        "template": _template(values.get("template", "arcface112"), size),
    }
    for key in ("input", "output"):
        if values.get(key) is not None:
            made[key] = require_name(values[key], f"{key!r}")
    if values.get("range") is not None:
        made["range"] = _range(values["range"])
    if values.get("sha256") is not None:
        made["sha256"] = require_digest(values["sha256"], "'sha256'")
    return NetworkDescription(**made)


def _choice(values: dict[str, Any], key: str, allowed: tuple[str, ...]) -> str:
    value = values.get(key, allowed[0])
    if value not in allowed:
        raise ValueError(f"{key!r} must be one of {', '.join(allowed)}, got {shown(value)}")
    return str(value)


def _three(value: Any, what: str) -> tuple[float, ...]:
    numbers = value if isinstance(value, list) else [value] * 3
    if len(numbers) != 3:
        raise ValueError(f"{what} must be a number or three of them, got {shown(value)}")
    return tuple(require_number(number, what) for number in numbers)


def _template(value: Any, size: int) -> tuple[tuple[float, float], ...]:
    if isinstance(value, str):
        if value not in TEMPLATES:
            raise ValueError(
                f"'template' must be one of {', '.join(TEMPLATES)} or five points, got {shown(value)}"
            )
        side, points = TEMPLATES[value]
        return tuple((float(x) * size / side, float(y) * size / side) for x, y in points)
    is_points = isinstance(value, list) and len(value) == 5
    if not is_points or not all(isinstance(point, list) and len(point) == 2 for point in value):
        raise ValueError(f"'template' must be a name or five points [x, y], got {shown(value)}")
    own = [[require_number(number, "'template'") for number in point] for point in value]
    if np.ptp(np.array(own), axis=0).min() < 1:
        raise ValueError("'template': the five points must lie apart, in pixels of the crop")
    return tuple((x, y) for x, y in own)


def _range(value: Any) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"'range' must be the lowest and the highest number, got {shown(value)}")
    low, high = (require_number(number, "'range'") for number in value)
    if not low < high:
        raise ValueError(f"'range' must rise, got {shown(value)}")
    return low, high
