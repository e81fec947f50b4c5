"""``FaceQgenModel``: the same scores through ``dataset.apply_model``, as one document per sample.

FiftyOne reads the images of a batch itself before it asks a model, and drops the whole batch when one of them cannot be
read. While this model is applied it gets the samples instead, and the core reads their files: once, with the same
rules as everywhere else, and one bad image never loses its batch.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import fiftyone.core.media as fom
import fiftyone.core.models as fomo
import fiftyone.core.patches as fop
import fiftyone.core.video as fov
import numpy as np

from faceqgen_core.vocabulary import DEFAULT_MAX_PIXELS, DEFAULT_PRESET

from ..dataset import extra_scores, fields
from .given_boxes import face_boxes, sample_boxes
from .patch_labels import PatchLabels
from .settings import ScoreSettings
from .stand_ins import STAND_INS, file_behind

logger = logging.getLogger(__name__)
logger.addHandler(logging.NullHandler())


@dataclass(frozen=True)
class FaceQgenModelConfig:
    """What a model was made with."""

    preset: str
    faces: str
    faces_field: str | None
    batch_size: int
    device: str
    max_pixels: int = DEFAULT_MAX_PIXELS
    small_faces: bool = False


class FaceQgenModel(fomo.SamplesMixin, fomo.EmbeddingsMixin, fomo.Model):
    """A FiftyOne model that writes the document of ``score_faces``, without files; its embedding is the generator's code.

    Example::

        dataset.apply_model(FaceQgenModel(), label_field="faceqgen", batch_size=32)
        dataset.compute_embeddings(FaceQgenModel(), embeddings_field="code", batch_size=32)

    A view of patches, ``dataset.to_patches("people")``, is scored by a model with ``faces="field", faces_field="people"``: each patch
    is a face, and the document goes to its label, ``people.detections.faceqgen``, since FiftyOne keeps no new field of a patch.

    Args:
        preset: name of a preset or path of its folder.
        faces: "detect", "field" or "crop", as in ``score_faces``.
        faces_field: field with boxes, for ``faces="field"``.
        batch_size: faces per call of the networks.
        device: "auto", "cpu", "gpu" or "gpu:N".
        max_pixels: images with more pixels are not decoded: their status is ``too_large``.
        small_faces: look at large photographs in which no face is found in tiles at full size, too.

    Raises:
        ValueError: an unknown preset, an absent device or another value out of range.
    """

    def __init__(
        self,
        preset: str = DEFAULT_PRESET,
        *,
        faces: str = "detect",
        faces_field: str | None = None,
        batch_size: int = 32,
        device: str = "auto",
        max_pixels: int = DEFAULT_MAX_PIXELS,
        small_faces: bool = False,
    ) -> None:
        super().__init__()
        settings = ScoreSettings(
            faces=faces,
            faces_field=faces_field,
            preset=preset,
            batch_size=batch_size,
            device=device,
            max_pixels=max_pixels,
            small_faces=small_faces,
        )
        self.config = FaceQgenModelConfig(
            preset, faces, faces_field, batch_size, device, max_pixels, small_faces
        )
        self._faces = settings.assess_faces
        self._last: tuple[Any, Any] | None = None
        self._refused: ValueError | None = None
        self._patches: PatchLabels | None = None
        self._codes: Any = None
        self._assessor = settings.make_assessor()

    def __enter__(self) -> FaceQgenModel:
        STAND_INS.begin()
        return self

    def __exit__(self, kind: Any, *error: object) -> None:
        STAND_INS.end()
        refused, self._refused = self._refused, None
        if refused is not None:
            if (
                kind is None
            ):  # apply_model has logged it for each batch, and would end as if all were well
                raise refused
            return
        if self._patches is not None:
            try:
                self._write_patches()
            finally:
                self._patches = self._last = None
        self._declare()

    def _field_names(self) -> list[str]:
        """Name of the field that is written: a model is not told it, but the last sample holds the document it was given."""
        if self._last is None:
            return []
        sample, document = self._last
        return [name for name in sample.field_names if sample[name] is document]

    def _write_patches(self) -> None:
        """Give the labels of patches the documents that FiftyOne has taken."""
        for name in self._field_names():
            if self._patches is not None:
                self._patches.write(name, self._assessor.preset.extra_measures)

    def _declare(self) -> None:
        """Declare what was written, with descriptions and indexes: FiftyOne itself declares the bare document only.

        The scores are written by now, so that nothing that goes wrong here is more than a warning.
        """
        if self._last is None:
            return
        sample = self._last[0]
        try:
            for name in self._field_names():
                names = fields.FieldNames(name)
                dataset = sample._dataset._root_dataset
                if isinstance(
                    sample, fov.FrameView
                ):  # written to the frames of the videos themselves
                    dataset, names = sample._view._root_dataset, names.in_frames
                elif not _is_image(sample):
                    names = names.in_frames
                extra = self._assessor.preset.extra_measures
                notices = fields.declare_sample(dataset, names)
                for notice in notices + extra_scores.declare(dataset, names, extra):
                    logger.warning("%s", notice)
        except Exception as error:
            logger.warning(
                "the scores are written, but their fields could not be described and indexed: %s",
                error,
            )
        self._last = None

    def _begin_patches(self, samples: Sequence[Any]) -> PatchLabels | None:
        """The labels of the samples, if these are patches; what is scored of others by now is written if it is much.

        Raises:
            ValueError: they are patches whose labels cannot have scores; nothing was scored.
        """
        if not isinstance(samples[0], fop._PatchView):
            return None
        try:
            if self._patches is None:
                self._patches = PatchLabels(samples[0]._view, self.config.faces_field)
        except ValueError as error:
            self._refused = error
            raise
        if self._patches.full:
            self._write_patches()
        return self._patches

    @property
    def media_type(self) -> str:
        """Images."""
        return "image"

    @property
    def ragged_batches(self) -> bool:
        """Images of different sizes may share a batch."""
        return False

    @property
    def transforms(self) -> None:
        """FiftyOne has nothing to prepare."""
        return None

    @property
    def preprocess(self) -> bool:
        """The core prepares the images."""
        return True

    @preprocess.setter
    def preprocess(self, value: bool) -> None:
        pass

    @property
    def needs_fields(self) -> dict[str, str]:
        """Field of the boxes, if they are given."""
        field = self.config.faces_field
        return {**({"faces_field": field} if field else {}), **self._fields}

    @needs_fields.setter
    def needs_fields(self, fields: dict[str, str]) -> None:
        self._fields = fields

    def predict(self, arg: Any, sample: Any = None) -> Any:
        """Score one image, see ``predict_all``."""
        return self.predict_all([arg], samples=None if sample is None else [sample])[0]

    def predict_all(self, args: Sequence[Any], samples: Sequence[Any] | None = None) -> list[Any]:
        """Score images; one document each, never an exception for one of them.

        Args:
            args: (H, W, 3) uint8 RGB arrays, or paths; not looked at where there is a sample of an image.
            samples: their samples, whose files are read.

        Raises:
            ValueError: the samples are patches whose labels cannot have scores.
        """
        patches = self._begin_patches(samples) if samples else None
        requests = [
            self._request(arg, sample)
            for arg, sample in zip(args, samples or [None] * len(args), strict=True)
        ]
        documents = [
            fields.sample_document(assessment)
            for assessment in self._assessor.assess(requests, faces=self._faces)
        ]
        if samples and patches is not None:
            patches.keep(samples, documents)
        if samples:
            self._last = samples[-1], documents[-1]
        return documents

    @property
    def has_embeddings(self) -> bool:
        """Yes: the code from which the generator draws the face."""
        return True

    def get_embeddings(self) -> Any:
        """The codes of the last call of ``embed`` or ``embed_all``, (N, C) float32; None if there was none."""
        return self._codes

    def embed(self, arg: Any) -> Any:
        """The code of one image's primary face, see ``embed_all``.

        Raises:
            ValueError: no face was scored; the message says why.
        """
        (assessment,) = self._assess_codes([arg])
        if assessment.code is None:
            raise ValueError(f"there is no code without a face: {assessment.reason}")
        self._codes = np.stack([assessment.code])
        return assessment.code

    def embed_all(self, args: Sequence[Any]) -> list[Any]:
        """The codes of the primary faces of images, in standard deviations of the principal components of good faces.

        Args:
            args: (H, W, 3) uint8 RGB arrays, or paths.

        Returns:
            For each image (C,) float32, 320 numbers with the shipped preset; None where no face was scored.

        Raises:
            ValueError: the model takes its boxes from a field, which FiftyOne does not hand on here.
        """
        codes = [assessment.code for assessment in self._assess_codes(args)]
        found = [code for code in codes if code is not None]
        self._codes = np.stack(found) if found else None
        return codes

    def _assess_codes(self, args: Sequence[Any]) -> list[Any]:
        if self._faces == "given":
            self._refused = ValueError(
                "nothing was embedded: FiftyOne hands no boxes on to compute_embeddings. Make the model with faces='detect', "
                "or with faces='crop' for images that are faces already"
            )
            raise self._refused
        if not self._assessor.preset.explains:
            self._refused = ValueError(
                "nothing was embedded: a network from elsewhere draws no face from a code; make the model with a preset of ours"
            )
            raise self._refused
        return list(self._assessor.assess(map(file_behind, args), faces=self._faces, code=True))

    def _request(self, image: Any, sample: Any) -> Any:
        from faceqgen_core import ImageRequest

        boxes = None
        has_file = _is_image(sample)
        if self._faces == "given" and sample is not None:
            name = self.needs_fields["faces_field"].removeprefix(fields.FRAMES)
            pixels = None if has_file else image
            boxes = face_boxes(sample_boxes(sample, name, self.config.max_pixels, pixels))
        if has_file:
            return ImageRequest(sample.filepath, boxes=boxes)
        return ImageRequest(file_behind(image), boxes=boxes)


def _is_image(sample: Any) -> bool:
    """Whether a sample is an image, with a file of its own; the frame of a video, which FiftyOne decodes, is none."""
    return getattr(sample, "media_type", None) == fom.IMAGE
