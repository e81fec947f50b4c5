"""What a run could not write it says, and the next run makes it; what could not be read is looked at again when it can be."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest

from faceqgen_core.image_io import save_png
from tests.images import astronaut, no_face
from tests.plugin.conftest import make_dataset


@pytest.fixture
def crops(pictures) -> Iterator[Any]:
    """Two images that are taken as face crops."""
    dataset = make_dataset(pictures["one"], pictures["two"])
    yield dataset
    dataset.delete()


@pytest.fixture
def run(operator, preset, tmp_path) -> Any:
    """Score crops into ``tmp_path / "out" / "faceqgen"``."""

    def score(collection: Any, **params: Any) -> dict[str, Any]:
        chosen = {"faces": "crop", "restored_dir": str(tmp_path / "out"), **params}
        return operator(collection, preset=preset, **chosen)

    return score


def test_pictures_that_could_not_be_written_are_counted_with_why_and_where(
    crops, run, part, preset, tmp_path, monkeypatch
):
    runner, settings = part("scoring.run"), part("scoring.settings")
    monkeypatch.setattr(runner, "CHUNK_SAMPLES", 1)
    folder = tmp_path / "out" / "faceqgen"
    chosen = settings.ScoreSettings(
        preset=preset, faces="crop", batch_size=1, restored_dir=str(tmp_path / "out")
    )
    scoring = runner.ScoringRun(crops, chosen)
    states = iter(scoring)
    next(states)
    shutil.rmtree(folder)  # removed while the run is at work
    for _ in states:
        pass
    result = scoring.summary.to_dict()
    assert result["counts"] == {"scored": 2} and result["missing"] == 2
    assert any(
        "missing: no such file or directory" in n and str(folder) in n for n in result["notices"]
    )
    assert crops.get_run_info(result["run_key"]).config.missing_files == 2
    crops.reload()
    assert crops.values("faceqgen.status") == ["scored", "scored"]
    again = run(crops)
    assert (again["remade"], again["missing"], again["skipped"]) == (2, 0, 0)
    crops.reload()
    assert all(map(os.path.isfile, crops.values("faceqgen.restored_path")))
    last = run(crops)
    assert last["skipped"] == 2 and "Nothing to do" in last["notices"][-1]


def test_skip_scored_makes_missing_pictures_anew_and_leaves_the_others(crops, run):
    run(crops)
    crops.reload()
    first, second = crops.values("faceqgen.restored_path")
    os.unlink(first)
    inode = os.stat(second).st_ino
    result = run(crops)
    assert (result["remade"], result["skipped"]) == (1, 1)
    assert os.path.isfile(first) and os.stat(second).st_ino == inode
    assert "1 sample(s) have scores but not all of their pictures" in result["notices"][0]


def test_scores_are_kept_when_the_image_of_a_missing_picture_is_gone(tmp_path, run):
    image = tmp_path / "in" / "one.png"
    save_png(image, astronaut())
    dataset = make_dataset(image)
    run(dataset)
    dataset.reload()
    before = dataset.first().faceqgen.quality
    os.unlink(dataset.first().faceqgen.restored_path)
    image.unlink()
    result = run(dataset)
    dataset.reload()
    assert (dataset.first().faceqgen.status, dataset.first().faceqgen.quality) == ("scored", before)
    assert (result["kept"], result["missing"]) == (1, 1)
    assert "no such file" in result["notices"][-1]
    dataset.delete()


def test_a_heatmap_asked_for_later_is_made_and_the_restored_image_stays(crops, run):
    run(crops)
    crops.reload()
    before = crops.values(["faceqgen.restored_path", "faceqgen_faces.detections.restored_path"])
    result = run(crops, restored=False, heatmap=True)
    crops.reload()
    assert result["remade"] == 2
    assert all(map(os.path.isfile, crops.values("faceqgen_heatmap.map_path")))
    after = crops.values(["faceqgen.restored_path", "faceqgen_faces.detections.restored_path"])
    assert after == before


def test_a_file_that_was_away_is_looked_at_again_when_it_is_there(tmp_path, run):
    image, away = tmp_path / "in" / "one.png", tmp_path / "away.png"
    save_png(away, no_face())
    dataset = make_dataset(image)
    run(dataset)
    assert run(dataset)["skipped"] == 1  # still away
    image.parent.mkdir(exist_ok=True)
    shutil.move(away, image)
    result = run(dataset)
    assert result["counts"] == {"scored": 1}
    assert "looked at again" in result["notices"][0]
    dataset.delete()


def test_a_damaged_file_is_looked_at_again_when_it_has_changed_or_on_request(tmp_path, run):
    image = tmp_path / "one.png"
    image.write_bytes(b"no image")
    dataset = make_dataset(image)
    assert run(dataset)["counts"] == {"unreadable": 1}
    assert run(dataset)["skipped"] == 1
    assert run(dataset, retry_failed=True)["counts"] == {"unreadable": 1}
    save_png(image, astronaut())
    assert run(dataset)["counts"] == {"scored": 1}
    dataset.delete()


def test_a_file_that_has_changed_is_looked_at_again_though_its_sample_was_tagged_since(
    tmp_path, run
):
    """The time of the tag was taken for that of the look."""
    image = tmp_path / "one.png"
    image.write_bytes(b"no image")
    dataset = make_dataset(image)
    assert run(dataset)["counts"] == {"unreadable": 1}
    save_png(image, astronaut())
    time.sleep(1.1)
    dataset.tag_samples("mine")
    assert run(dataset)["counts"] == {"scored": 1}
    dataset.delete()


def test_a_view_that_hides_fields_does_not_make_its_samples_look_unscored(crops, run):
    run(crops, restored=False)
    crops.set_values("faceqgen.quality", [1.5, 2.5])
    hiding = [
        crops.select_fields(),
        crops.exclude_fields("faceqgen"),
        crops.set_field("faceqgen.status", None),
        crops.concat(crops),
    ]
    for view in hiding:
        assert run(view, restored=False)["skipped"] == 2
    crops.reload()
    assert crops.values("faceqgen.quality") == [1.5, 2.5]


def test_boxes_are_found_in_a_view_that_hides_their_field(one_face, operator, preset):
    box = fo.Detection(label="face", bounding_box=[0.35, 0.12, 0.17, 0.22])
    one_face.set_values("people", [fo.Detections(detections=[box])])
    view = one_face.select_fields()
    chosen = {"faces": "field", "faces_field": "people", "restored": False}
    assert operator(view, preset=preset, **chosen)["counts"] == {"scored": 1}


def test_a_full_disk_costs_pictures_and_no_scores(crops, run, tmp_path):
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("needs a small disk of its own")
    disk = tmp_path / "small"
    disk.mkdir()
    if os.system(f"mount -t tmpfs -o size=64k tmpfs {disk} 2>/dev/null"):
        pytest.skip("may not mount a disk")
    try:
        result = run(crops, restored_dir=str(disk))
        assert result["counts"] == {"scored": 2} and result["missing"] > 0
        assert any("no space left on device" in notice for notice in result["notices"])
        left = [p.name for p in (disk / "faceqgen").iterdir() if p.name.endswith(".tmp")]
        assert left == []
    finally:
        os.system(f"umount {disk}")
    again = run(crops)
    assert again["remade"] == 2 and again["missing"] == 0
    crops.reload()
    assert all(map(os.path.isfile, crops.values("faceqgen.restored_path")))
    assert {Path(p).parent for p in crops.values("faceqgen.restored_path")} == {
        tmp_path / "out" / "faceqgen"
    }
