"""``pair.json``: what a generator's and a discriminator's files do not say themselves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.foreign.refusal import refuse
from faceqgen_core.preset_checks import read_json, require_name, require_number, shown

PAIR_FILE = "pair.json"
EXAMPLE = '{"generator": "generator.h5", "discriminator": "discriminator.h5", "range": [-1, 1]}'

_OPTIONAL: dict[str, Any] = {
    "name": None,
    "channels": "RGB",
    "judgement": None,
    "eye_distance": CropProtocol.eye_distance,
    "center_y": CropProtocol.center_y,
}
_NEEDED = ("generator", "discriminator", "range")
JUDGEMENTS = ("probability", "logit")


@dataclass(frozen=True)
class PairConfig:
    """What a ``pair.json`` says.

    Attributes:
        path: the file.
        generator: file of the generator, beside it.
        discriminator: file of the discriminator, beside it.
        low: what black is in the pixels that the networks read and write.
        high: what white is.
        channels: "RGB" or "BGR".
        judgement: what the discriminator gives, "probability" or "logit"; None: its last activation says so.
        name: of the pair, stored with every score.
        eye_distance: of the crop protocol.
        center_y: of the crop protocol.
    """

    path: Path
    generator: Path
    discriminator: Path
    low: float
    high: float
    channels: str
    judgement: str | None
    name: str | None
    eye_distance: float
    center_y: float


def read_pair(path: Path) -> PairConfig:
    """Read and check a ``pair.json``.

    Raises:
        PresetError: it cannot be read, or a value in it cannot be used.
    """
    try:
        said = read_json(path)
        if not isinstance(said, dict):
            raise ValueError("it must hold a JSON object")
        if unknown := set(said) - {*_NEEDED, *_OPTIONAL}:
            raise ValueError(
                f"unknown key(s) {shown(sorted(unknown))}; known: {', '.join((*_NEEDED, *_OPTIONAL))}"
            )
        if missing := [key for key in _NEEDED if key not in said]:
            raise ValueError(f"it lacks {', '.join(map(repr, missing))}, as in {EXAMPLE}")
        return _checked(path, {**_OPTIONAL, **said})
    except (OSError, ValueError) as error:
        refuse(path, str(error))


def _checked(path: Path, said: dict[str, Any]) -> PairConfig:
    files = {key: _beside(path, said[key], key) for key in ("generator", "discriminator")}
    span = said["range"]
    if not isinstance(span, list) or len(span) != 2:
        raise ValueError(f"'range' must be two numbers, black and white, got {shown(span)}")
    low, high = (require_number(value, "'range'") for value in span)
    if not low < high:
        raise ValueError(f"'range' must rise from black to white, got {shown(span)}")
    if said["channels"] not in ("RGB", "BGR"):
        raise ValueError(f"'channels' must be 'RGB' or 'BGR', got {shown(said['channels'])}")
    if said["judgement"] not in (None, *JUDGEMENTS):
        raise ValueError(
            f"'judgement' must be 'probability' or 'logit', got {shown(said['judgement'])}"
        )
    name = said["name"]
    return PairConfig(
        path=path,
        **files,
        low=low,
        high=high,
        channels=said["channels"],
        judgement=said["judgement"],
        name=None if name is None else require_name(name, "'name'"),
        eye_distance=require_number(said["eye_distance"], "'eye_distance'", 0.05, 0.9),
        center_y=require_number(said["center_y"], "'center_y'", 0.0, 1.0),
    )


def _beside(path: Path, name: Any, key: str) -> Path:
    file = require_name(name, f"'{key}'")
    if Path(file).name != file:
        raise ValueError(f"{key!r} must be the name of a file beside it, got {shown(file)}")
    return path.parent / file
