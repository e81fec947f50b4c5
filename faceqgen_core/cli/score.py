"""``faceqgen score``: images -> scores CSV, or the text file of the original repository.

The rows of each image go to a journal beside the output as soon as they are known; the output itself appears whole, when
all is done. The same call again takes from the journal what has not changed.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faceqgen_core.cli import score_on_ray
from faceqgen_core.image_io import DEFAULT_MAX_PIXELS
from faceqgen_core.media.image_list import find_images, path_or_address
from faceqgen_core.media.remote import is_remote, short_name
from faceqgen_core.presets import DEFAULT_PRESET, Preset
from faceqgen_core.tables.csv_cells import plain_cell
from faceqgen_core.tables.score_journal import ScoreJournal, State, file_state
from faceqgen_core.tables.score_output import require_own_or_free
from faceqgen_core.tables.score_table import ScoreWriter, open_table, row
from faceqgen_core.tables.score_text import DEFAULT_NAME, default_folder, write_lines
from faceqgen_core.types import Assessment, Status
from faceqgen_core.whole_files import sweep, written_whole

logger = logging.getLogger(__name__)

FORMATS = ("csv", "faceqnet")
_CHANGES_PICTURES = ("preset", "crops", "find_turned", "small_faces")
"""Settings that a restored crop depends on."""

_TRIED_AGAIN = {Status.UNREADABLE.value, Status.FAILED.value}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.set_defaults(wrong_call=parser.error)
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        type=path_or_address,
        help="image, or folder: all images in it and below, hidden ones left out; here, or in a remote place (s3://, "
        'gs://, https://, ...), for which the extra "cloud" is needed; with --format faceqnet it may be left out: the crops '
        "in Samples_cropped or src/Samples_cropped",
    )
    parser.add_argument(
        "--output", type=path_or_address, help="file to write; of --engine ray a folder"
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="csv",
        help="csv: all there is to know; faceqnet: the text file of the original, img;score, which is called "
        f"{DEFAULT_NAME} unless --output says otherwise (%(default)s)",
    )
    parser.add_argument(
        "--crops", action="store_true", help="each image is a face crop already: detect nothing"
    )
    parser.add_argument(
        "--all-faces", action="store_true", help="a row for every face, not the primary one alone"
    )
    parser.add_argument(
        "--find-turned",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="look for faces in an image turned by 90, 180 and 270 degrees where none upright is sure (%(default)s)",
    )
    parser.add_argument("--restored-dir", type=Path, help="folder for the restored crops, as PNG")
    parser.add_argument(
        "--extra-score",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="JSON file of another quality network in ONNX that scores the same faces, in a column of its own; may be given "
        "several times",
    )
    parser.add_argument(
        "--preset",
        default=DEFAULT_PRESET,
        help="name or folder; or FaceQnet's .h5, or the pair.json of a generator and a discriminator (%(default)s)",
    )
    parser.add_argument("--batch-size", type=int, default=32, help="faces a call (%(default)s)")
    parser.add_argument("--device", default="auto", help="auto, cpu, gpu or gpu:N (%(default)s)")
    parser.add_argument(
        "--max-pixels",
        type=int,
        default=DEFAULT_MAX_PIXELS,
        metavar="N",
        help="images with more pixels get the status too_large (%(default)s)",
    )
    score_on_ray.add_arguments(parser)
    parser.add_argument(
        "--small-faces",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="look at photographs of more than 1024 pixels a side in which no face is found in tiles at full size, too: slower "
        "(%(default)s)",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="score all images anew, and replace the output whatever it is; by default images that have not changed since an "
        "earlier run with the same output and settings keep their scores",
    )


def restored_name(source: str, face: int, way: str = "") -> str:
    """File name of a restored crop: stem, face, and a hash of the whole path, so that no two inputs share one.

    Args:
        source: path or address of the image.
        face: number of the face.
        way: how it is restored, since two runs may write to one folder: what differs gets another name.
    """
    name = short_name(source) if is_remote(source) else source
    stem = os.fsencode(Path(name).stem)[:100].decode("utf-8", "ignore")
    return f"{stem}-{_digest(source, way)}-face{face}.png"


def _digest(source: str, way: str) -> str:
    whole = source if is_remote(source) else os.path.abspath(source)
    return hashlib.sha256(os.fsencode(whole) + way.encode()).hexdigest()[:16]


@dataclass
class _Run:
    """One run: what is to be done, and what became of it."""

    images: Sequence[Path | str]
    output: Path
    folder: Path | None
    all_faces: bool
    journal: ScoreJournal
    text: bool = False
    extra: dict[str, str] = field(default_factory=dict)
    way: str = ""
    todo: list[tuple[str, State | None]] = field(default_factory=list)
    missing: Counter[str] = field(default_factory=Counter)

    def choose(self) -> None:
        """Leave out the images of which an earlier run has scores that still hold."""
        for image in map(str, self.images):
            if not (self.journal.unchanged(image) and self._holds(image)):
                self.todo.append((image, file_state(image)))

    def sweep(self) -> None:
        """Remove what a killed run has left half written; whoever holds the journal is the only one to write these files."""
        sweep(self.output.parent, mine=lambda name: name == self.output.name)
        if self.folder is None:
            return
        own: set[str] = set()

        def is_ours(name: str) -> bool:
            if not own:
                own.update(_digest(str(image), self.way) for image in self.images)
            return name.rpartition("-face")[0][-16:] in own

        sweep(self.folder, mine=is_ours)

    def _holds(self, image: str) -> bool:
        for cells in self.journal.rows(image):
            if cells["status"] in _TRIED_AGAIN:
                return False
            if self.folder is not None and cells["status"] == Status.SCORED.value:
                restored = plain_cell(cells["restored_path"])
                if not restored or not os.path.isfile(restored):
                    return False
        return True

    def score(self, stream: Iterator[Assessment]) -> None:
        """Write the rows of each image to the journal when its last face is there."""
        from tqdm import tqdm

        rows: list[dict[str, str]] = []
        earlier = len(self.images) - len(self.todo)
        total, unit = len(self.images), "image"
        with tqdm(total=total, initial=earlier, desc="score", unit=unit, file=sys.stderr) as bar:
            for assessment in stream:
                restored = self._save_restored(assessment)
                rows.append(row(assessment, restored_path=restored, extra=self.extra))
                if len(rows) == (max(1, assessment.num_faces) if self.all_faces else 1):
                    self.journal.add(*self.todo[assessment.index], rows)
                    rows = []
                    bar.update(earlier + assessment.index + 1 - bar.n)

    def _save_restored(self, assessment: Assessment) -> str:
        """Write the restored crop; a disk that fails costs the file, not the scores."""
        from faceqgen_core.image_io import save_png

        if assessment.restored is None or self.folder is None:
            return ""
        path = self.folder / restored_name(assessment.source, assessment.face, self.way)
        try:
            save_png(path, assessment.restored)
        except OSError as error:
            logger.info("%s: %s", path, error)
            self.missing[(error.strerror or str(error)).lower()] += 1
            return ""
        return str(path)

    def write(self) -> None:
        """Write the output: the rows of all images that have some, in the order of the images."""
        with written_whole(self.output) as temporary:
            if self.text:
                write_lines(temporary, self._rows())
                return
            with open_table(temporary, "w") as file:
                writer = ScoreWriter(file, extra=self.extra)
                for cells in self._rows():
                    writer.add_row(cells)

    def _rows(self) -> Iterator[Mapping[str, str]]:
        for image in map(str, self.images):
            yield from self.journal.rows(image)

    def summary(self) -> str:
        """What is known of the images, in lines."""
        counts: Counter[str] = Counter()
        for image in map(str, self.images):
            counts.update(cells["status"] for cells in self.journal.rows(image))
        lines = [f"{sum(counts.values())} rows for {len(self.images)} images: {self.output}"]
        lines += [
            f"  {counts[s.value]:7d}  {s.value}"
            for s in Status
            if counts[s.value] or s is Status.SCORED
        ]
        if earlier := len(self.images) - len(self.todo):
            lines.append(f"  {earlier} of the images had their scores from an earlier run")
        for reason, number in self.missing.most_common():
            lines.append(
                f"  {number} restored images are missing in {self.folder}: {reason}; "
                "the same call again makes them"
            )
        if self.journal.problem:
            lines.append(f"  the journal could not be written: {self.journal.problem}")
        return "\n".join(lines)


def _fill_in(args: argparse.Namespace) -> None:
    """What a call may leave out, as the original's script has it: the folder of crops, and the file beside it.

    Raises:
        ValueError: the folder is nowhere, or a row a face is asked for.
        SystemExit: it may not be left out here.
    """
    text = args.format == "faceqnet"
    if text and args.all_faces:
        raise ValueError(
            "--format faceqnet has one line for an image: leave --all-faces out, or write a CSV"
        )
    if not args.paths:
        if not text:
            args.wrong_call("no PATH is given: name images or a folder")
        args.paths = [default_folder()]
        args.crops = True
        args.output = args.output or args.paths[0].parent / DEFAULT_NAME
    if args.output is None:
        if not text:
            args.wrong_call("--output is not given: name the CSV file to write")
        args.output = Path(DEFAULT_NAME)
    if is_remote(args.output):
        raise ValueError(f"--output {args.output}: only --engine ray writes to a remote place")


def _require_fitting(args: argparse.Namespace, preset: Preset) -> None:
    """Check that the preset gives what is asked for.

    Raises:
        ValueError: it does not.
    """
    if args.restored_dir is not None and not preset.restores:
        raise ValueError(f"--restored-dir: {preset.notice}; leave it out, or take a preset of ours")
    if args.format == "faceqnet" and not (preset.explains or preset.extra_measures):
        raise ValueError(
            f"--format faceqnet needs one score for a face, and {preset.name!r} gives three measures: write a CSV"
        )


def run(args: argparse.Namespace) -> int:
    """Run the command.

    Raises:
        ValueError: a path, the preset, the device or the detector is not usable, another run writes the output, or it is a
            file of somebody else's.
        OSError: the output cannot be written.
    """
    if score_on_ray.is_chosen(args):
        return score_on_ray.run(args)
    from faceqgen_core.assessor import FaceQualityAssessor, ImageRequest
    from faceqgen_core.detection import DetectorError
    from faceqgen_core.onnx_quality.extra_score import load_extra_scores
    from faceqgen_core.presets import load_preset
    from faceqgen_core.process.lean_keras import load_lean_keras

    _fill_in(args)
    folder: Path | None = args.restored_dir
    images = find_images(args.paths, without=[] if folder is None else [folder])
    if os.path.abspath(args.output) in {os.path.abspath(image) for image in images}:
        raise ValueError(f"--output {args.output} is one of the images to score")
    if not args.overwrite:
        require_own_or_free(args.output)
    # Everything that can be wrong about the call comes before anything is written.
    preset = load_preset(args.preset)
    _require_fitting(args, preset)
    extra = load_extra_scores(args.extra_score)
    if args.alone:
        load_lean_keras()
    restorer = preset.restorer(batch_size=args.batch_size, device=args.device)
    assessor = FaceQualityAssessor(
        preset,
        batch_size=args.batch_size,
        device=args.device,
        max_pixels=args.max_pixels,
        small_faces=args.small_faces,
        restorer=restorer,
        extra_scores=extra,
    )
    for needed in (args.output.parent, *([] if folder is None else [folder])):
        needed.mkdir(parents=True, exist_ok=True)
    settings: dict[str, Any] = {
        "preset": preset.identifier,
        "crops": args.crops,
        "all_faces": args.all_faces,
        "find_turned": args.find_turned,
        "restored_dir": None if folder is None else os.path.abspath(folder),
        "max_pixels": args.max_pixels,
    }
    if args.small_faces:  # a journal without it stays good for a run without it
        settings["small_faces"] = True
    measures = (*preset.extra_measures, *(score.extra_measure for score in extra))
    named = {measure.name: measure.network for measure in measures}
    if named:  # a journal without them stays good for a run without them
        settings["extra_scores"] = named
    if preset.notice:
        print(f"{preset.notice}.", file=sys.stderr)
    place = args.output.with_name(f".{args.output.name}.journal")
    with ScoreJournal(place, settings, begin_anew=args.overwrite) as journal:
        text = args.format == "faceqnet"
        way = " ".join(f"{name}={settings.get(name)}" for name in _CHANGES_PICTURES)
        work = _Run(images, args.output, folder, args.all_faces, journal, text, named, way)
        work.sweep()
        work.choose()
        stream = assessor.assess(
            (ImageRequest(image) for image, _ in work.todo),
            faces="crop" if args.crops else "detect",
            all_faces=args.all_faces,
            find_turned=args.find_turned,
            restored=folder is not None,
        )
        try:
            work.score(stream)
        except DetectorError as error:
            raise ValueError(str(error)) from error
        except BaseException:
            # What an earlier run has finished stays; else what there is is better than nothing.
            if not args.output.exists():
                with suppress(OSError):
                    work.write()
            print(work.summary())
            print("not finished: the same call again goes on from here", file=sys.stderr)
            raise
        work.write()
        print(work.summary())
    return 0
