"""A data set with fields of the shape, types and indexes that a scoring run writes, and numbers drawn at random."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import numpy as np
from bson import ObjectId

from faceqgen_core.image_io import save_png
from tests.images import astronaut
from tests.plugin.panels.panel_state import PANEL

PRESET = {"preset": "faceqgen-128@benchmark", "crop_protocol": "align5-v1-128"}


def make(samples: int, folder: Path) -> Any:
    """A data set as a run over photographs of one face each leaves it; all samples show one picture."""
    foo.get_operator(PANEL)  # FiftyOne loads the plugin under a name of its own
    fields = sys.modules["fiftyone.plugins.orgs.faceqgen.face_quality.dataset.fields"]
    rng = np.random.default_rng(0)
    picture = folder / "face.png"
    save_png(picture, astronaut()[40:200, 130:290])
    dataset = fo.Dataset("benchmark", persistent=True)
    dataset.add_sample_field("subject", fo.StringField)
    fields.declare(dataset, fields.FieldNames(), heatmap=False, restored=False)
    dataset.add_sample(fo.Sample(filepath=str(picture)))
    template = dataset._sample_collection.find_one()
    dataset._sample_collection.delete_one({"_id": template["_id"]})
    now = datetime.now()
    documents = []
    for i, (quality, ssim, mse, good) in enumerate(
        zip(
            100 * rng.beta(3, 2, samples),
            1 - rng.beta(2, 30, samples),
            rng.exponential(0.001, samples),
            rng.beta(5, 3, samples),
            strict=True,
        )
    ):
        failed = i % 50 == 0
        values = {
            "quality": None if failed else quality,
            "ssim": None if failed else ssim,
            "mse": None if failed else mse,
            "discriminator": None if failed else good,
            "status": "no_face" if failed else "scored",
            "reason": "no face was found" if failed else None,
            **PRESET,
        }
        face = {
            "_id": ObjectId(),
            "_cls": "Detection",
            "tags": [],
            "label": "face",
            "bounding_box": [0.2, 0.2, 0.5, 0.6],
            "crop_matrix": [0.5, 0.0, 3.0, 0.0, 0.5, 4.0],
            **values,
        }
        documents.append(
            {
                **template,
                "_id": ObjectId(),
                "_rand": float(rng.random()),
                "created_at": now,
                "last_modified_at": now,
                "subject": f"subject-{i % (samples // 10)}",
                "faceqgen": {"_cls": "DynamicEmbeddedDocument", **values, "num_faces": 1},
                "faceqgen_faces": None if failed else {"_cls": "Detections", "detections": [face]},
            }
        )
    dataset._sample_collection.insert_many(documents)
    dataset.reload()
    return dataset
