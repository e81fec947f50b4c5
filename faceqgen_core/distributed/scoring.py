"""``score``: divides the images into parts, lets actors on a Ray cluster score them, and says what became of them."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from faceqgen_core.distributed.part_scorer import PartOptions, PartScorer
from faceqgen_core.distributed.parts import (
    Part,
    clear_attempts,
    list_images,
    make_parts,
    names_in,
    part_schema,
    remove,
)
from faceqgen_core.media.remote import is_remote
from faceqgen_core.onnx_quality.description import read_description
from faceqgen_core.presets import load_preset, sha256_of
from faceqgen_core.tables.score_parquet import load_pyarrow
from faceqgen_core.vocabulary import DEFAULT_MAX_PIXELS, DEFAULT_PRESET, Status
from faceqgen_core.whole_files import sweep

IMAGES_PER_PART = 1000
_ERROR = re.compile(r"[\w.]*(Error|Exception): ")
CPUS = 2
"""Processors of an actor, unless told: two keep one network busy."""


@dataclass
class DistributedRun:
    """What a run did.

    Attributes:
        output: folder of the parts, or its address.
        preset: identifier of the preset.
        images: images that were to be scored, each once.
        parts: parts of them.
        earlier: parts that an earlier run had finished.
        counts: status -> rows, of the parts of this run.
        removed: parts of earlier runs with other images or settings that were removed.
    """

    output: str
    preset: str = ""
    images: int = 0
    parts: int = 0
    earlier: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    removed: int = 0

    def __str__(self) -> str:
        """What became of the images, in lines."""
        rows = self.counts.total()
        lines = [
            f"{self.images} images in {self.parts} parts, {rows} rows by this run: {self.output}"
        ]
        lines += [
            f"  {self.counts[s.value]:7d}  {s.value}"
            for s in Status
            if self.counts[s.value] or s is Status.SCORED
        ]
        if self.earlier:
            lines.append(f"  {self.earlier} of the parts had their scores from an earlier run")
        if self.removed:
            lines.append(f"  {self.removed} parts of other images or settings were removed")
        return "\n".join(lines)


def score(
    source: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    preset: str = DEFAULT_PRESET,
    faces: str = "detect",
    all_faces: bool = False,
    find_turned: bool = True,
    extra_scores: Sequence[str | os.PathLike[str]] = (),
    batch_size: int = 32,
    device: str = "auto",
    max_pixels: int = DEFAULT_MAX_PIXELS,
    part_size: int = IMAGES_PER_PART,
    actors: int | None = None,
    cpus: float | None = None,
    gpus: float | None = None,
    address: str | None = None,
    overwrite: bool = False,
) -> DistributedRun:
    """Score images on a Ray cluster: the same assessor, rows and order as on one machine, as Parquet in parts.

    Every machine must reach images, preset and output under the same names: a shared disk, or addresses (``s3://``, ...).
    A part appears whole or not at all, so that nothing but the parts at work is lost with a machine, and a rerun scores
    what is missing. Parts in ``output`` of other images or settings are removed when all is done.

    Args:
        source: images, folders, or lists of images: CSV or Parquet files with a column ``filepath`` and, if known,
            ``sample_id``, the sample's in FiftyOne; one of them, or several.
        output: folder for ``part-....parquet``, or its address.
        preset: name or folder, the same on all machines.
        faces: "detect" finds them, "crop" says that each image is a face crop already.
        all_faces: a row for each face in place of the primary one alone.
        find_turned: look for turned faces where none upright is sure.
        extra_scores: JSON files of other quality networks.
        batch_size: faces per call of the networks, at least 1.
        device: "auto", "cpu", "gpu" or "gpu:N".
        max_pixels: images with more pixels get the status ``too_large``.
        part_size: images of a part, at least 1: what a machine that dies loses at most.
        actors: how many at most, each with its own networks; None: as many as the cluster has room for.
        cpus: processors of an actor; None: two, or fewer where no machine has two.
        gpus: of an actor; None: one if the cluster has GPUs and ``device`` is not "cpu".
        address: of the cluster, see ``ray.init``; None: what ``RAY_ADDRESS`` says, else a cluster on this machine. Not looked
            at where the caller has connected to Ray already.
        overwrite: score parts anew that are there already.

    Raises:
        ValueError: Ray is not installed or cannot be reached; a source, the preset, the device or another network cannot be
            used; a part killed its actor again and again.
        OSError: a list cannot be read, or the folder cannot be written.
    """
    from tqdm import tqdm

    ray = _load_ray()
    load_pyarrow()
    for name, value in (("part_size", part_size), ("batch_size", batch_size), ("actors", actors)):
        if value is not None and value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    if faces not in ("detect", "crop"):
        raise ValueError(f"faces must be 'detect' or 'crop', got {faces!r}")
    chosen = load_preset(preset)
    options = PartOptions(
        output=str(output) if is_remote(output) else os.path.abspath(output),
        preset=preset if os.path.basename(preset) == preset else os.path.abspath(preset),
        identifier=chosen.identifier,
        faces=faces,
        all_faces=all_faces,
        find_turned=find_turned,
        extra_scores=tuple(os.path.abspath(path) for path in extra_scores),
        batch_size=batch_size,
        device=device,
        max_pixels=max_pixels,
        threads=0,
        overwrite=overwrite,
    )
    run = DistributedRun(options.output, chosen.identifier)
    if not is_remote(options.output):
        os.makedirs(options.output, exist_ok=True)
        sweep(options.output)
    sources = [source] if isinstance(source, (str, os.PathLike)) else source
    done = set() if overwrite else names_in(options.output)
    parts = make_parts(list_images(sources), part_size, _settings(options))
    names, todo = _choose(parts, done, run)
    if todo:
        clear_attempts(options.output)
        with _connected(ray, address), tqdm(total=run.images, unit="image", file=sys.stderr) as bar:
            bar.update(run.images - sum(number for _, number in todo))
            tables = [table for table, _ in todo]
            for row in _rows(ray, tables, options, actors=actors, cpus=cpus, gpus=gpus):
                run.counts.update(dict(zip(row["statuses"], row["rows"], strict=True)))
                bar.update(row["images"])
        clear_attempts(options.output)  # of actors that died when all but this was done
        if not is_remote(options.output):
            sweep(options.output, mine=names.__contains__)
    stale = names_in(options.output) - names
    remove(options.output, stale)
    run.removed = len(stale)
    return run


def _load_ray() -> Any:
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ValueError(
            f'scoring on many machines needs the extra "ray": pip install "faceqgen[ray]" ({error})'
        ) from error
    return ray


def _settings(options: PartOptions) -> dict[str, Any]:
    """What the scores depend on: parts of a run with other values are not taken over."""
    descriptions = [read_description(Path(path)) for path in options.extra_scores]
    extra = {network.name: sha256_of(Path(network.file)) for network in descriptions}
    names = ("identifier", "faces", "all_faces", "find_turned", "max_pixels")
    return {**{name: getattr(options, name) for name in names}, "extra_scores": extra}


def _choose(
    parts: Iterable[Part], done: set[str], run: DistributedRun
) -> tuple[set[str], list[tuple[Any, int]]]:
    """Names of all parts, and of those that are not done Arrow's table and how many images they have."""
    pa = load_pyarrow()
    names, todo = set(), []
    for part in parts:
        names.add(part.name)
        run.parts += 1
        run.images += len(part.images)
        if part.name in done:
            run.earlier += 1
        else:
            # at once: lists of paths take several times the memory
            todo.append(
                (pa.Table.from_pylist([part.row()], schema=part_schema()), len(part.images))
            )
    return names, todo


@contextmanager
def _connected(ray: Any, address: str | None) -> Iterator[None]:
    """Connect to the cluster for as long as the block lasts, or use the caller's connection."""
    if ray.is_initialized():
        yield
        return
    try:
        ray.init(address=address, logging_level=logging.WARNING, log_to_driver=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ValueError(
            f"there is no Ray cluster at {address or os.environ.get('RAY_ADDRESS') or 'this machine'}: {error}"
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


def _rows(
    ray: Any,
    tables: list[Any],
    options: PartOptions,
    *,
    actors: int | None,
    cpus: float | None,
    gpus: float | None,
) -> Iterator[dict[str, Any]]:
    """What became of each part, in the order in which they are done."""
    resources = _resources(ray, options.device, cpus, gpus)
    if not resources.get("num_gpus"):
        options = replace(options, threads=max(1, int(resources["num_cpus"])))
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    try:
        scored = ray.data.from_arrow(tables).map_batches(
            PartScorer,
            batch_size=1,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(
                min_size=1, max_size=actors, max_tasks_in_flight_per_actor=2
            ),
            fn_constructor_args=(options,),
            **resources,
        )
        yield from scored.iter_rows()
    except ray.exceptions.RayError as error:
        raise ValueError(
            f"the cluster gave up, parts that are done stay and the same call goes on from there: {_why(error)}"
        ) from error


def _resources(ray: Any, device: str, cpus: float | None, gpus: float | None) -> dict[str, float]:
    """What an actor takes of its machine, in Ray's words."""
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if gpus is None:
        gpus = float(device != "cpu" and any(machine.get("GPU") for machine in machines))
    if gpus:
        return {"num_gpus": gpus} | ({} if cpus is None else {"num_cpus": cpus})
    if cpus is None:  # more than any machine has would wait for ever
        cpus = min(
            CPUS, max((machine.get("CPU", 0.0) for machine in machines), default=CPUS) or CPUS
        )
    return {"num_cpus": cpus}


def _why(error: BaseException) -> str:
    """What went wrong in another process: the last line of its traceback that names an error."""
    said = [line.strip() for line in str(error).splitlines()]
    named = [line for line in said if _ERROR.match(line)]
    return (named or [line for line in said if line] or [type(error).__name__])[-1]
