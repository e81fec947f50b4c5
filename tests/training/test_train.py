"""`faceqgen train` learns, resumes to the same result, and chooses targets by what the method says."""

import csv
import json
import shutil

import numpy as np
import pytest
import skimage.data
from PIL import Image
from skimage.transform import resize

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.cli import main
from faceqgen_core.degradation import degrade
from faceqgen_core.networks import build_discriminator, build_generator
from faceqgen_core.presets import WEIGHTS
from faceqgen_core.training.data.layouts import list_subjects
from faceqgen_core.training.data.pairs import PairSource
from faceqgen_core.training.data.subjects import (
    align_faces,
    best_images,
    read_landmarks,
    split_subjects,
)
from faceqgen_core.training.data.targeted_faces import TargetedFaces
from faceqgen_core.training.loop.checkpoint import load_checkpoint
from faceqgen_core.training.networks.gan import RestorationGAN

pytestmark = pytest.mark.usefixtures("uncompiled")

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
        "grading_steps": 4,
        "graded_batch": 4,
        "copies": 1,
        "steps": 8,
        "batch_size": 2,
        "generator_width": 16,
        "discriminator_width": 8,
        "held_back": 0.2,
        "checkpoint_every": 4,
        "report_every": 2,
        "learning_rate": 0.002,
        "half_size": 0.375,
        "adversarial_from": 0.375,
        "code": 8,
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
def whole(uncompiled, data, config, tmp_path_factory):
    output = tmp_path_factory.mktemp("run") / "whole"
    assert _train(data, config, output) == 0
    return output


def _curves(run, name="curves.csv"):
    with (run / name).open() as file:
        return [{k: float(v) for k, v in row.items() if v} for row in csv.DictReader(file)]


def _same_end(run, whole):
    for name in ("grading.npz", "checkpoint.npz"):
        expected, _ = load_checkpoint(whole / name)
        found, _ = load_checkpoint(run / name)
        assert set(found) == set(expected)
        for key, value in expected.items():
            np.testing.assert_allclose(found[key], value, rtol=0, atol=1e-6, err_msg=key)
    for row, again in zip(_curves(whole), _curves(run)[-2:], strict=True):
        row.pop("minutes"), again.pop("minutes")
        assert again == pytest.approx(row, abs=1e-5)


def test_a_run_logs_every_loss_and_what_it_gains_on_held_back_faces(whole):
    """That it learns is shown by the small run: eight steps of two pairs show nothing on every processor."""
    (graded,) = _curves(whole, "grading.csv")
    assert graded["step"] == 4
    first, last = _curves(whole)
    assert (first["step"], last["step"]) == (4, 8)
    assert {"restored", "drawn", "code", "change"} <= set(first)
    assert {"features", "adversarial", "critic", "psnr_gain_noise_0.6", "order"} <= set(last)
    assert np.isfinite(list(last.values())).all()


