"""Presets: a folder with everything a score depends on, verified before anything runs.

``models/<name>/`` (of an installed package: ``faceqgen_core/models/<name>/``) holds ``config.json`` (networks, crop
protocol, calibration, SHA-256 of the weights), the weights and the model card. Loading a preset imports no network library, needs no network connection and downloads nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from faceqgen_core.alignment import CropProtocol, align, crop_whole
from faceqgen_core.calibration import Calibration
from faceqgen_core.preset_checks import (
    read_json,
    require_digest,
    require_name,
    require_number,
    require_wholes,
    shown,
)
from faceqgen_core.vocabulary import DEFAULT_PRESET as DEFAULT_PRESET
from faceqgen_core.vocabulary import MEASURES, ExtraMeasure
from faceqgen_core.whole_files import written_whole

if TYPE_CHECKING:
    from faceqgen_core.restoration import CropRestorer
    from faceqgen_core.types import FaceBox, FaceCrop, Image

FORMAT = 3
WEIGHTS = ("generator.weights.h5", "discriminator.weights.h5", "quality_head.weights.h5")
_KEYS = {"format", "name", "networks", "crop_protocol", "calibration", "weights", "training"}
_NETWORK_LIMITS = {
    "size": (16, 512),
    "generator_width": (8, 128),
    "discriminator_width": (8, 128),
    "head_units": (1, 1024),
    "code": (1, 4096),
}


class PresetError(ValueError):
    """A preset is missing, incomplete or altered; the message says what and where."""


@dataclass(frozen=True)
class Preset:
    """A verified preset.

    Attributes:
        name: its name.
        folder: where its files lie.
        identifier: name and the first eight hex digits of the hash over its weights and parameters; stored with scores.
        networks: numbers from which the networks are built.
        protocol: the crop protocol.
        calibration: mappings to 0..100.
        training: where the weights come from (free form).
        aligns: whether a face's landmarks decide how it is cut out.
        explains: whether it gives a quality, and with it reasons and changes.
        restores: whether it makes pictures.
        notice: what a user should know of scores that it makes, in a sentence; "" for nothing.
    """

    aligns: ClassVar[bool] = True
    explains: ClassVar[bool] = True
    restores: ClassVar[bool] = True
    notice: ClassVar[str] = ""

    name: str
    folder: Path
    identifier: str
    networks: Mapping[str, int]
    protocol: CropProtocol
    calibration: Calibration
    training: Mapping[str, Any]

    @property
    def extra_measures(self) -> tuple[ExtraMeasure, ...]:
        """Its scores beside those of ``vocabulary.SCORES``."""
        return ()

    def weights(self, file: str) -> Path:
        """Path of one of the weight files named in ``WEIGHTS``."""
        return self.folder / file

    def cut(self, pixels: Image, box: FaceBox | None = None) -> FaceCrop:
        """Cut a face out as the networks take it.

        Args:
            pixels: (H, W, 3) uint8 RGB.
            box: of the face; None: the image is the crop of one.

        Raises:
            ValueError: the box's landmarks admit no transform.
        """
        return (
            crop_whole(pixels, self.protocol) if box is None else align(pixels, box, self.protocol)
        )

    def scores(self, numbers: Mapping[str, float]) -> dict[str, Any]:
        """Values of an ``Assessment`` from what the networks give for a face: native measures and similarity."""
        native = {name: numbers[name] for name in MEASURES}
        return {
            "quality": self.calibration.quality(numbers["similarity"]),
            **native,
            "components": self.calibration.components(native),
        }

    def restorer(self, *, batch_size: int = 32, device: str = "auto") -> CropRestorer:
        """Load the networks, see ``restoration.Restorer``.

        Raises:
            ValueError: a batch size under 1 or an unknown or absent device.
            PresetError: weights that do not fit.
        """
        from faceqgen_core.restoration import Restorer

        return Restorer(self, batch_size=batch_size, device=device)


def models_folder() -> Path:
    """Folder of the presets that come with the project: inside an installed package, beside it in a checkout."""
    package = Path(str(resources.files("faceqgen_core"))).resolve()
    inside = package / "models"
    return inside if inside.is_dir() else package.parent / "models"


def sha256_of(path: Path) -> str:
    """SHA-256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def list_presets() -> list[str]:
    """Names of the presets that come with the project, sorted."""
    return sorted(p.parent.name for p in models_folder().glob("*/config.json"))


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    if not path.is_file():
        raise PresetError(
            f"no preset at {folder}: config.json is missing; known presets: {', '.join(list_presets()) or 'none'}"
        )
    try:
        config = read_json(path)
    except ValueError as error:
        raise PresetError(f"{path} is not readable JSON: {error}") from error
    if not isinstance(config, dict):
        raise PresetError(f"{path} must hold a JSON object")
    if unknown := set(config) - _KEYS:
        raise PresetError(
            f"{path}: unknown key(s) {shown(sorted(unknown))}; known: {sorted(_KEYS)}"
        )
    if missing := _KEYS - {"training"} - set(config):
        raise PresetError(f"{path}: missing key(s) {sorted(missing)}")
    if config["format"] != FORMAT:
        raise PresetError(f"{path}: format {shown(config['format'])}, {_other_format(config)}")
    for key in ("networks", "crop_protocol", "calibration", "weights"):
        if not isinstance(config[key], dict):
            raise PresetError(f"{path}: {key!r} must be a JSON object")
    if set(config["weights"]) != set(WEIGHTS):
        raise PresetError(f"{path}: 'weights' must name exactly {', '.join(WEIGHTS)}")
    try:
        _check_values(config)
    except ValueError as error:
        raise PresetError(f"{path}: {error}") from error
    return config


