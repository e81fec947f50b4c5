"""What a run would be: how many images or frames, about how long, and what that is concluded from.

How fast it goes is taken from this process if it has scored, else from the newest record of the data set, else it is a guess
that says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fiftyone import ViewField as F

from ..dataset import run_records, targets
from .pending import RETRIED
from .settings import ScoreSettings

FEWEST = 8
"""Images that a measurement needs; the first of a process pay for the networks' loading."""

GUESSED = {"detect": 3.0, "field": 4.0, "crop": 10.0}
"""Images or frames per second on two processor cores, by where the faces come from."""

_MEASURED: dict[tuple[str, str, bool], float] = {}


@dataclass(frozen=True)
class Estimate:
    """What a run would be.

    Attributes:
        samples: images or videos that it would look at.
        items: images or frames that it would look at.
        is_video: whether they are frames of videos.
        rate: images or frames per second.
        source: where the rate is from, in words.
    """

    samples: int
    items: int
    is_video: bool
    rate: float
    source: str

    @property
    def seconds(self) -> float:
        """How long it would take."""
        return self.items / self.rate

    @property
    def title(self) -> str:
        """How many and about how long."""
        if not self.samples:
            return "Nothing to score: all of them have a status"
        what = f"{self.samples:,} {'video' if self.is_video else 'image'}{'s' * (self.samples > 1)}"
        frames = f", at most {self.items:,} frames" if self.is_video else ""
        return f"{what}{frames}: about {time_in_words(self.seconds)}"

    @property
    def basis(self) -> str:
        """What the time is concluded from."""
        if not self.samples:
            return ""
        return f"{self.rate:.2g} {'frames' if self.is_video else 'images'} a second: {self.source}"


def estimate(collection: Any, settings: ScoreSettings) -> Estimate:
    """Estimate a run.

    Args:
        collection: data set or view.
        settings: of the run.

    Raises:
        ValueError: it cannot be scored, see ``targets.find_target``.
    """
    target = targets.find_target(collection)
    samples = _to_score(target.view, settings)
    items = samples.count()
    if target.is_video:
        items = _frames(samples, settings)
    rate, source = _rate(target.view._root_dataset, settings, target.is_video)
    return Estimate(samples.count(), items, target.is_video, rate, source)


def measured(settings: ScoreSettings, *, is_video: bool, items: int, seconds: float) -> None:
    """Keep how fast a run of this process went; few images say nothing.

    Args:
        settings: of the run.
        is_video: whether it scored frames.
        items: images or frames that it looked at.
        seconds: how long it took.
    """
    if items >= FEWEST and seconds > 0:
        _MEASURED[settings.faces, settings.device, is_video] = items / seconds


def time_in_words(seconds: float) -> str:
    """A time as people say it: rounded to two parts at most."""
    if seconds < 60:
        return "a minute" if seconds > 30 else "half a minute" if seconds > 10 else "ten seconds"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def _to_score(view: Any, settings: ScoreSettings) -> Any:
    path = settings.names.path("status")
    if not settings.skip_scored or view.get_field(path) is None:
        return view
    wanted = F(path).exists(False)
    if settings.retry_failed:
        wanted |= F(path).is_in(list(RETRIED))
    return view.match(wanted)


def _frames(videos: Any, settings: ScoreSettings) -> int:
    """Frames to look at; of a video of unknown length the most that are taken."""
    known: list[float | None] = [None] * videos.count()
    if videos.get_field("metadata.duration") is not None:
        known = videos.values("metadata.duration")
    most = settings.max_frames
    return sum(
        most if not length else min(most, max(1, round(length * settings.fps))) for length in known
    )


def _rate(dataset: Any, settings: ScoreSettings, is_video: bool) -> tuple[float, str]:
    wanted = settings.faces, settings.device
    if (*wanted, is_video) in _MEASURED:
        return _MEASURED[(*wanted, is_video)], "measured by the last run of this process"
    for config in reversed(list(run_records.records(dataset).values())):
        parameters = getattr(config, "parameters", None) or {}
        frames = getattr(config, "frames", None) or 0
        items = frames if is_video else getattr(config, "samples", None) or 0
        seconds = getattr(config, "seconds", None) or 0
        alike = (parameters.get("faces"), parameters.get("device")) == wanted
        if alike and bool(frames) == is_video and items >= FEWEST and seconds > 0:
            return items / seconds, "measured by the last run on this data set"
    return GUESSED[settings.faces], "a guess for two cores, nothing has been measured here yet"
