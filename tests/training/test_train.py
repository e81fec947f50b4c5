"""`faceqgen train` learns, resumes to the same result, and chooses targets by what the method says."""

import csv
import json

import numpy as np
import pytest
import skimage.data
from PIL import Image
from skimage.transform import resize

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.cli import main
from faceqgen_core.training.checkpoint import load_checkpoint
from faceqgen_core.training.degradation import degrade
from faceqgen_core.training.layouts import list_subjects
from faceqgen_core.training.pairs import PairMix, PairSource
from faceqgen_core.training.subjects import (
    align_faces,
    best_images,
    read_landmarks,
    split_subjects,
)

TEMPLATE = CropProtocol().template.astype(np.float32)


def _faces(root):
    """Subjects made of one public portrait in different colours and framings; landmarks known."""
    face = resize(skimage.data.astronaut()[:250, 110:360], (128, 128), anti_aliasing=True)
    face = (face * 255).round().astype(np.uint8)
    rng = np.random.default_rng(0)
    rows = []
    for subject in range(10):
        folder = root / "people" / f"s{subject:02d}"
        folder.mkdir(parents=True)
        own = degrade(face, "colour_cast", 0.9, rng)
        for number, image in enumerate((degrade(own, "gaussian_blur", 0.5, rng), own)):
            name = f"{folder.name}_{number}.png"
            Image.fromarray(image).save(folder / name)
            rows.append(
                [f"people/{folder.name}/{name}", 0.9, 20, 20, 90, 90, *TEMPLATE.reshape(-1)]
            )
    head = ["image", "score", "x", "y", "w", "h"] + [
        f"{p}_{a}" for p in ("reye", "leye", "nose", "rmouth", "lmouth") for a in "xy"
    ]
    with (root / "landmarks.csv").open("w", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    return root


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return _faces(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def config(data):
    path = data / "tiny.json"
    tiny = {
        "steps": 40,
        "batch_size": 4,
        "generator_width": 16,
        "discriminator_width": 8,
        "held_back": 0.2,
        "checkpoint_every": 20,
        "report_every": 10,
        "learning_rate": 0.002,
    }
    path.write_text(json.dumps(tiny))
    return path


def _train(data, config, output, *more):
    arguments = [
        "train",
        "--data",
        str(data / "people"),
        "--landmarks",
        str(data / "landmarks.csv"),
    ]
    return main([*arguments, "--config", str(config), "--output", str(output), *more])


@pytest.fixture(scope="module")
def whole(data, config, tmp_path_factory):
    output = tmp_path_factory.mktemp("run") / "whole"
    assert _train(data, config, output) == 0
    return output


def test_training_lowers_the_loss_and_improves_on_doing_nothing(whole):
    rows = list(csv.DictReader((whole / "curves.csv").open()))
    assert [row["step"] for row in rows] == ["20", "40"]
    assert float(rows[-1]["naming"]) < float(rows[0]["naming"])
    assert float(rows[-1]["psnr_gain_noise_0.6"]) > float(rows[0]["psnr_gain_noise_0.6"])


def test_a_resumed_run_ends_with_the_same_weights(whole, data, config, tmp_path):
    half = tmp_path / "half"
    assert _train(data, config, half, "--budget-minutes", "0") == 0
    _, facts = load_checkpoint(half / "checkpoint.npz")
    assert 0 < facts["step"] < 40
    assert _train(data, config, half, "--resume") == 0
    expected, _ = load_checkpoint(whole / "checkpoint.npz")
    resumed, facts = load_checkpoint(half / "checkpoint.npz")
    assert facts["step"] == 40
    for name, value in expected.items():
        np.testing.assert_allclose(resumed[name], value, rtol=0, atol=1e-6, err_msg=name)
    curves = [list(csv.DictReader((run / "curves.csv").open())) for run in (whole, half)]
    for row, again in zip(*([r for r in c if int(r["step"]) >= 20] for c in curves), strict=True):
        numbers = {k: float(v) for k, v in row.items() if k != "minutes"}
        assert {k: float(again[k]) for k in numbers} == pytest.approx(numbers, abs=1e-5)


def test_a_finished_folder_is_not_overwritten(whole, data, config):
    assert _train(data, config, whole) == 2


def test_batches_can_be_drawn_again(data):
    faces = align_faces(
        list_subjects([data / "people"]),
        CropProtocol(),
        known=read_landmarks(data / "landmarks.csv"),
    )
    source = PairSource(faces, best_images(faces), mix=PairMix(other=0.3), seed=5)
    first, again, other = source.batch(3, 6), source.batch(3, 6), source.batch(4, 6)
    assert (first.image == again.image).all()
    assert (first.harm == again.harm).all()
    assert not (first.image == other.image).all()
    assert first.image.min() >= 0
    assert first.image.max() <= 1
    assert ((first.harm >= 0) & (first.harm <= 1)).all()


def test_the_sharp_image_is_the_target_unless_a_listing_names_another(data):
    faces = align_faces(
        list_subjects([data / "people"]),
        CropProtocol(),
        known=read_landmarks(data / "landmarks.csv"),
    )
    best = {faces.names[i] for i in best_images(faces)}
    assert all(name.endswith("_1.png") for name in best)
    named = {"people/s00/s00_0.png"}
    assert named <= {faces.names[i] for i in best_images(faces, named=named)}
    with pytest.raises(ValueError, match="none of the 1 listed targets is among the faces"):
        best_images(faces, named={"s00_0.png"})
    with pytest.raises(ValueError, match="both listed as the target of people/s00: keep one"):
        best_images(faces, named=named | {"people/s00/s00_1.png"})


def test_held_back_subjects_share_no_subject_with_the_training_rows(data):
    faces = align_faces(
        list_subjects([data / "people"]),
        CropProtocol(),
        known=read_landmarks(data / "landmarks.csv"),
    )
    train, held = split_subjects(faces, share=0.3, seed=1)
    assert not set(faces.subjects[train]) & set(faces.subjects[held])
    assert len(train) + len(held) == len(faces.subjects)
