"""``faceqgen train``: from folders of subjects to the weights of the restoration GAN."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.training.config import TrainingConfig
from faceqgen_core.training.data.layouts import LAYOUTS, list_images
from faceqgen_core.training.data.subjects import (
    FaceSet,
    align_faces,
    best_images,
    read_landmarks,
    split_subjects,
)
from faceqgen_core.training.data.targeted_faces import TargetedFaces
from faceqgen_core.training.geometry.face_geometry import read_geometry
from faceqgen_core.training.loop.provenance import write_provenance
from faceqgen_core.training.recognisers.teachers import hash_teachers


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that ``load_faces`` reads."""
    parser.add_argument(
        "--data",
        type=Path,
        nargs="+",
        required=True,
        help="the training folders, or the CSV files of --layout list",
    )
    parser.add_argument(
        "--layout",
        choices=LAYOUTS,
        default="subjects",
        help="subjects: <root>/<subject>/<image>; scface: SCface as distributed; list: CSV of input,target",
    )
    parser.add_argument(
        "--infrared", action="store_true", help="with --layout scface: cameras 6 to 8, too"
    )
    parser.add_argument("--subjects", type=Path, help="text file: the subjects to train on")
    parser.add_argument(
        "--landmarks", type=Path, help="CSV of known landmarks; the rest is detected"
    )


def add_geometry_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that ``target_faces`` reads."""
    parser.add_argument(
        "--mesh",
        type=Path,
        metavar="FILE",
        help="MediaPipe's face mesh (face_landmark.tflite): heads are turned in three dimensions; with --person",
    )
    parser.add_argument(
        "--person",
        type=Path,
        metavar="FILE",
        help="MediaPipe's selfie segmentation (selfie_segmentation.tflite): backgrounds are evened by true masks",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_data_arguments(parser)
    parser.add_argument("--output", type=Path, required=True, help="folder for weights and logs")
    parser.add_argument("--targets", type=Path, help="text file: <root>/<subject>/<best image>")
    parser.add_argument("--config", type=Path, help="JSON file with training settings")
    parser.add_argument(
        "--teacher",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="recognisers, face-reidentification-retail-0095 (.xml), MobileFaceNet (.tflite) and dlib's (.dat): their "
        "comparison scores grade the originals; without one the known strengths of the degradations do",
    )
    add_geometry_arguments(parser)
    parser.add_argument(
        "--start-from",
        type=Path,
        help="folder of a preset or of a run of the same widths: set out from its weights",
    )
    parser.add_argument("--steps", type=int, help="steps, instead of the configured number")
    parser.add_argument("--batch-size", type=int, help="pairs a step")
    parser.add_argument("--seed", type=int, help="start of every draw")
    parser.add_argument(
        "--budget-minutes", type=float, help="stop with a checkpoint after this long"
    )
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="processes that draw pairs beside the training, 0: a thread; default: for long runs one for every core but one",
    )
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")


def read_lines(path: Path | None) -> set[str] | None:
    """Read the stripped, non-empty lines of a text file; None for no file."""
    if path is None:
        return None
    return {line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()}


def load_faces(args: argparse.Namespace, protocol: CropProtocol) -> FaceSet:
    """List, align and cache the faces that the options name."""
    listings = list_images(
        args.data,
        layout=getattr(args, "layout", "subjects"),
        keep=read_lines(args.subjects),
        infrared=getattr(args, "infrared", False),
    )
    known = read_landmarks(args.landmarks) if args.landmarks else None
    return align_faces(listings, protocol, known=known, cache=args.output / "cache")


def target_faces(
    faces: FaceSet, best: NDArray[np.int64], args: argparse.Namespace
) -> TargetedFaces:
    """Read meshes and masks with the files that the options name, or from the cache, and choose the targets.

    Raises:
        ValueError: one of the two files is given without the other, missing or no such network.
    """
    mesh, person = getattr(args, "mesh", None), getattr(args, "person", None)
    if (mesh is None) != (person is None):
        raise ValueError("--mesh and --person go together: heads are turned before true masks")
    geometry = None
    if mesh is not None and person is not None:
        geometry = read_geometry(faces.crops, mesh=mesh, person=person, cache=args.output / "cache")
    return TargetedFaces.of(faces, best, geometry)


def train(
    faces: FaceSet, best: NDArray[np.int64], config: TrainingConfig, args: argparse.Namespace
) -> Path:
    """Train both networks; returns the folder with their weights.

    ``args`` carries output, resume, budget_minutes, teacher, mesh, person and start_from. Held-back subjects serve the reports alone.

    Raises:
        ValueError: the folder holds a run already, or one with other settings is resumed.
    """
    import keras

    from faceqgen_core.networks import build_discriminator, build_generator
    from faceqgen_core.presets import WEIGHTS
    from faceqgen_core.training.loop.discriminator_stage import grade, labelled_set, split_labelled
    from faceqgen_core.training.loop.generator_stage import Restoring, load_earlier, take_over
    from faceqgen_core.training.networks.gradient import precision

    output: Path = args.output
    if not args.resume and any((output / n).is_file() for n in ("grading.npz", "checkpoint.npz")):
        raise ValueError(
            f"{output} holds a checkpoint already: add --resume or choose another --output"
        )
    if (output / WEIGHTS[-1]).is_file():
        raise ValueError(
            f"{output} holds a preset, whose config.json this would replace: choose another --output"
        )
    output.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(config.seed)
    rows = split_subjects(faces, share=config.held_back, seed=config.seed)
    size = faces.crops.shape[1]
    (output / "config.json").write_text(json.dumps(asdict(config), indent=2) + "\n")
    write_provenance(
        output / "provenance.json",
        faces,
        precision=config.precision,
        teachers=hash_teachers(args.teacher),
    )
    data = target_faces(faces, best, args)
    labelled = labelled_set(
        data,
        teachers=args.teacher,
        protocol=CropProtocol(),
        copies=config.copies,
        seed=config.seed,
        cache=output / "cache",
    )
    graded_rows = split_labelled(labelled, rows[1])
    restoring = Restoring(data, rows, config, args)
    with precision(config.precision):
        discriminator = build_discriminator(size=size, width=config.discriminator_width)
    generator = None
    if args.start_from:
        generator = build_generator(size=size, width=config.generator_width, code=config.code)
        earlier = build_discriminator(size=size, width=config.discriminator_width)
        for network, file in zip((generator, earlier), WEIGHTS, strict=False):
            load_earlier(network, args.start_from / file)
        take_over(discriminator, earlier)
    started = time.monotonic()
    if config.grading_steps and not grade(discriminator, labelled, graded_rows, config, args):
        return output
    restoring.run(discriminator, generator, used=(time.monotonic() - started) / 60)
    return output


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    config = TrainingConfig.from_file(args.config) if args.config else TrainingConfig()
    changes = {
        k: v
        for k in ("steps", "batch_size", "seed")
        if (v := getattr(args, k.replace("-", "_"))) is not None
    }
    config = TrainingConfig(**(asdict(config) | changes))
    faces = load_faces(args, CropProtocol())
    best = best_images(faces, named=read_lines(args.targets))
    print(f"{len(faces.crops)} faces of {len(set(faces.subjects))} subjects", file=sys.stderr)
    train(faces, best, config, args)
    return 0
