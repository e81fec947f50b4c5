"""A generator and a discriminator of somebody else's: in their range and colours, measured as ours are."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.reliability import batches
from faceqgen_core import FaceQualityAssessor, load_preset
from faceqgen_core.cli import main
from faceqgen_core.foreign.pair import PairPreset
from faceqgen_core.presets import PresetError
from tests.foreign_networks import graph, layer, start, write_legacy, write_pair
from tests.images import plain

GREY = np.full((64, 64, 3), (200, 100, 50), np.uint8)


def assess(path, **options):
    (found,) = FaceQualityAssessor(path, device="cpu").assess([GREY], faces="crop", **options)
    return found


@pytest.mark.parametrize("named", ["", "pair.json", "generator.h5", "discriminator.h5"])
def test_a_pair_is_known_by_its_folder_its_json_and_its_files(tmp_path, named):
    preset = load_preset(write_pair(tmp_path / "pair", name="mine") / named)
    assert isinstance(preset, PairPreset) and preset.name == "mine"
    assert preset.protocol.identifier == "align5-v1-64"


def test_the_declared_range_is_what_the_networks_read_and_write(tmp_path):
    found = assess(write_pair(tmp_path / "pair"), restored=True, difference=True)
    # In -1 to 1 half of a value draws it half way to the middle grey.
    assert np.abs(found.restored[32, 32] - (GREY[32, 32] / 2 + 127.5 / 2)).max() <= 1
    errors = (GREY[0, 0] - (GREY[0, 0] / 2 + 127.5 / 2)) / 255
    assert found.mse == pytest.approx(float((errors**2).mean()), rel=1e-3)
    judged = (GREY[0, 0] / 127.5 - 1).mean()
    assert found.discriminator == pytest.approx(1 / (1 + math.exp(-judged)), abs=1e-5)
    assert found.difference.shape == (64, 64)
    assert (found.quality, found.extra, found.reasons) == (None, {}, ())


def test_another_range_is_another_number_and_another_preset(tmp_path):
    one = assess(write_pair(tmp_path / "one"))
    other = assess(write_pair(tmp_path / "other", range=[0, 1]))
    assert other.mse != pytest.approx(one.mse, rel=0.1)
    assert one.preset != other.preset


def test_bgr_networks_get_blue_first(tmp_path):
    config = graph(
        [
            start(64),
            layer("Conv2D", "made", after="input_1", filters=3, kernel_size=[1, 1], use_bias=False),
        ]
    )
    first = np.zeros((1, 1, 3, 3))
    first[0, 0, 0, 0] = 1  # keeps the first channel alone
    for channels, kept in (("RGB", 0), ("BGR", 2)):
        folder = write_pair(tmp_path / channels, channels=channels, range=[0, 255])
        write_legacy(folder / "generator.h5", config, {"made": [("kernel", first)]})
        made = assess(folder, restored=True).restored[32, 32]
        assert made[kept] == GREY[0, 0, kept] and made.sum() == made[kept]


def test_a_face_scores_the_same_alone_and_in_any_batch(tmp_path):
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (64, 64, 3), dtype=np.uint8) for _ in range(9)]
    path = write_pair(tmp_path / "pair")
    together = FaceQualityAssessor(path, device="cpu").assess(pictures, faces="crop")
    alone = FaceQualityAssessor(path, device="cpu", batch_size=1).assess(pictures, faces="crop")
    for one, other in zip(together, alone, strict=True):
        assert (one.ssim, one.mse) == pytest.approx(
            (other.ssim, other.mse), rel=0, abs=batches.NATIVE
        )


def test_a_failure_is_a_value_here_too(tmp_path):
    (found,) = FaceQualityAssessor(write_pair(tmp_path / "pair"), device="cpu").assess(
        [plain(8, 8)], faces="crop"
    )
    assert found.status.value == "too_small" and found.mse is None


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"range": [1, -1]}, "rise"),
        ({"range": 255}, "two numbers"),
        ({"range": [0, math.nan]}, "NaN"),
        ({"generator": "../generator.h5"}, "beside it"),
        ({"channels": "GBR"}, "'RGB' or 'BGR'"),
        ({"judgement": "score"}, "'probability' or 'logit'"),
        ({"lambda": "x"}, "unknown key"),
        ({"generator": "gone.h5"}, "No such file"),
    ],
)
def test_what_a_pair_json_may_not_say_is_refused_with_its_place(tmp_path, said, words):
    folder = write_pair(tmp_path / "pair")
    written = {**json.loads((folder / "pair.json").read_text()), **said}
    (folder / "pair.json").write_text(json.dumps(written))
    with pytest.raises(PresetError, match=words):
        load_preset(folder)


def test_a_discriminator_of_another_size_is_refused(tmp_path):
    folder = write_pair(tmp_path / "pair", size=64)
    other = write_pair(tmp_path / "other", size=96)
    (folder / "discriminator.h5").write_bytes((other / "discriminator.h5").read_bytes())
    with pytest.raises(PresetError, match="its generator"):
        load_preset(folder)


@pytest.mark.parametrize("command", ["export --format onnx", "recalibrate --data faces"])
def test_what_needs_a_quality_refuses_a_pair_before_anything_is_read(
    tmp_path, command, capsys, monkeypatch
):
    write_pair(tmp_path / "pair")
    monkeypatch.chdir(tmp_path)
    assert main([*command.split(), "--preset", "pair", "--output", "new"]) == 2
    assert "needs a preset of ours" in capsys.readouterr().err and not Path("new").exists()
