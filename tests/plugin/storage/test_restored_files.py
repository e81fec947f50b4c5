"""The files of a run: their geometry, where they lie, what the manifest knows of them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from faceqgen_core.image_io import load_image, save_png
from tests.images import astronaut, exif, turned_for
from tests.plugin.conftest import make_dataset


def test_a_restored_photograph_has_the_geometry_of_the_original(scored):
    for sample in scored.limit(2):
        assert load_image(sample.faceqgen.restored_path).shape == load_image(sample.filepath).shape


def test_a_photograph_that_lies_on_its_side_is_restored_upright(tmp_path, score):
    from PIL import Image

    file = tmp_path / "turned.jpg"
    upright = Image.fromarray(astronaut()[:400])
    turned_for(6, upright).save(file, quality=95, exif=exif(6))
    dataset = make_dataset(file)
    score(dataset, heatmap=True)
    sample = dataset.first()
    assert load_image(sample.faceqgen.restored_path).shape == (400, 512, 3)
    assert sample.faceqgen_heatmap.get_map().shape == (400, 512)
    dataset.delete()


def test_only_the_faces_of_a_photograph_change(scored):
    sample = scored.first()
    before = load_image(sample.filepath).astype(float)
    after = load_image(sample.faceqgen.restored_path).astype(float)
    assert np.abs(after - before)[400:].mean() < 2  # the lower edge: JPEG only


def test_a_restored_crop_has_the_size_of_the_crop_and_every_pixel_of_it(tmp_path, score):
    file = tmp_path / "crop.png"
    save_png(file, astronaut()[20:220, 140:300])
    dataset = make_dataset(file)
    score(dataset, faces="crop", heatmap=True)
    sample = dataset.first()
    assert sample.faceqgen.status == "scored" and sample.faceqgen.num_faces == 1
    restored = load_image(sample.faceqgen.restored_path)
    assert restored.shape == (200, 160, 3)
    assert (
        restored.reshape(-1, 3).std(axis=0).min() > 10 and restored[0].any() and restored[-1].any()
    )
    assert sample.faceqgen_heatmap.get_map().shape == (200, 160)
    (face,) = sample.faceqgen_faces.detections
    assert face.bounding_box == [0, 0, 1, 1] and face.quality == sample.faceqgen.quality
    dataset.delete()


def test_each_face_has_the_file_of_its_own_restored_crop(scored, preset):
    from faceqgen_core import load_preset

    size = load_preset(preset).protocol.size
    paths = scored.skip(1).first().faceqgen_faces.detections
    files = [face.restored_path for face in paths]
    assert len(set(files)) == 2
    assert all(load_image(file).shape == (size, size, 3) for file in files)


def test_a_sample_without_a_face_has_no_file(scored):
    for sample in scored.skip(2):
        assert sample.faceqgen.restored_path is None and sample.faceqgen_heatmap is None


def test_the_heatmap_is_a_grey_file_of_the_images_size_and_clear_outside_the_faces(scored):
    sample = scored.first()
    heatmap = sample.faceqgen_heatmap
    assert heatmap.range == [0, 255]  # the App reads the file's own numbers
    values = heatmap.get_map()
    assert values.dtype == np.uint8 and values.shape == (512, 512)
    assert values[400:].max() == 0


def test_no_heatmap_field_is_made_unless_asked_for(one_face, score):
    score(one_face, restored=False)
    assert not one_face.has_field("faceqgen_heatmap")
    assert one_face.first().faceqgen.restored_path is None
    assert "faceqgen.restored_path" not in one_face.app_config.media_fields


def test_files_go_to_a_folder_of_the_data_set_and_the_field_under_the_home_of_the_product(scored):
    folder = Path(os.environ["FACEQGEN_HOME"]) / "restored" / scored.name / "faceqgen"
    files = [p for p in scored.values("faceqgen.restored_path") if p]
    assert {Path(file).parent for file in files} == {folder}


def test_the_manifest_names_every_file_that_is_there(scored):
    folder = Path(scored.first().faceqgen.restored_path).parent
    entries = map(json.loads, (folder / "manifest.jsonl").read_text().splitlines())
    named = {name for entry in entries for name in entry["files"]}
    assert named == {p.name for p in folder.iterdir()} - {"manifest.jsonl"}


def test_a_chosen_folder_is_used_and_two_fields_share_no_file(one_face, score, tmp_path):
    chosen = str(tmp_path / "made" / "for this")
    score(one_face, restored_dir=chosen)
    score(one_face, restored_dir=chosen, field="second")
    first, second = one_face.first().faceqgen, one_face.first().second
    assert first.restored_path.startswith(chosen) and second.restored_path.startswith(chosen)
    assert first.restored_path != second.restored_path


def test_a_second_run_replaces_the_files_and_adds_none(one_face, score, tmp_path):
    score(one_face, restored_dir=str(tmp_path))
    before = sorted(p.name for p in (tmp_path / "faceqgen").iterdir())
    score(one_face, restored_dir=str(tmp_path), skip_scored=False)
    assert sorted(p.name for p in (tmp_path / "faceqgen").iterdir()) == before


def test_a_folder_inside_the_plugin_is_refused(one_face, operator, part, preset):
    folder = Path(part("storage.restored_files").__file__).parents[1]
    for inside in (folder / "written", folder.parent / "written"):  # plugin/, fiftyone.yml's folder
        with pytest.raises(ValueError, match="inside the plugin"):
            operator(one_face, preset=preset, restored_dir=str(inside))
        assert not inside.exists()


def test_a_folder_that_cannot_be_written_to_is_refused(one_face, operator, preset, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ValueError, match="cannot be written to"):
        operator(one_face, preset=preset, restored_dir=str(tmp_path / "file"))


def test_a_file_that_cannot_be_written_costs_no_score_and_no_other_file(one_face, score, tmp_path):
    target = tmp_path / "faceqgen" / f"{one_face.first().id}.jpg"
    target.mkdir(parents=True)  # in the way of the restored image
    score(one_face, restored_dir=str(tmp_path), heatmap=True)
    sample = one_face.first()
    assert sample.faceqgen.status == "scored"
    assert sample.faceqgen.restored_path is None
    assert Path(sample.faceqgen_faces.detections[0].restored_path).is_file()
    assert Path(sample.faceqgen_heatmap.map_path).is_file()


def test_the_manifest_of_a_run_for_heatmaps_names_heatmaps_alone(one_face, score, tmp_path):
    score(one_face, restored_dir=str(tmp_path), restored=False, heatmap=True)
    (entry,) = (tmp_path / "faceqgen" / "manifest.jsonl").read_text().splitlines()
    assert json.loads(entry)["files"] == [f"{one_face.first().id}_heatmap.png"]
