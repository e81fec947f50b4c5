"""A small run of `faceqgen train` that sees nothing but covered faces makes covers vanish, on people it has not seen."""

import json

import numpy as np
import pytest

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.cli import main
from faceqgen_core.covers import cover
from faceqgen_core.measures.region import face_region
from faceqgen_core.networks import build_discriminator, build_generator
from faceqgen_core.presets import WEIGHTS
from faceqgen_core.training.data.subjects import (
    best_images,
    split_subjects,
)
from faceqgen_core.training.data.targeted_faces import TargetedFaces
from tests.claims import claim
from tests.training.small_set import aligned_small_set, write_small_set

SETTINGS = {
    "grading_steps": 30,
    "graded_batch": 8,
    "grading_average": 0.0,
    "copies": 1,
    "steps": 160,
    "batch_size": 4,
    "generator_width": 16,
    "discriminator_width": 8,
    "learning_rate": 0.002,
    "held_back": 0.25,
    "checkpoint_every": 160,
    "half_size": 1.0,
    "adversarial_from": 1.0,
    "code": 60,
    "losses": {"change": 0.0},
    "mix": {
        "target": 1.0,
        "degraded": 1.0,
        "cover": 1.0,
        **dict.fromkeys(("turned", "behind", "relit", "light", "structure", "second"), 0.0),
        "geometry": 0.0,
    },
}


def _held_back(data, seed):
    """The targets among the subjects that the run has held back, as the run chooses them."""
    faces = aligned_small_set(data)
    _, held = split_subjects(faces, share=SETTINGS["held_back"], seed=seed)
    rows = TargetedFaces.of(faces, best_images(faces)).targets.rows
    return faces.crops[held[np.isin(held, rows)]]


@pytest.mark.sweep
def test_a_cover_vanishes_from_faces_of_people_that_were_not_trained_on(tmp_path, seed):
    write_small_set(tmp_path)
    config, run = tmp_path / "config.json", tmp_path / "run"
    config.write_text(json.dumps(SETTINGS | {"seed": seed}))
    places = ["--data", str(tmp_path / "people"), "--landmarks", str(tmp_path / "landmarks.csv")]
    assert main(["train", *places, "--output", str(run), "--config", str(config)]) == 0
    networks = (
        build_generator(size=128, width=SETTINGS["generator_width"], code=SETTINGS["code"]),
        build_discriminator(size=128, width=SETTINGS["discriminator_width"]),
    )
    for network, file in zip(networks, WEIGHTS, strict=False):
        network.load_weights(run / file)
    region, gains = face_region(CropProtocol()) > 0.5, []
    for number, face in enumerate(_held_back(tmp_path, seed)):
        covered, mask = cover(np.random.default_rng([1, number]), face, "rectangle", 0.6)
        hidden = (mask > 0.9) & region
        if hidden.sum() < 200:
            continue
        image = covered[None].astype(np.float32) / 255
        told = networks[1].predict_on_batch(image)
        restored = 255 * networks[0].predict_on_batch([image, told[5], told[6]])[0][0]
        errors = [np.mean(np.square(x - face.astype(float))[hidden]) for x in (covered, restored)]
        gains.append(10 * np.log10(errors[0] / errors[1]))
    assert len(gains) >= 10
    # PSNR under the cover, in decibels. A network that returns its input gains nothing.
    claim("decibels gained", np.mean(gains), above=3)