def test_a_run_that_is_cut_while_it_grades_and_dies_while_it_restores_comes_to_the_same_end(
    whole, data, config, tmp_path, monkeypatch
):
    run = tmp_path / "run"
    assert _train(data, config, run, "--budget-minutes", "0") == 0
    _, facts = load_checkpoint(run / "grading.npz")
    assert 0 < facts["step"] < 4
    assert not (run / "checkpoint.npz").exists()
    step, taken = RestorationGAN.step, []

    def mortal(*args, **options):
        taken.append(1)
        if len(taken) == 7:  # past the change from half to whole size
            raise KeyboardInterrupt
        return step(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(RestorationGAN, "step", mortal)
        assert _train(data, config, run, "--resume") == 130
    _, facts = load_checkpoint(run / "checkpoint.npz")
    assert facts["step"] == 4  # of 6: two steps are lost, and are taken again
    assert _train(data, config, run, "--resume") == 0
    _same_end(run, whole)


def test_pairs_that_a_process_draws_lead_to_the_same_weights(whole, data, config, tmp_path):
    run = tmp_path / "run"
    assert _train(data, config, run, "--workers", "1") == 0
    _same_end(run, whole)


def test_other_settings_are_not_resumed(whole, data, config, tmp_path, capsys):
    other = tmp_path / "other.json"
    other.write_text(json.dumps(json.loads(config.read_text()) | {"learning_rate": 0.1}))
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copyfile(whole / "grading.npz", copy / "grading.npz")
    assert _train(data, other, copy, "--resume") == 2
    assert "another configuration" in capsys.readouterr().err


def test_a_folder_that_holds_a_preset_is_not_trained_into(data, config, tmp_path, capsys):
    """Its config.json was replaced by that of the run."""
    (tmp_path / WEIGHTS[-1]).write_bytes(b"")
    (tmp_path / "config.json").write_text("a preset's")
    for more in ([], ["--resume"]):
        assert _train(data, config, tmp_path, *more) == 2
        assert "holds a preset" in capsys.readouterr().err
    assert (tmp_path / "config.json").read_text() == "a preset's"


def test_a_run_can_start_from_the_weights_of_another(whole, data, config, tmp_path):
    brief = {"grading_steps": 0, "steps": 1, "checkpoint_every": 1, "learning_rate": 1e-9}
    brief |= {"half_size": 0.0}
    settings = tmp_path / "brief.json"
    settings.write_text(json.dumps(json.loads(config.read_text()) | brief))
    output = tmp_path / "later"
    assert _train(data, settings, output, "--start-from", str(whole)) == 0
    numbers = ({"width": 16, "code": 8}, {"width": 8})
    for build, options, file in zip(
        (build_generator, build_discriminator), numbers, WEIGHTS[:2], strict=True
    ):
        earlier, later = build(size=128, **options), build(size=128, **options)
        earlier.load_weights(whole / file)
        later.load_weights(output / file)
        for mine, theirs in zip(later.get_weights(), earlier.get_weights(), strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-5)


def test_a_run_with_patience_keeps_its_best_report(data, config, tmp_path):
    brief = {"steps": 8, "checkpoint_every": 2, "patience": 1}
    brief |= {"grading_steps": 2, "graded_batch": 2, "half_size": 0.0, "adversarial_from": 0.0}
    settings, output = tmp_path / "brief.json", tmp_path / "brief"
    settings.write_text(json.dumps(json.loads(config.read_text()) | brief))
    assert _train(data, settings, output) == 0
    rows = _curves(output)
    best = max(rows, key=lambda row: row["order"])
    _, facts = load_checkpoint(output / "checkpoint.npz")
    assert facts["stop"]["best_step"] == best["step"]
    assert facts["step"] == rows[-1]["step"] == min(8, best["step"] + 2)
    generator = build_generator(size=128, width=16, code=8)
    generator.load_weights(output / WEIGHTS[0])
    last, _ = load_checkpoint(output / "checkpoint.npz")
    kept = generator.get_weights()
    same = all((last[f"averaged/{i}"] == value).all() for i, value in enumerate(kept))
    assert same == (best["step"] == facts["step"])
    if facts["step"] < 8:  # an ended run has nothing to go on with
        assert _train(data, settings, output, "--resume") == 0
        assert load_checkpoint(output / "checkpoint.npz")[1] == facts


def test_a_finished_folder_is_not_overwritten(whole, data, config):
    assert _train(data, config, whole) == 2


def test_batches_can_be_drawn_again(data):
    faces = align_faces(
        list_subjects([data / "people"]),
        CropProtocol(),
        known=read_landmarks(data / "landmarks.csv"),
    )
    targeted = TargetedFaces.of(faces, best_images(faces))
    source = PairSource(targeted.alterer(), targeted.targets, seed=5)
    first, again, other = source.batch(3, 6), source.batch(3, 6), source.batch(4, 6)
    assert (first.image == again.image).all()
    assert (first.target == again.target).all()
    assert not (first.image == other.image).all()
    assert first.image.min() >= 0
    assert first.image.max() <= 1
    batch = source.batch(5, 40)
    for kind in (batch.cross, batch.turned, batch.untouched):
        assert set(kind) <= {0.0, 1.0}
    assert len(set(batch.cross)) == len(set(batch.untouched)) == 2
    assert not (batch.turned * batch.untouched).any()


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
