"""``faceqgen recalibrate``: lays a preset's 0..100 quality anew for one camera, from good captures of it.

The networks and the order of all faces stay as they are: the mapping from the predicted similarity to the quality is
drawn through two medians, of the good captures and of poor ones.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.alignment import CropProtocol, crop_whole
from faceqgen_core.calibration import Calibration, SigmoidMapping
from faceqgen_core.degradation import FAMILIES, degrade
from faceqgen_core.image_io import ImageError, load_image
from faceqgen_core.presets import (
    DEFAULT_PRESET,
    WEIGHTS,
    Preset,
    load_preset,
    require_quality,
    write_config,
)
from faceqgen_core.training.calibrate import scale_between
from faceqgen_core.training.data.layouts import Listing, list_subjects
from faceqgen_core.training.data.subjects import align_faces

logger = logging.getLogger(__name__)

LEAST = 20
"""Faces below which a median says too little."""
COPIED = 100
"""Faces of which degraded copies are made, one by each family."""
STRENGTHS = (0.8, 1.0)
"""Least and greatest strength of the degraded copies."""


class Scorer(Protocol):
    """Predicts the mated similarity of crops; ``Restorer`` is one."""

    def restore(self, crops: NDArray[np.uint8]) -> Any:
        """Restore and measure (N, S, S, 3) uint8 RGB crops; the result has ``similarity`` (N,)."""
        ...


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--preset", default=DEFAULT_PRESET, help="name or folder (%(default)s)")
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help=f"folder of good captures of the camera, at least {LEAST} faces; the primary face of each counts",
    )
    parser.add_argument(
        "--poor",
        type=Path,
        help="folder of poor captures of it; without it the good ones are degraded strongly",
    )
    parser.add_argument(
        "--crops", action="store_true", help="each image is a face crop already: detect nothing"
    )
    parser.add_argument("--output", type=Path, required=True, help="folder of the new preset")
    parser.add_argument("--name", help="name of the new preset; else that of its folder")


def _read_crops(listings: list[Listing], protocol: CropProtocol) -> NDArray[np.uint8]:
    crops = []
    for item in listings:
        try:
            crops.append(crop_whole(load_image(item.path), protocol).image)
        except (ImageError, ValueError) as error:
            logger.warning("left out %s: %s", item.name, error)
    return np.stack(crops) if crops else np.empty((0, 0, 0, 3), np.uint8)


def read_faces(folder: Path, protocol: CropProtocol, *, crops: bool) -> NDArray[np.uint8]:
    """Read the primary face of every image below a folder; images without a usable one are left out.

    Args:
        folder: searched with all folders in it.
        protocol: crop protocol of the preset.
        crops: the images are face crops: each is taken whole.

    Returns:
        (N, S, S, 3) uint8 RGB.

    Raises:
        ValueError: no folder, no image, or fewer than ``LEAST`` usable faces.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder: name one with face images")
    listings = list_subjects([folder])
    if crops:
        faces = _read_crops(listings, protocol)
    else:
        try:
            faces = align_faces(listings, protocol).crops
        except ValueError as error:
            raise ValueError(
                f"no usable face in {folder} ({error}): give images with one large face, or add --crops for face crops"
            ) from error
    if len(faces) < LEAST:
        raise ValueError(
            f"{len(faces)} usable face(s) in the {len(listings)} image(s) of {folder}: at least {LEAST} are needed"
        )
    return faces


def degraded_copies(crops: NDArray[np.uint8], *, seed: int = 0) -> NDArray[np.uint8]:
    """Degrade faces strongly, each by every family once; the same for the same faces and seed.

    Args:
        crops: (N, S, S, 3) uint8 RGB; of more than ``COPIED`` a sample is taken.
        seed: start of every draw.

    Returns:
        (M, S, S, 3) uint8 RGB.
    """
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(len(crops))[:COPIED])
    return np.stack(
        [
            degrade(crops[i], family, rng.uniform(*STRENGTHS), rng)
            for i in chosen
            for family in FAMILIES
        ]
    )


