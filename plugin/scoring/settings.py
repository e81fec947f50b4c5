"""What a caller can choose for a run, with defaults; checked once, before anything is loaded or written."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from faceqgen_core.vocabulary import DEFAULT_MAX_PIXELS, DEFAULT_PRESET

from ..dataset.fields import DEFAULT_FIELD, FRAMES, FieldNames
from ..settings import Settings

FACES = ("detect", "field", "crop")
LARGEST_BATCH = 4096
LARGEST_IMAGE = 1_000_000_000
"""Pixels; decoding more would take over 7 GB of the server's memory."""


@dataclass(frozen=True, kw_only=True)
class ScoreSettings(Settings):
    """Parameters of ``score_faces``.

    Attributes:
        faces: where faces come from: "detect" finds them, "field" takes the boxes of ``faces_field``, "crop" says that
            each image is a face crop already.
        faces_field: a Detections or Detection field, for ``faces="field"``.
        preset: name of a preset or path of its folder; or FaceQnet's file, or a pair.json, see ``faceqgen_core.load_preset``.
        field: name of the field to write; ``<field>_faces`` and ``<field>_heatmap`` are named after it.
        restored: write restored images; None: for images, but not for the frames of videos.
        restored_dir: folder for them; default ``~/.faceqgen/restored/<data set>``; a folder named after ``field`` is
            made in it.
        heatmap: write a map of what the restoration changed.
        skip_scored: leave samples alone that have a status in the field, unless pictures of theirs are missing, or their
            file was away or has changed since it could not be used.
        retry_failed: with ``skip_scored``, look again at all samples that are unreadable or failed.
        batch_size: faces per call of the networks.
        device: "auto", "cpu", "gpu" or "gpu:N".
        extra_scores: paths of JSON files of other quality networks in ONNX, with commas between, which score the same faces.
        max_pixels: images with more pixels (width times height) are not decoded: their status is ``too_large``.
        small_faces: look at large photographs in which no face is found in tiles at full size, too.
        fps: frames to score per second of a video.
        max_frames: at most so many of a video, spread evenly over it.
        part_of: name of the run that this one is a part of, a new one for each run. Its parts have the same parameters and may
            work at the same time, each on samples of its own; None: nobody else writes the field meanwhile.

    Raises:
        ValueError: a value is out of range; the message says how to mend it.
    """

    faces: str = "detect"
    faces_field: str | None = None
    preset: str = DEFAULT_PRESET
    field: str = DEFAULT_FIELD
    restored: bool | None = None
    restored_dir: str | None = None
    heatmap: bool = False
    skip_scored: bool = True
    retry_failed: bool = False
    batch_size: int = 32
    device: str = "auto"
    extra_scores: str | None = None
    max_pixels: int = DEFAULT_MAX_PIXELS
    small_faces: bool = False
    fps: float = 1.0
    max_frames: int = 100
    part_of: str | None = None

    def __post_init__(self) -> None:
        if self.faces not in FACES:
            raise ValueError(f"faces must be one of {', '.join(FACES)}, got {self.faces!r}")
        if self.faces == "field" and not self.faces_field:
            raise ValueError("faces='field' needs faces_field: the field that holds the boxes")
        if self.faces != "field" and self.faces_field:
            raise ValueError(
                f"faces_field is only used with faces='field', but faces is {self.faces!r}"
            )
        if not isinstance(self.batch_size, int) or self.batch_size < 1:
            raise ValueError(
                f"batch_size must be at least 1 and a whole number, got {self.batch_size!r}"
            )
        if not isinstance(self.fps, (int, float)) or not 0 < self.fps < math.inf:
            raise ValueError(f"fps must be a number above 0, got {self.fps!r}")
        if not isinstance(self.max_frames, int) or self.max_frames < 1:
            raise ValueError(
                f"max_frames must be at least 1 and a whole number, got {self.max_frames!r}"
            )
        self.check_types()
        if self.batch_size > LARGEST_BATCH:
            raise ValueError(f"batch_size must be at most {LARGEST_BATCH}, got {self.batch_size}")
        if not 1 <= self.max_pixels <= LARGEST_IMAGE:
            raise ValueError(
                f"max_pixels must lie between 1 and {LARGEST_IMAGE}, got {self.max_pixels}"
            )
        FieldNames(self.field)  # raises for a name that cannot be a field

    @property
    def names(self) -> FieldNames:
        """Names of the fields to write."""
        return FieldNames(self.field)

    @property
    def assess_faces(self) -> str:
        """The core's word for ``faces``."""
        return "given" if self.faces == "field" else self.faces

    def for_media(self, *, is_video: bool) -> ScoreSettings:
        """The settings with what depends on the media decided."""
        chosen = self if self.restored is not None else replace(self, restored=not is_video)
        name = chosen.faces_field
        if is_video and name:
            return replace(chosen, faces_field=name.removeprefix(FRAMES))
        return chosen

    def load_extra_scores(self) -> list[Any]:
        """Load the other quality networks, none if none is named.

        Raises:
            ValueError: one cannot be used, ONNX Runtime is not installed, or a file cannot be read.
        """
        paths = [text.strip() for text in (self.extra_scores or "").split(",") if text.strip()]
        if not paths:
            return []
        from faceqgen_core.onnx_quality.extra_score import load_extra_scores

        try:
            return list(load_extra_scores(Path(path).expanduser() for path in paths))
        except OSError as error:
            raise ValueError(f"extra_scores: {error}") from error

    def for_preset(self, preset: Any) -> ScoreSettings:
        """The settings without the pictures that a preset does not make: FaceQnet restores nothing."""
        return self if preset.restores else replace(self, restored=False, heatmap=False)

    def make_assessor(self, extra_scores: Sequence[Any] = ()) -> Any:
        """Build the core's assessor with its networks: a preset or device that cannot be used is refused here.

        Args:
            extra_scores: what ``load_extra_scores`` gave.

        Raises:
            ValueError: unknown or altered preset, unknown or absent device.
        """
        from faceqgen_core import FaceQualityAssessor, load_preset

        preset = load_preset(self.preset)
        restorer = preset.restorer(batch_size=self.batch_size, device=self.device)
        return FaceQualityAssessor(
            preset,
            batch_size=self.batch_size,
            device=self.device,
            max_pixels=self.max_pixels,
            small_faces=self.small_faces,
            restorer=restorer,
            extra_scores=extra_scores,
        )

    @classmethod
    def _chosen(cls, params: Mapping[str, Any]) -> dict[str, Any]:
        chosen = super()._chosen(params)
        if chosen.get("faces", cls.faces) != "field":
            chosen.pop("faces_field", None)  # the form keeps what was chosen before
        return chosen
