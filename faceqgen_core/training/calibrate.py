"""``faceqgen calibrate``: from a training run to a preset: quality head, mappings to 0..100, config with hashes."""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import math
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.calibration import Calibration, SigmoidMapping
from faceqgen_core.measures import MEASURES
from faceqgen_core.presets import WEIGHTS, load_preset, sha256_of, write_config
from faceqgen_core.training.subjects import FaceSet, best_images
from faceqgen_core.training.train import data_hash, load_faces

logger = logging.getLogger(__name__)

HEAD_UNITS = 96
GOOD_QUALITY, POOR_QUALITY = 88.0, 18.0
"""Quality of the median good original and of the median strongly degraded face, by which the scale is laid."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--run", type=Path, required=True, help="output folder of faceqgen train")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="the training folders")
    parser.add_argument("--subjects", type=Path, help="text file: subject folders to use")
    parser.add_argument("--landmarks", type=Path, help="CSV of known landmarks")
    parser.add_argument(
        "--teacher", type=Path, required=True, help="face-reidentification-retail-0095, .xml"
    )
    parser.add_argument("--name", default="faceqgen-128", help="name of the preset")
    parser.add_argument("--output", type=Path, required=True, help="folder of the preset")
    parser.add_argument("--copies", type=int, default=4, help="degraded copies of each image")
    parser.add_argument("--epochs", type=int, default=12, help="epochs of the quality head")
    parser.add_argument("--seed", type=int, default=0, help="start of every draw")


def scale_between(poor: float, good: float) -> SigmoidMapping:
    """Lay a sigmoid through two native values: ``poor`` -> POOR_QUALITY, ``good`` -> GOOD_QUALITY.

    Raises:
        ValueError: the good value is not above the poor one.
    """
    if not good > poor:
        raise ValueError(f"good faces ({good:.3f}) do not score above poor ones ({poor:.3f})")
    low, high = (math.log(q / (100 - q)) for q in (POOR_QUALITY, GOOD_QUALITY))
    w = (good - poor) / (high - low)
    return SigmoidMapping(x0=poor - low * w, w=w)


def component_mapping(values: NDArray[np.float64], *, higher_is_better: bool) -> SigmoidMapping:
    """Lay a sigmoid over a measure's own spread: median -> 50, quartiles -> 25 and 75."""
    low, middle, high = np.percentile(values, [25, 50, 75])
    w = max(float(high - low), 1e-6) / (2 * math.log(3))
    return SigmoidMapping(x0=float(middle), w=w if higher_is_better else -w)


def _cache_labelled(args: argparse.Namespace, faces: FaceSet, protocol: CropProtocol) -> Any:
    from faceqgen_core.training.labelled import LabelledSet, build_labelled_set
    from faceqgen_core.training.teacher import Teacher

    parts = [args.seed, args.copies, protocol.identifier, sha256_of(args.teacher), data_hash(faces)]
    key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
    store = args.run / "cache" / f"labelled-{key}.npz"
    if store.is_file():
        with np.load(store) as data:
            return LabelledSet(**{k: data[k] for k in data.files})
    labelled = build_labelled_set(
        faces, Teacher(args.teacher, protocol), copies=args.copies, seed=args.seed
    )
    np.savez(store, **vars(labelled))
    return labelled


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from faceqgen_core.networks import build_discriminator, build_generator, build_quality_head
    from faceqgen_core.training.head import extract_features, fit_head, predict

    protocol = CropProtocol()
    settings = json.loads((args.run / "config.json").read_text(encoding="utf-8"))
    widths = settings["generator_width"], settings["discriminator_width"]
    faces = load_faces(argparse.Namespace(**(vars(args) | {"output": args.run})), protocol)
    labelled = _cache_labelled(args, faces, protocol)
    generator = build_generator(size=protocol.size, width=widths[0])
    discriminator = build_discriminator(size=protocol.size, width=widths[1])
    head = build_quality_head(
        size=protocol.size, width=widths[0], patch_width=widths[1], units=HEAD_UNITS
    )
    for network, file in zip((generator, discriminator), WEIGHTS, strict=False):
        network.load_weights(args.run / file)
    features = extract_features(generator, discriminator, labelled.crops)

    names = np.unique(labelled.subjects)
    held_names = np.random.default_rng(args.seed).permutation(names)[: max(1, len(names) // 10)]
    held = np.isin(labelled.subjects, held_names)
    held |= (labelled.subjects == "") & (np.arange(len(held)) % 10 == 0)
    held &= ~((labelled.subjects == "") & (np.arange(len(held)) % 10 != 0))
    curves = fit_head(
        head,
        features,
        labelled,
        np.flatnonzero(~held),
        np.flatnonzero(held),
        epochs=args.epochs,
        seed=args.seed,
    )

    predicted = predict(head, features)
    targets = np.unique(best_images(faces))
    fit = faces.fitness[targets]
    best = targets[fit >= np.percentile(fit, 70)][:600]
    good = float(
        np.median(predict(head, extract_features(generator, discriminator, faces.crops[best])))
    )
    poor = float(np.median(predicted[(labelled.similarity < 0.15) & (labelled.subjects != "")]))
    mappings = {"quality": scale_between(poor, good)}
    for column, (name, measure) in enumerate(MEASURES.items()):
        mappings[name] = component_mapping(
            features.measures[:, column].astype(np.float64),
            higher_is_better=measure.higher_is_better,
        )

    args.output.mkdir(parents=True, exist_ok=True)
    for file in WEIGHTS[:2]:
        shutil.copyfile(args.run / file, args.output / file)
    head.save_weights(args.output / WEIGHTS[2])
    correlation = {
        kind: float(np.corrcoef(predicted[rows], labelled.similarity[rows])[0, 1])
        for kind, rows in (
            ("natural", held & labelled.natural),
            ("degraded", held & ~labelled.natural & (labelled.subjects != "")),
        )
    }
    write_config(
        args.output,
        {
            "name": args.name,
            "networks": {
                "size": protocol.size,
                "generator_width": widths[0],
                "discriminator_width": widths[1],
                "head_units": HEAD_UNITS,
            },
            "crop_protocol": asdict(protocol),
            "calibration": Calibration(mappings).to_config(),
            "training": {
                "settings": settings,
                "data_sha256": data_hash(faces),
                "head_curves": curves,
                "held_back_correlation": correlation,
                "labelled_faces": len(labelled.crops),
                "anchors": {"poor": poor, "good": good},
            },
        },
    )
    preset = load_preset(args.output)
    print(f"{preset.identifier}: held-back correlation {correlation}", file=sys.stderr)
    return 0
