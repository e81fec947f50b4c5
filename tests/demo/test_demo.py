"""The demo from end to end, as ``make demo`` runs it, without a browser."""

from __future__ import annotations

import contextlib
import io
import re

import fiftyone as fo
import pytest

from demo.images import demo_images
from faceqgen_core import load_preset
from faceqgen_core.image_io import load_image


def _run(demo, preset, folder) -> str:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        assert demo.main(["--output", str(folder), "--preset", preset, "--device", "cpu"]) == 0
    return output.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def printed(demo, preset, folder) -> str:
    """What the demo printed; the data set is there afterwards."""
    return _run(demo, preset, folder)


@pytest.fixture
def dataset(demo, printed):
    return fo.load_dataset(demo.DATASET)


def test_the_demo_prints_the_five_best_and_the_five_worst_faces_in_order(printed, dataset):
    assert re.findall(r"The 5 (best|worst) faces", printed) == ["best", "worst"]
    shown = [float(number) for number in re.findall(r"^ +(\d+\.\d)  \S+\.png", printed, re.M)]
    scored = sorted((q for q in dataset.values("faceqgen.quality") if q is not None), reverse=True)
    assert shown == pytest.approx(scored[:5] + scored[-5:], abs=0.05)


def test_the_counts_by_status_cover_every_image(printed, dataset):
    block = printed.split("Images by status\n")[1].split("\n\n")[0]
    counts = {status: int(number) for number, status in re.findall(r"(\d+)  (\w+)", block)}
    assert sum(counts.values()) == len(dataset) == len(list(demo_images()))
    assert counts == dataset.count_values("faceqgen.status")
    assert counts["unreadable"] == 1 and counts["no_face"] >= 1


def test_every_small_crop_and_every_clean_portrait_is_scored(dataset):
    assert set(dataset.match_tags("lfw").values("faceqgen.status")) == {"scored"}
    clean = dataset.match_tags("portrait").match({"strength": 0})
    assert clean.values("faceqgen.status") == ["scored", "scored"]


def test_the_contact_sheet_is_written_and_named(printed, folder, demo):
    assert str(folder.resolve() / "contact_sheet.png") in printed
    height, width, _ = load_image(folder / "contact_sheet.png").shape
    assert width > 1000 and height > 1000


def test_a_second_run_changes_nothing_and_scores_nothing_again(demo, preset, folder, dataset):
    paths = ["id", "filepath", "faceqgen.quality", "faceqgen.restored_path"]
    before = dataset.values(paths)
    runs = dataset.list_runs()
    output = _run(demo, preset, folder)
    dataset.reload()
    assert dataset.values(paths) == before
    assert set(runs) <= set(dataset.list_runs())  # the broken file is looked at again, and noted
    assert "The 5 best faces" in output


def test_samples_that_are_no_demo_images_are_removed(demo, dataset, folder, tmp_path):
    before = set(dataset.values("filepath"))
    dataset.add_sample(fo.Sample(filepath=str(tmp_path / "other.png")))
    demo.build_dataset(folder / "images")
    assert set(dataset.values("filepath")) == before


def test_scores_of_another_preset_are_forgotten_before_a_run(demo, preset, dataset):
    demo.forget_other_presets(dataset, preset)
    assert load_preset(preset).identifier in dataset.distinct("faceqgen.preset")
    copy = dataset.clone()
    copy.set_field("faceqgen.preset", "another@00000000").save()
    demo.forget_other_presets(copy, preset)
    assert not copy.has_field("faceqgen") and not copy.has_field("faceqgen_heatmap")
    assert len(copy) == len(dataset)
    copy.delete()
