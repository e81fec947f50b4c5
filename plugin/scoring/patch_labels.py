"""The labels behind a view of patches, and the scores that ``apply_model`` gives them.

FiftyOne keeps no new field of a patch. What it keeps of a patch is the label that it was made from, so the scores go there: into
``people.detections.<label_field>`` of the samples for ``dataset.to_patches("people")``, and into the patch's own copy of the label.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import fiftyone as fo
import fiftyone.core.patches as fop

from ..dataset import extra_scores, fields
from ..dataset.connection import patiently

logger = logging.getLogger(__name__)
logger.addHandler(logging.NullHandler())

AT_ONCE = 256
"""Labels that are written at once; their documents are held until then."""


class PatchLabels:
    """The labels of a view of patches.

    Args:
        view: from ``to_patches``, of images.
        faces_field: that the model takes its boxes from, if it does.

    Raises:
        ValueError: the view is of evaluation patches, of the frames of videos, of labels without boxes, or of another field.
    """

    def __init__(self, view: Any, faces_field: str | None) -> None:
        if not isinstance(view, fop.PatchesView) or view._source_collection._is_generated:
            raise ValueError(
                f"nothing was scored: scores are kept with the labels of images, not in a {type(view).__name__} of "
                f"{type(view._source_collection).__name__}. Apply the model to dataset.to_patches(field) of a field of "
                "detections, or to the data set itself"
            )
        (self._field,) = view._label_fields
        self._patches, self._samples = view._patches_dataset, view._root_dataset
        if self._samples._get_label_field_type(self._field) is not fo.Detections:
            raise ValueError(
                f"nothing was scored: {self._field!r} holds no boxes, which is where faces are scored. Apply the model to "
                "the patches of a field of detections, or to the data set itself"
            )
        if faces_field != self._field:
            # FiftyOne hides what the model does not ask for, and then fails where it writes the first patch.
            raise ValueError(
                f"nothing was scored: each patch is a face here, whose box is in {self._field!r}. Apply a model that was made "
                f"with faces='field' and faces_field={self._field!r}, or apply this one to the data set itself"
            )
        self._name = ""
        self._waiting: list[tuple[str, str, str, Any]] = []

    def keep(self, samples: Sequence[Any], documents: Sequence[Any]) -> None:
        """Take the documents of patches; they are written some at a time."""
        for sample, document in zip(samples, documents, strict=True):
            label = sample[self._field]
            label = label.detections[0] if hasattr(label, "detections") else label
            self._waiting.append((sample.id, str(sample["sample_id"]), label.id, document))

    @property
    def full(self) -> bool:
        """Whether it is time to write."""
        return len(self._waiting) >= AT_ONCE

    def write(self, name: str, extra: Sequence[Any]) -> None:
        """Write what waits to the labels, of the samples and of the patches.

        Args:
            name: of the label's attribute: the ``label_field`` that FiftyOne was given.
            extra: scores of other networks.
        """
        waiting, self._waiting = self._waiting, []
        for dataset, place in ((self._samples, 1), (self._patches, 0)):
            root = dataset._get_label_field_path(self._field)[1]
            names = fields.FieldNames(name, f"{root}.")
            if name != self._name:
                notices = fields.declare_sample(dataset, names)
                for notice in notices + extra_scores.declare(dataset, names, extra):
                    if dataset is self._samples:  # the patches are made anew with each view
                        logger.warning("%s", notice)
            if waiting:
                _set(dataset, names.document, [(row[place], *row[2:]) for row in waiting])
        self._name = name


def _set(dataset: Any, path: str, rows: Sequence[tuple[str, str, Any]]) -> None:
    """Set a value of labels, given by their samples and their own ids."""
    values = [{"sample_id": of, "label_id": label, "value": value} for of, label, value in rows]
    patiently(lambda: dataset.set_label_values(path, values))
