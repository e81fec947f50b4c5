"""``faceqgen score``: images -> scores CSV, row by row as they come."""

from __future__ import annotations

import argparse
import hashlib
import logging
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from faceqgen_core.presets import DEFAULT_PRESET
from faceqgen_core.score_table import ScoreWriter, open_table
from faceqgen_core.types import Assessment, Status

logger = logging.getLogger(__name__)

IMAGE_SUFFIXES = frozenset(
    {".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pgm", ".png", ".ppm"}
    | {".jp2", ".tif", ".tiff", ".webp"}
)
"""What is taken from a folder. A file named by itself is read whatever it is called."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        type=Path,
        help="image, or folder: all images in it and below, hidden ones left out",
    )
    parser.add_argument("--output", type=Path, required=True, help="CSV file to write")
    parser.add_argument(
        "--crops", action="store_true", help="each image is a face crop already: detect nothing"
    )
    parser.add_argument(
        "--all-faces", action="store_true", help="a row for every face, not the primary one alone"
    )
    parser.add_argument("--restored-dir", type=Path, help="folder for the restored crops, as PNG")
    parser.add_argument("--preset", default=DEFAULT_PRESET, help="name or folder (%(default)s)")
    parser.add_argument("--batch-size", type=int, default=32, help="faces a call (%(default)s)")
    parser.add_argument("--device", default="auto", help="auto, cpu, gpu or gpu:N (%(default)s)")


def find_images(paths: Iterable[Path], *, without: Sequence[Path] = ()) -> list[Path]:
    """List images: files as named, folders searched in sorted order; each path once, however often it is named.

    Args:
        paths: files and folders.
        without: folders whose content is left out of the search, for what this command writes itself.

    Raises:
        ValueError: a path does not exist, or a folder holds no image.
    """
    left_out = {os.path.realpath(folder) for folder in without}
    found: dict[str, Path] = {}
    for path in paths:
        if path.is_dir():
            inside = sorted(_walk(path, left_out), key=lambda p: p.parts)
            if not inside:
                raise ValueError(
                    f"no image in the folder {path}; looked for {', '.join(sorted(IMAGE_SUFFIXES))}"
                )
        elif path.exists():
            inside = [path]
        else:
            raise ValueError(f"no such file or folder: {path}")
        for image in inside:
            found.setdefault(os.path.abspath(image), image)
    return list(found.values())


def _walk(folder: Path, left_out: set[str]) -> Iterator[Path]:
    seen = set(left_out)

    def not_searched(error: OSError) -> None:
        logger.warning("not searched: %s", error)

    for here, folders, files in os.walk(folder, onerror=not_searched, followlinks=True):
        real = os.path.realpath(here)
        if real in seen:  # a link back up, or to what was searched already
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in IMAGE_SUFFIXES:
                yield Path(here, name)


def restored_name(source: str, face: int) -> str:
    """File name of a restored crop: stem, face, and a hash of the whole path, so that no two inputs share one."""
    digest = hashlib.sha256(os.fsencode(os.path.abspath(source))).hexdigest()[:16]
    stem = os.fsencode(Path(source).stem)[:100].decode("utf-8", "ignore")
    return f"{stem}-{digest}-face{face}.png"


def _save_restored(assessment: Assessment, folder: Path) -> str:
    from faceqgen_core.image_io import save_png

    if assessment.restored is None:
        return ""
    path = folder / restored_name(assessment.source, assessment.face)
    save_png(path, assessment.restored)
    return str(path)


def run(args: argparse.Namespace) -> int:
    """Run the command.

    Raises:
        ValueError: a path, the preset, the device or the detector is not usable.
    """
    from faceqgen_core.assessor import FaceQualityAssessor
    from faceqgen_core.detection import DetectorError
    from faceqgen_core.presets import load_preset
    from faceqgen_core.restoration import Restorer

    folder: Path | None = args.restored_dir
    images = find_images(args.paths, without=[] if folder is None else [folder])
    if os.path.abspath(args.output) in {os.path.abspath(image) for image in images}:
        raise ValueError(f"--output {args.output} is one of the images to score")
    # Everything that can be wrong about the call comes before the file of an earlier run is replaced.
    preset = load_preset(args.preset)
    restorer = Restorer(preset, batch_size=args.batch_size, device=args.device)
    assessor = FaceQualityAssessor(
        preset, batch_size=args.batch_size, device=args.device, restorer=restorer
    )
    for needed in (args.output.parent, *([] if folder is None else [folder])):
        needed.mkdir(parents=True, exist_ok=True)
    stream = assessor.assess(
        (str(image) for image in images),
        faces="crop" if args.crops else "detect",
        all_faces=args.all_faces,
        restored=folder is not None,
    )
    try:
        _write(stream, args.output, folder, len(images))
    except DetectorError as error:
        raise ValueError(str(error)) from error
    return 0


def _write(stream: Iterator[Assessment], output: Path, folder: Path | None, images: int) -> None:
    """Write rows as they come; the counts are printed even if the run ends early."""
    from tqdm import tqdm

    counts: Counter[Status] = Counter()
    progress = tqdm(total=images, desc="score", unit="image", file=sys.stderr)
    try:
        with open_table(output, "w") as file:
            writer = ScoreWriter(file)
            for assessment in stream:
                restored = "" if folder is None else _save_restored(assessment, folder)
                writer.add(assessment, restored_path=restored)
                counts[assessment.status] += 1
                progress.update(assessment.index + 1 - progress.n)
    finally:
        progress.close()
        print(_summary(counts, images, output))


def _summary(counts: Counter[Status], images: int, output: Path) -> str:
    lines = [f"{sum(counts.values())} rows for {images} images: {output}"]
    lines += [f"  {counts[s]:7d}  {s.value}" for s in Status if counts[s] or s is Status.SCORED]
    return "\n".join(lines)
