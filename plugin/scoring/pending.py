"""What a run has left to do of the samples it was pointed at: new ones, failures worth another look, missing pictures.

The data set is asked, not the view: a view may hide, filter or replace the fields that say what is done.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from faceqgen_core.vocabulary import CLOSER_LOOK

from ..dataset import run_records, targets
from .settings import ScoreSettings

RETRIED = ("unreadable", "failed")
"""Statuses that another look may change."""

TOO_LARGE, NO_FACE = "too_large", "no_face"

_AWAY = ("no such file", "no permission to read", "cannot be opened", "[Errno")
"""What the reason of an image says whose file could not be had at all."""

_CHANGED_AT = "last_modified_at"
_ROUNDED = timedelta(seconds=1)
"""Records tell whole seconds, and are written after the samples."""


@dataclass
class Pending:
    """The samples of a run.

    Attributes:
        ids: of those to score, in the order of the view, each once.
        paths: their images.
        skipped: samples of the view that are done.
        retried: samples that failed before and are looked at again.
        remade: ids of samples that have scores already, and are scored for their pictures or the scores of other networks.
    """

    ids: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    skipped: int = 0
    retried: int = 0
    remade: set[str] = field(default_factory=set)


def pending_images(
    view: Any, settings: ScoreSettings, preset: str, extra: Sequence[str] = ()
) -> Pending:
    """Find out what is left to do of the images of a view.

    Args:
        view: flat, of images.
        settings: of the run.
        preset: identifier of its preset: pictures are made anew for scores of the same one only.
        extra: names of the scores of other networks that the run writes.
    """
    columns = view.values(["id", "filepath"])
    images = dict(zip(*columns, strict=True))
    found = Pending()
    done = _states(view, list(images), settings, extra) if settings.skip_scored else {}
    pictures, looks = Pictures(), Looks(view._root_dataset, settings.field)
    for sample_id, path in images.items():
        known = done.get(sample_id)
        if known is None or known["status"] is None:
            pass
        elif known["status"] in RETRIED:
            if not worth_another_look(path, known["reason"], looks.at(known["at"]), settings):
                found.skipped += 1
                continue
            found.retried += 1
        elif (known["status"] == TOO_LARGE and _fits(path, settings.max_pixels)) or (
            settings.small_faces
            and known["status"] == NO_FACE
            and CLOSER_LOOK in (known["reason"] or "")
        ):
            found.retried += 1
        elif (
            known["status"] == "scored"
            and known["preset"] == preset
            and (pictures.lack(known) or None in known["extra"])
        ):
            found.remade.add(sample_id)
        else:
            found.skipped += 1
            continue
        found.ids.append(sample_id)
        found.paths.append(path)
    return found


def _states(
    view: Any, ids: list[str], settings: ScoreSettings, extra: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """What is known of each sample: status, reason, preset, when it was changed, what the run wants beside the scores."""
    names = settings.names
    samples = targets.whole(view._root_dataset, is_video=False)
    if samples.get_field(names.path("status")) is None:
        return {}
    paths = {
        "status": names.path("status"),
        "reason": names.path("reason"),
        "preset": names.path("preset"),
        "at": _CHANGED_AT,
    }
    wanted = {}
    if settings.restored:
        wanted = {"image": names.media, "faces": names.face_path("restored_path")}
        paths["statuses"] = names.face_path("status")
    if settings.heatmap:
        wanted["heatmap"] = f"{names.heatmap}.map_path"
    paths |= wanted
    numbers = {name: names.path(name) for name in extra}
    paths |= numbers
    present = {key: path for key, path in paths.items() if samples.get_field(path) is not None}
    if len(ids) < len(samples) / 2:
        samples = samples.select(ids)
    columns = samples.values(["id", *present.values()])
    empty = dict.fromkeys(paths)
    states = {}
    for sample_id, *values in zip(*columns, strict=True):
        known = {**empty, "wanted": tuple(wanted), **dict(zip(present, values, strict=True))}
        states[sample_id] = {**known, "extra": [known[name] for name in numbers]}
    return states


class Pictures:
    """Tells whether the pictures that samples name are there; each folder is listed once."""

    def __init__(self) -> None:
        self._names: dict[str, set[str]] = {}

    def lack(self, known: dict[str, Any]) -> bool:
        """Whether a sample, or frame, lacks one of the pictures that the run wants."""
        files: list[str | None] = [known[key] for key in known["wanted"] if key != "faces"]
        if "faces" in known["wanted"]:
            faces = known["faces"] or ()
            statuses = known["statuses"] or ["scored"] * len(faces)
            files += [f for f, status in zip(faces, statuses, strict=False) if status == "scored"]
        return not all(map(self._there, files))

    def _there(self, path: str | None) -> bool:
        if not path:
            return False
        folder, name = os.path.split(path)
        if folder not in self._names:
            try:
                self._names[folder] = set(os.listdir(folder))
            except OSError:
                self._names[folder] = set()
        return name in self._names[folder]


class Looks:
    """Tells when a sample was looked at: its time of change, unless somebody else has changed it since, by a tag or another run.

    Args:
        dataset: the data set.
        field: that runs have written.
    """

    def __init__(self, dataset: Any, field: str) -> None:
        self._runs: list[tuple[datetime, datetime]] = []
        for config in run_records.records(dataset, field).values():
            with suppress(
                AttributeError, TypeError, ValueError
            ):  # what an earlier version has not told
                started, ended = map(datetime.fromisoformat, (config.started, config.finished))
                self._runs.append((started, ended + _ROUNDED))

    def at(self, changed: Any) -> datetime | None:
        """When a sample was looked at, at the latest; if that is not known, at the earliest: a look more costs little.

        Args:
            changed: when it was last written, in UTC; None if that is not known.
        """
        if not isinstance(changed, datetime):
            return None
        changed = changed if changed.tzinfo else changed.replace(tzinfo=timezone.utc)
        if not self._runs or any(start <= changed <= end for start, end in self._runs):
            return changed
        return min(start for start, _ in self._runs)


def worth_another_look(
    path: str, reason: str | None, looked_at: datetime | None, settings: ScoreSettings
) -> bool:
    """Whether a file that could not be used may be usable now: it was away and is there, or it has changed, or all are.

    Args:
        path: of the file.
        reason: why it could not be used.
        looked_at: when, see ``Looks``; None if that is not known.
        settings: of the run.
    """
    if settings.retry_failed:
        return True
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return False
    if not stat.S_ISREG(found.st_mode) or not os.access(path, os.R_OK):
        return False
    if any(words in (reason or "") for words in _AWAY):
        return True
    if looked_at is None:
        return False
    # The time of the change of a file's place counts, too: a copy may keep the time of its contents.
    return max(found.st_mtime, found.st_ctime) > looked_at.timestamp()


def _fits(path: str, max_pixels: int) -> bool:
    """Whether an image that was too large is within the limit of this run; its header tells."""
    from faceqgen_core.image_io import ImageError, image_size

    try:
        image_size(path, max_pixels=max_pixels)
    except ImageError:
        return False
    return True


def notices(pending: Pending, settings: ScoreSettings) -> Iterable[str]:
    """What the user should know of it, in sentences."""
    if pending.remade:
        yield (
            f"{len(pending.remade)} sample(s) have scores but not all of their pictures or extra scores: they are scored again "
            "to make them; turn 'restored' and 'heatmap' off and leave 'extra_scores' empty to leave them alone"
        )
    if pending.retried:
        yield f"{pending.retried} sample(s) that could not be used before are looked at again"