def quality_between(good: float, poor: float) -> SigmoidMapping:
    """Lay the mapping from the predicted similarity to the quality through two medians.

    Raises:
        ValueError: the good captures do not score above the poor ones.
    """
    try:
        return scale_between(poor, good)
    except ValueError as error:
        raise ValueError(
            f"{error}: --data must hold the good captures and --poor worse ones of the same camera"
        ) from error


def recalibrate(
    preset: Preset,
    scorer: Scorer,
    good: NDArray[np.uint8],
    poor: NDArray[np.uint8] | None,
    *,
    output: Path,
    name: str,
) -> dict[str, Any]:
    """Write a copy of a preset with another quality mapping.

    Args:
        preset: where weights, crop protocol and the other mappings come from.
        scorer: the preset's ``Restorer``.
        good: good captures, (N, S, S, 3) uint8 RGB crops.
        poor: poor captures, likewise; None makes degraded copies of the good ones.
        output: folder of the new preset.
        name: its name.

    Returns:
        What the new preset notes below ``training.recalibration``: counts, medians of the predicted similarity, their
        quality before and after, hash of the faces.

    Raises:
        ValueError: there is a preset in the folder, or good captures do not score above poor ones.
    """
    refuse_existing(output)
    kind = "captures" if poor is not None else "degraded copies"
    digest = hashlib.sha256(good.tobytes())
    if poor is None:
        poor = degraded_copies(good)
    else:
        digest.update(poor.tobytes())
    medians = {
        part: float(np.median(scorer.restore(crops).similarity))
        for part, crops in (("good", good), ("poor", poor))
    }
    mapping = quality_between(medians["good"], medians["poor"])
    calibration = Calibration({**preset.calibration.mappings, "quality": mapping})
    training = dict(preset.training)
    if "acceptable" in training:  # the same faces shall stay acceptable, on the new scale
        native = preset.calibration.mappings["quality"].inverse(float(training["acceptable"]))
        training["acceptable"] = round(mapping(native), 1)
    note = {
        "from": preset.identifier,
        "faces": {"good": len(good), "poor": len(poor)},
        "poor_faces": kind,
        "medians": medians,
        "quality_before": {k: round(preset.calibration.quality(v), 1) for k, v in medians.items()},
        "quality_after": {k: round(calibration.quality(v), 1) for k, v in medians.items()},
        "data_sha256": digest.hexdigest(),
    }
    output.mkdir(parents=True, exist_ok=True)
    for file in WEIGHTS:
        shutil.copyfile(preset.weights(file), output / file)
    # Last: a folder without config.json is no preset, so that none is ever half.
    write_config(
        output,
        {
            "name": name,
            "networks": dict(preset.networks),
            "crop_protocol": asdict(preset.protocol),
            "calibration": calibration.to_config(),
            "training": {**training, "recalibration": note},
        },
    )
    return note


def refuse_existing(output: Path) -> None:
    """Check that a folder holds no preset.

    Raises:
        ValueError: it does.
    """
    if (output / "config.json").exists() or any((output / file).exists() for file in WEIGHTS):
        raise ValueError(f"there is a preset in {output} already: name another folder")


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from faceqgen_core.restoration import Restorer

    preset = load_preset(args.preset)
    require_quality(preset, "a new scale")
    refuse_existing(args.output)
    good = read_faces(args.data, preset.protocol, crops=args.crops)
    poor = read_faces(args.poor, preset.protocol, crops=args.crops) if args.poor else None
    name = args.name or args.output.resolve().name
    note = recalibrate(preset, Restorer(preset), good, poor, output=args.output, name=name)
    print("       faces  median similarity  quality before  quality after")
    for part in ("good", "poor"):
        columns = (note["medians"], note["quality_before"], note["quality_after"])
        similarity, before, after = (column[part] for column in columns)
        print(
            f"{part}  {note['faces'][part]:>6}  {similarity:>17.3f}  {before:>14.1f}  {after:>13.1f}"
        )
    print(f"{load_preset(args.output).identifier} in {args.output}")
    return 0
