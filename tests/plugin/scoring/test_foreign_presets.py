"""``score_faces`` with networks from elsewhere: FaceQnet's file and a pair, in place of a preset of ours."""

from __future__ import annotations

import fiftyone as fo
import fiftyone.operators as foo
import numpy as np
import pytest

from faceqgen_core.image_io import save_png
from tests.foreign_networks import tiny_faceqnet, write_pair
from tests.plugin.conftest import SCORE, make_dataset
from tests.small_network import write_network


@pytest.fixture
def crops(tmp_path):
    """Two crops, of a blue of 128 and of 64."""
    files = [tmp_path / "one.png", tmp_path / "two.png"]
    for file, blue in zip(files, (128, 64), strict=True):
        save_png(file, np.full((80, 80, 3), (200, 100, blue), np.uint8))
    dataset = make_dataset(*files)
    yield dataset
    dataset.delete()


def score(dataset, preset, **params):
    operator = foo.get_operator(SCORE)
    summary = operator(dataset, preset=str(preset), faces="crop", device="cpu", **params)
    dataset.reload()
    return summary


def test_faceqnet_is_a_field_of_its_own_beside_nothing_else(crops, tmp_path):
    file = tiny_faceqnet(tmp_path / "FaceQnet_v1.h5")
    summary = score(crops, file, restored=True, heatmap=True)
    assert any("restores nothing" in notice for notice in summary["notices"])
    assert crops.values("faceqgen.status") == ["scored", "scored"]
    assert crops.values("faceqgen.faceqnet") == pytest.approx([0.5, 0.375], abs=1e-5)
    assert crops.values("faceqgen_faces.detections.faceqnet") == [
        pytest.approx([0.5], abs=1e-5),
        pytest.approx([0.375], abs=1e-5),
    ]
    for nothing in ("quality", "ssim", "restored_path", "reasons", "changes"):
        assert crops.values(f"faceqgen.{nothing}") == [None, None]
    field = crops.get_field("faceqgen.faceqnet")
    assert isinstance(field, fo.FloatField) and "0 to 1, higher is better" in field.description
    assert "faceqgen.faceqnet" in crops.list_indexes()
    assert not crops.has_field("faceqgen_heatmap")


def test_the_same_file_again_leaves_the_scores_alone(crops, tmp_path):
    file = tiny_faceqnet(tmp_path / "FaceQnet_v1.h5")
    score(crops, file)
    runs = crops.list_runs()
    score(crops, file)
    assert crops.list_runs() == runs


def test_a_pair_gives_the_three_measures_and_restored_images(crops, tmp_path):
    score(crops, write_pair(tmp_path / "pair"), restored_dir=str(tmp_path / "restored"))
    for measure in ("ssim", "mse", "discriminator"):
        assert None not in crops.values(f"faceqgen.{measure}")
    assert crops.values("faceqgen.quality") == [None, None]
    assert all(crops.values("faceqgen.restored_path"))


def test_another_file_takes_the_place_of_all_scores_but_not_of_some(crops, tmp_path):
    first = tiny_faceqnet(tmp_path / "FaceQnet_v1.h5")
    other = tiny_faceqnet(tmp_path / "other" / "FaceQnet_v1.h5", bias=0.125)
    score(crops, first)
    with pytest.raises(ValueError, match="cannot be compared"):
        score(crops.limit(1), other, skip_scored=False)
    score(crops, other, skip_scored=False)
    assert crops.values("faceqgen.faceqnet") == pytest.approx([0.375, 0.25], abs=1e-5)
    for path in ("faceqgen.faceqnet", "faceqgen_faces.detections.faceqnet"):
        assert set(crops.distinct("faceqgen.preset")) < set(
            crops.get_field(path).description.replace(";", "").split()
        )


def test_another_network_scores_beside_faceqnet_by_the_same_rule(crops, tmp_path):
    network = write_network(tmp_path, mean=0, scale=1)
    score(crops, tiny_faceqnet(tmp_path / "FaceQnet_v1.h5"), extra_scores=str(network))
    assert crops.values("faceqgen.faceqnet") == pytest.approx([0.5, 0.375], abs=1e-5)
    assert crops.values("faceqgen.brightness") == pytest.approx([200, 200], abs=0.5)
    assert "faceqgen.brightness" in crops.list_indexes()
    compare = foo.get_operator("@faceqgen/face-quality/compare_runs")
    compared = compare(
        crops, "faceqgen", "faceqgen", measure="faceqnet", second_measure="brightness"
    )
    assert compared.first == pytest.approx([0.5, 0.375], abs=1e-5)


def test_the_model_writes_the_same_field_and_says_that_there_is_no_code(crops, tmp_path, part):
    model = part("scoring.model").FaceQgenModel(
        preset=str(tiny_faceqnet(tmp_path / "FaceQnet_v1.h5")), faces="crop", device="cpu"
    )
    crops.apply_model(model, label_field="applied")
    assert crops.values("applied.faceqnet") == pytest.approx([0.5, 0.375], abs=1e-5)
    assert "FaceQnet_v1@" in crops.get_field("applied.faceqnet").description
    with pytest.raises(ValueError, match="a preset of ours"):
        model.embed(np.zeros((80, 80, 3), np.uint8))