def _other_format(config: Mapping[str, Any]) -> str:
    wanted = f"this version reads format {FORMAT}"
    if config["format"] in (1, 2):
        return (
            f"{wanted}: the networks of {shown(config['name'])} correct a face, those of today draw it anew, so that its weights "
            f"fit no more. Use the preset {DEFAULT_PRESET!r} that comes with this version, or train one of your own with "
            "faceqgen train; to keep the old scores, stay with the version of the plugin that made them"
        )
    return f"{wanted}: it was made with another version of the plugin; use that one, or the preset {DEFAULT_PRESET!r}"


def identify(config: Mapping[str, Any]) -> str:
    """The identifier of the preset with this configuration: its name, and the hash of what a score depends on.

    Raises:
        KeyError: the configuration lacks one of its parts.
    """
    scored_by = {k: config[k] for k in ("networks", "crop_protocol", "calibration", "weights")}
    digest = hashlib.sha256(json.dumps(scored_by, sort_keys=True).encode()).hexdigest()
    return f"{config['name']}@{digest[:8]}"


def _check_values(config: dict[str, Any]) -> None:
    require_name(config["name"], "'name'")
    require_wholes(config["networks"], "'networks'", _NETWORK_LIMITS)
    for file, digest in config["weights"].items():
        require_digest(digest, f"'weights': {file!r}")
    training = config.setdefault("training", {})
    if not isinstance(training, dict):
        raise ValueError(f"'training' must be a JSON object, got {shown(training)}")
    if "acceptable" in training:
        require_number(training["acceptable"], "'training': 'acceptable'", 0, 100)


def load_preset(name_or_path: str | os.PathLike[str] = DEFAULT_PRESET) -> Preset:
    """Load and verify a preset by name or by folder, or a network from elsewhere by its file.

    From elsewhere: FaceQnet's ``.h5``, or a generator and a discriminator that a ``pair.json`` names (it, its folder, or one
    of the two files). They are ``foreign.ForeignPreset``: no quality of 0 to 100.

    Raises:
        PresetError: unknown name, missing file, unknown or missing key, or weights whose SHA-256 differs; of a network from
            elsewhere, layers of its own, a pickle, or anything else that would run code.
    """
    text = os.fspath(name_or_path)
    shipped = models_folder() / text
    # A bare name is always ours: a folder that happens to lie in the working directory must not replace it.
    folder = shipped if os.path.basename(text) == text and shipped.is_dir() else Path(text)
    if folder is not shipped:
        from faceqgen_core.foreign.opening import is_foreign, open_foreign

        if is_foreign(folder):
            return open_foreign(folder)
    config = _read_config(folder)
    for file, expected in config["weights"].items():
        path = folder / file
        if not path.is_file():
            raise PresetError(f"preset {text!r}: {path} is missing; fetch the preset again")
        if (actual := sha256_of(path)) != expected:
            raise PresetError(
                f"preset {text!r}: {path} has SHA-256 {actual[:12]}..., config.json says {str(expected)[:12]}...; "
                "the file is damaged or altered: fetch the preset again"
            )
    try:
        protocol = CropProtocol.from_config(config["crop_protocol"])
        calibration = Calibration.from_config(config["calibration"])
    except (TypeError, ValueError) as error:
        raise PresetError(f"{folder / 'config.json'}: {error}") from error
    if protocol.size != config["networks"]["size"]:
        raise PresetError(f"{folder}: crop size {protocol.size} is not the networks' size")
    return Preset(
        name=config["name"],
        folder=folder,
        identifier=identify(config),
        networks=config["networks"],
        protocol=protocol,
        calibration=calibration,
        training=config["training"],
    )


def require_quality(preset: Preset, work: str) -> None:
    """Check that a preset is one of ours, with a quality head and its calibration.

    Args:
        preset: any.
        work: what needs it, for the message.

    Raises:
        ValueError: it is a network from elsewhere.
    """
    if not preset.explains:
        raise ValueError(
            f"{work} needs a preset of ours: {preset.name!r} is a network from elsewhere and gives no quality of 0 to 100"
        )


def write_config(folder: Path, config: Mapping[str, Any]) -> None:
    """Write a preset's config.json with the hashes of the weights that lie in the folder, by a rename."""
    complete = dict(config)
    complete["format"] = FORMAT
    complete["weights"] = {file: sha256_of(folder / file) for file in WEIGHTS}
    with written_whole(folder / "config.json", durable=True) as temporary:
        temporary.write_text(
            json.dumps(complete, indent=2, sort_keys=True) + "\n", encoding="utf-8"
        )
