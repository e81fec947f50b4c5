"""``faceqgen calibrate``: from a training run to a preset: quality head, mappings to 0..100, config with hashes."""

from __future__ import annotations

import argparse
import json
import logging
import math
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.calibration import Calibration, SigmoidMapping
from faceqgen_core.measures import MEASURES
from faceqgen_core.measures.region import face_region
from faceqgen_core.presets import WEIGHTS, load_preset, write_config
from faceqgen_core.training.data.subjects import best_images, split_subjects
from faceqgen_core.training.labels.labelled_set import LabelledSet
from faceqgen_core.training.labels.recognisability import cut_off, nearer_to_own
from faceqgen_core.training.loop.provenance import data_hash
from faceqgen_core.training.recognisers.teachers import hash_teachers, load_teachers
from faceqgen_core.training.train import (
    add_data_arguments,
    add_geometry_arguments,
    load_faces,
    target_faces,
)

logger = logging.getLogger(__name__)

HEAD_UNITS = 96
GOOD_QUALITY, POOR_QUALITY = 90.0, 6.0
"""Quality of the median good original and of the median strongly degraded face, by which the scale is laid."""
POOR_BELOW = 0.15
"""Label under which a degraded face counts as strongly degraded."""
ACCEPTABLE_DISCARD = 0.05
"""Share of untouched held-back faces that the threshold "acceptable" of the model card leaves out."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--run", type=Path, required=True, help="output folder of faceqgen train")
    add_data_arguments(parser)
    parser.add_argument(
        "--teacher",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="recognisers, as for faceqgen train",
    )
    add_geometry_arguments(parser)
    parser.add_argument("--name", default="faceqgen-128", help="name of the preset")
    parser.add_argument("--output", type=Path, required=True, help="folder of the preset")
    parser.add_argument(
        "--most", type=int, default=40_000, help="labelled faces to fit on at most (%(default)s)"
    )
    parser.add_argument("--epochs", type=int, default=6, help="epochs of the quality head")


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


def _recognisable(
    teachers: Sequence[Path],
    labelled: LabelledSet,
    held: NDArray[np.int64],
    predicted: NDArray[np.float64],
    subjects: NDArray[np.str_],
) -> float | None:
    """The predicted similarity from which on held-back faces are recognisable by the first teacher; None without one."""
    if not teachers:
        return None
    chosen = held[labelled.rows[held] >= 0]
    embeddings = load_teachers(teachers[:1], CropProtocol())[0].embed(labelled.crops[chosen])
    missing = labelled.identities.shape[1] - embeddings.shape[1]
    nearer, known = nearer_to_own(
        np.pad(embeddings, ((0, 0), (0, missing))),
        labelled.rows[chosen],
        labelled.identities,
        subjects,
    )
    return cut_off(np.asarray(predicted[chosen[known]], np.float64), nearer[known])


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from faceqgen_core.networks.scorer import build_networks
    from faceqgen_core.training.loop.discriminator_stage import (
        correlations,
        labelled_set,
        split_labelled,
    )
    from faceqgen_core.training.networks.head import extract_features, fit_head, predict

    protocol = CropProtocol()
    settings = json.loads((args.run / "config.json").read_text(encoding="utf-8"))
    networks = {
        "size": protocol.size,
        "generator_width": settings["generator_width"],
        "discriminator_width": settings["discriminator_width"],
        "head_units": HEAD_UNITS,
        "code": settings["code"],
    }
    of_run = argparse.Namespace(**(vars(args) | {"output": args.run}))
    faces = load_faces(of_run, protocol)
    best_rows = best_images(faces)
    labelled = labelled_set(
        target_faces(faces, best_rows, of_run),
        teachers=args.teacher,
        protocol=protocol,
        copies=settings["copies"],
        seed=settings["seed"],
        cache=args.run / "cache",
    )
    if len(labelled.crops) > args.most:
        rng = np.random.default_rng(settings["seed"])
        labelled = labelled.take(np.sort(rng.permutation(len(labelled.crops))[: args.most]))
    generator, discriminator, head = build_networks(networks)
    for network, file in zip((generator, discriminator), WEIGHTS, strict=False):
        network.load_weights(args.run / file)
    region = face_region(protocol)
    features = extract_features(generator, discriminator, labelled.crops, region=region)
    _, held_faces = split_subjects(faces, share=settings["held_back"], seed=settings["seed"])
    rows, held = split_labelled(labelled, held_faces)
    curves = fit_head(
        head, features, labelled, rows, held, epochs=args.epochs, seed=settings["seed"]
    )

    predicted = predict(head, features)
    targets = np.unique(best_rows)
    fit = faces.fitness[targets]
    best = targets[fit >= np.percentile(fit, 70)][:600]
    shown = extract_features(generator, discriminator, faces.crops[best], region=region)
    good = float(np.median(predict(head, shown)))
    poor = float(np.median(predicted[(labelled.similarity < POOR_BELOW) & labelled.degraded]))
    mappings = {"quality": scale_between(poor, good)}
    for column, (name, measure) in enumerate(MEASURES.items()):
        mappings[name] = component_mapping(
            features.measures[:, column].astype(np.float64),
            higher_is_better=measure.higher_is_better,
        )
    recognisable = _recognisable(args.teacher, labelled, held, predicted, faces.subjects)
    natural = predicted[held][labelled.natural[held]]
    acceptable = mappings["quality"](float(np.percentile(natural, 100 * ACCEPTABLE_DISCARD)))

    args.output.mkdir(parents=True, exist_ok=True)
    for file in WEIGHTS[:2]:
        shutil.copyfile(args.run / file, args.output / file)
    head.save_weights(args.output / WEIGHTS[2])
    correlation = correlations(predicted[held], labelled, held)
    write_config(
        args.output,
        {
            "name": args.name,
            "networks": networks,
            "crop_protocol": asdict(protocol),
            "calibration": Calibration(mappings).to_config(),
            "training": {
                "settings": settings,
                "data_sha256": data_hash(faces),
                "teachers": hash_teachers(args.teacher),
                "head_curves": curves,
                "held_back_correlation": correlation,
                "labelled_faces": len(labelled.crops),
                "anchors": {"poor": poor, "good": good},
                "acceptable": round(acceptable, 1),
                "recognisable": None
                if recognisable is None
                else round(mappings["quality"](recognisable), 1),
            },
        },
    )
    preset = load_preset(args.output)
    print(f"{preset.identifier}: held-back correlation {correlation}", file=sys.stderr)
    return 0
