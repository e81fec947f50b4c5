"""Layouts: how training images lie on disk -> one listing of images, subjects and, where a layout says so, targets."""

from __future__ import annotations

import csv
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from faceqgen_core.media.formats import IMAGE_SUFFIXES

logger = logging.getLogger(__name__)

_MUGSHOT = re.compile(r"(\d+)_frontal", re.IGNORECASE)
_VISIBLE = re.compile(r"(\d+)_cam[1-5]_[1-3]", re.IGNORECASE)
_INFRARED = re.compile(r"(\d+)_cam(?:[67]_[1-3]|8)", re.IGNORECASE)


@dataclass(frozen=True)
class Listing:
    """One image of one subject.

    Attributes:
        path: the file.
        name: ``<root name>/<path below it>``.
        subject: ``<root name>/<subject>``.
        target: name of the image that restoration shall lead to; "" leaves the choice to the fitness of the subject's
            images.
    """

    path: Path
    name: str
    subject: str
    target: str = ""


def _images(root: Path) -> Iterator[Path]:
    return (p for p in sorted(root.rglob("*")) if p.suffix.lower() in IMAGE_SUFFIXES)


def list_subjects(roots: Iterable[Path], *, keep: set[str] | None = None) -> list[Listing]:
    """List folders laid out ``<root>/<subject>/<image>``; images in the root itself are subjects of their own.

    Args:
        roots: the folders.
        keep: names of the subjects to keep, of folders or of images in the root without their endings; None keeps all. It
            binds only the roots in which one of them occurs; other roots are kept whole.

    Raises:
        ValueError: a root is no folder, or no image was found.
    """
    found: list[Listing] = []
    bound = False
    for root in roots:
        if not root.is_dir():
            raise ValueError(f"{root} is not a folder; expected <root>/<subject>/<image>")
        listed = []
        for path in _images(root):
            below = path.relative_to(root)
            name = below.parts[0] if len(below.parts) > 1 else below.stem
            listing = Listing(path, f"{root.name}/{below.as_posix()}", f"{root.name}/{name}")
            listed.append((name, listing))
        kept = [listing for name, listing in listed if keep is not None and name in keep]
        bound = bound or bool(kept)
        found += kept or [listing for _, listing in listed]
    if keep is not None and not bound:
        raise ValueError("no listed subject is below the roots: is it the right listing?")
    if not found:
        raise ValueError(f"no image below {', '.join(map(str, roots))}")
    return found


def list_scface(
    roots: Iterable[Path], *, keep: set[str] | None = None, infrared: bool = False
) -> list[Listing]:
    """List SCface as distributed, by file name alone: its folders may be nested or hold a file twice.

    The frontal mugshot ``{id}_frontal.jpg`` is the target of ``{id}_cam{1..5}_{1|2|3}.jpg``: five cameras at three
    distances. The rotated mugshots are left out.

    Args:
        roots: folders anywhere above the images.
        keep: ids to keep, such as ``001``; None keeps all.
        infrared: take the night cameras 6 and 7 and the infrared mugshot (camera 8) as inputs, too.

    Raises:
        ValueError: a root is no folder, or holds no mugshot or no surveillance image with a mugshot.
    """
    found: list[Listing] = []
    for root in roots:
        if not root.is_dir():
            raise ValueError(f"{root} is not a folder; expected SCface as distributed")
        mugshots: dict[str, Path] = {}
        inputs: dict[str, tuple[str, Path]] = {}
        # The distribution has mugshots in full and cropped by hand; alignment does its own cropping.
        for path in sorted(_images(root), key=lambda p: ("cropped" in str(p).lower(), p)):
            if match := _MUGSHOT.fullmatch(path.stem):
                mugshots.setdefault(match[1], path)
            elif match := _VISIBLE.fullmatch(path.stem) or (
                _INFRARED.fullmatch(path.stem) if infrared else None
            ):
                inputs.setdefault(path.stem.lower(), (match[1], path))
        if not mugshots:
            raise ValueError(f"no <id>_frontal.jpg below {root}: is it SCface as distributed?")
        alone = {id_ for id_, _ in inputs.values()} - set(mugshots)
        if alone:
            logger.warning("%d subject(s) without a frontal mugshot are left out", len(alone))
        used = {id_ for id_, _ in inputs.values()} - alone
        if not used:
            raise ValueError(
                f"no <id>_cam<1..5>_<1|2|3>.jpg with a mugshot of its id below {root}: is it SCface as distributed?"
            )
        images = [(i, mugshots[i]) for i in used] + [x for x in inputs.values() if x[0] in used]
        for id_, path in sorted(images):
            if keep is None or id_ in keep:
                target = f"{root.name}/{mugshots[id_].relative_to(root).as_posix()}"
                name = f"{root.name}/{path.relative_to(root).as_posix()}"
                found.append(Listing(path, name, f"{root.name}/{id_}", target))
    if not found:
        raise ValueError("no listed subject is in the data: ids look like 001")
    return found


