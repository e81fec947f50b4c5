"""``score_faces`` with other quality networks: their numbers stand beside ours and are compared with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import numpy as np
import pytest

from faceqgen_core.image_io import save_png
from faceqgen_core.onnx_quality.extra_score import ExtraScore
from tests.images import plain
from tests.plugin.conftest import SCORE, form_of, make_dataset
from tests.random_preset import write_random_preset
from tests.small_network import write_network
from tests.videos import write_video

COMPARE = "@faceqgen/face-quality/compare_runs"
LEVELS = (30, 90, 60, 120)


def near(level: float) -> Any:
    """ONNX Runtime adds up in single precision."""
    return pytest.approx(level, rel=1e-3)


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> str:
    return str(write_random_preset(tmp_path_factory.mktemp("presets") / "random"))


@pytest.fixture(scope="module")
def networks(tmp_path_factory) -> tuple[str, str]:
    """One whose number rises with the brightness, and its negative, of which lower is better."""
    folder = tmp_path_factory.mktemp("networks")
    high = write_network(folder, mean=0, scale=1, range=[0, 255])
    low = write_network(folder, name="darkness", mean=0, scale=-1, higher_is_better=False)
    return str(high), str(low)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[Any]:
    """Four even crops and a file that is no image."""
    folder = tmp_path_factory.mktemp("crops")
    for level in LEVELS:
        save_png(folder / f"{level}.png", plain(128, 128, (level, level, level)))
    (folder / "bad.png").write_bytes(b"no image")
    return [*(folder / f"{level}.png" for level in LEVELS), folder / "bad.png"]


@pytest.fixture
def crops(files) -> Iterator[Any]:
    dataset = make_dataset(*files)
    yield dataset
    dataset.delete()


@pytest.fixture
def run(small) -> Any:
    """Score crops; restored images are another matter."""

    def score(dataset: Any, **params: Any) -> Any:
        chosen = {"preset": small, "faces": "crop", "restored": False, **params}
        foo.execute_operator(SCORE, {"dataset": dataset}, params=chosen)
        dataset.reload()
        return dataset

    return score


def test_the_numbers_stand_beside_ours_and_say_what_they_are(crops, run, networks):
    run(crops, extra_scores=", ".join(networks))
    assert crops.values("faceqgen.brightness") == [*map(near, LEVELS), None]
    faces = crops.values("faceqgen_faces.detections.darkness")
    assert faces[:4] == [[near(-level)] for level in LEVELS]
    assert crops.values("faceqgen.status") == ["scored"] * 4 + ["unreadable"]
    for name, words in (("brightness", "0 to 255, higher"), ("darkness", "LOWER")):
        for path in (f"faceqgen.{name}", f"faceqgen_faces.detections.{name}"):
            field = crops.get_field(path)
            assert isinstance(field, fo.FloatField) and f"{words} is better" in field.description
            assert f"{name}@" in field.description


def test_samples_that_were_scored_before_get_the_numbers_too_and_keep_ours(crops, run, networks):
    run(crops)
    ours = crops.values("faceqgen.quality")
    assert not crops.has_field("faceqgen.brightness")
    run(crops, extra_scores=networks[0])
    assert crops.values("faceqgen.brightness")[:4] == [*map(near, LEVELS)]
    assert crops.values("faceqgen.quality") == ours
    before = crops.values("last_modified_at")
    run(crops, extra_scores=networks[0])
    assert crops.values("last_modified_at") == before


def test_frames_of_videos_get_them_and_the_video_has_those_of_its_best_frame(
    tmp_path, run, networks
):
    path = write_video(tmp_path / "walk.avi", [plain(128, 128, (v, v, v)) for v in LEVELS])
    videos = fo.Dataset()
    videos.add_sample(fo.Sample(filepath=str(path)))
    run(videos, extra_scores=networks[0], fps=10)
    found = videos.values("frames.faceqgen.brightness")[0]
    assert found == [pytest.approx(level, abs=4) for level in LEVELS]
    best = videos.first().faceqgen
    assert best.brightness == found[best.best_frame - 1]
    assert videos.get_dynamic_field_schema() == videos.get_dynamic_frame_field_schema() == {}
    assert videos.get_field("frames.faceqgen.brightness").description
    videos.delete()


def test_numbers_of_another_network_of_the_same_name_are_not_mixed_in(
    crops, run, networks, tmp_path
):
    run(crops, extra_scores=networks[0])
    other = write_network(tmp_path, mean=1, scale=1)
    with pytest.raises(foo.executor.ExecutionError, match="numbers of two cannot be compared"):
        run(crops, extra_scores=str(other))


@pytest.mark.parametrize(
    ("change", "message"),
    [({"colour": "grey"}, "one of RGB, BGR"), ({"file": "away.onnx"}, "no network at")],
)
def test_a_network_that_cannot_be_used_is_refused_before_anything_is_written(
    crops, run, tmp_path, change, message
):
    with pytest.raises(foo.executor.ExecutionError, match=message):
        run(crops, extra_scores=str(write_network(tmp_path, **change)))
    assert not crops.has_field("faceqgen")


def test_a_file_that_is_not_there_and_a_field_of_the_users_are_refused(crops, run, networks):
    with pytest.raises(foo.executor.ExecutionError, match="No such file"):
        run(crops, extra_scores="/no/such.json")
    run(crops)
    crops.add_sample_field("faceqgen.brightness", fo.FloatField)
    with pytest.raises(foo.executor.ExecutionError, match="that no network has made"):
        run(crops, extra_scores=networks[0])


def test_a_run_is_compared_with_another_network_each_in_its_own_direction(crops, run, networks):
    run(crops, extra_scores=",".join(networks))
    compare = foo.get_operator(COMPARE)
    turned = compare(crops, "faceqgen", "faceqgen", measure="brightness", second_measure="darkness")
    assert turned.correlation == pytest.approx(1) and turned.gaps == pytest.approx([0] * 4)
    assert turned.second == [near(-level) for level in LEVELS]
    with_ours = compare(crops, "faceqgen", "faceqgen", second_measure="darkness")
    plainly = compare(crops, "faceqgen", "faceqgen", second_measure="brightness")
    assert with_ours.correlation == pytest.approx(plainly.correlation)
    with pytest.raises(ValueError, match="one of quality, ssim, mse, discriminator, brightness"):
        compare(crops, "faceqgen", "faceqgen", second_measure="beauty")
    params = {"first": "faceqgen", "second": "faceqgen", "second_measure": "darkness"}
    result = foo.execute_operator(COMPARE, {"dataset": crops}, params=params).result
    assert "faceqgen.darkness" in result["layout"]["yaxis"]["title"]["text"]


def test_the_form_offers_the_numbers_of_a_single_run_against_each_other(crops, run, networks):
    run(crops, extra_scores=",".join(networks))
    form = form_of(COMPARE, crops, {})
    assert form["first"]["default"] == form["second"]["default"] == "faceqgen"
    assert form["second_measure"]["default"] == "brightness"
    labels = [choice["label"] for choice in form["second_measure"]["view"]["choices"]]
    assert "darkness (lower is better)" in labels and not form["second"].get("invalid")


def test_trust_draws_a_curve_for_each_network_in_its_direction(part, networks):
    rng = np.random.default_rng(3)
    dataset, samples = fo.Dataset(), []
    for person in range(20):
        centre = rng.normal(size=24)
        for image in range(6):
            quality = float(rng.uniform(0, 100))
            noise = rng.normal(size=24) * (2.0 - 0.019 * quality)
            samples.append(
                fo.Sample(
                    filepath=f"/faces/{person}_{image}.png",
                    person=f"p{person}",
                    embedding=centre + noise,
                    faceqgen=fo.DynamicEmbeddedDocument(
                        status="scored", quality=quality, brightness=quality, darkness=-quality
                    ),
                )
            )
    extra = part("dataset.extra_scores")
    fields = part("dataset.fields")
    names = fields.FieldNames("faceqgen")
    fields.declare(dataset, names, heatmap=False, restored=False)
    extra.declare(dataset, names, [ExtraScore.read(Path(path)).extra_measure for path in networks])
    dataset.add_samples(samples)
    facts = part("results.recognition").evaluate_embeddings(
        dataset, "faceqgen", "person", "embedding"
    )
    columns = facts["columns"]
    assert columns["darkness"]["higher_is_better"] is False
    for name in ("brightness", "darkness"):
        assert columns[name]["fnmr"] == columns["quality"]["fnmr"]
    dataset.delete()