def list_csv(files: Iterable[Path], *, keep: set[str] | None = None) -> list[Listing]:
    """List CSV files with the columns input and target (paths relative to the file) and, if wanted, subject.

    Without subjects, a target and all inputs that lead to it make one subject. An image may be its own target.

    Args:
        files: the CSV files.
        keep: subjects to keep; None keeps all.

    Raises:
        ValueError: a column or a file is missing, or one image has two targets or two subjects.
    """
    found: list[Listing] = []
    for file in files:
        if not file.is_file():
            raise ValueError(f"{file} is not a file; expected a CSV with the columns input,target")
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            missing = {"input", "target"} - set(reader.fieldnames or ())
            if missing:
                raise ValueError(
                    f"{file} lacks the column(s) {', '.join(sorted(missing))}: the first line must name input,target"
                )
            rows = [(reader.line_num, row) for row in reader]
        images: dict[str, tuple[str, str]] = {}
        for line, row in rows:
            source, target = (_named(file, row[k] or "") for k in ("input", "target"))
            if not source or not target:
                raise ValueError(f"{file}, line {line}: input and target must both be named")
            subject = (row.get("subject") or "").strip() or target
            for image in {source: None, target: None}:
                if not (file.parent / image).is_file():
                    raise ValueError(
                        f"{file}, line {line}: {image} is not a file beside the CSV; paths are relative to it"
                    )
                entry = (subject, target)
                if images.setdefault(image, entry) != entry:
                    raise ValueError(
                        f"{file}, line {line}: {image} has the subject and target {images[image]} already, "
                        f"now {entry}; one image has one of each"
                    )
        for image, (subject, target) in images.items():
            if keep is None or subject in keep:
                place = file.stem
                found.append(
                    Listing(
                        file.parent / image,
                        f"{place}/{image}",
                        f"{place}/{subject}",
                        f"{place}/{target}",
                    )
                )
    if not found:
        raise ValueError(f"no image is listed in {', '.join(map(str, files))}")
    return found


def _named(file: Path, cell: str) -> str:
    """The path that a cell of a CSV file names, with slashes; on Windows backslashes may have been written."""
    path = cell.strip()
    if "\\" in path and not (file.parent / path).is_file():
        return PureWindowsPath(path).as_posix()
    return path


LAYOUTS = ("subjects", "scface", "list")


def list_images(
    data: Sequence[Path],
    *,
    layout: str = "subjects",
    keep: set[str] | None = None,
    infrared: bool = False,
) -> list[Listing]:
    """List training images by the name of their layout, one of ``LAYOUTS``.

    Raises:
        ValueError: the layout is unknown, the data are not laid out so, or ``infrared`` without scface.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"layout must be one of {', '.join(LAYOUTS)}, got {layout!r}")
    if layout == "scface":
        return list_scface(data, keep=keep, infrared=infrared)
    if infrared:
        raise ValueError("infrared cameras are a part of the layout scface: add --layout scface")
    return list_csv(data, keep=keep) if layout == "list" else list_subjects(data, keep=keep)
