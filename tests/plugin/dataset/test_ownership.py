"""A field that no run of ours has made is neither written nor deleted, whatever its class is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import pytest

from tests.plugin.conftest import make_dataset

DELETE = "@faceqgen/face-quality/delete_face_quality"
BOX = [0.1, 0.2, 0.3, 0.4]


def _own_fields() -> dict[str, Any]:
    """Somebody's ground truth, of the very classes that a run writes."""
    faces = fo.Detections(detections=[fo.Detection(label="truth", bounding_box=BOX)])
    return {
        "gt": fo.DynamicEmbeddedDocument(who="ann"),
        "gt_faces": faces,
        "gt_heatmap": fo.Heatmap(map_path="/mine/map.png", range=[0, 1]),
    }


@pytest.fixture
def delete() -> Any:
    return foo.get_operator(DELETE)


@pytest.fixture
def unscored(pictures) -> Iterator[Any]:
    dataset = make_dataset(pictures["one"])
    yield dataset
    dataset.delete()


@pytest.mark.parametrize("name", ["gt", "gt_faces", "gt_heatmap"])
def test_fields_of_the_users_own_are_neither_overwritten_nor_deleted(
    unscored, operator, delete, preset, name
):
    unscored.set_values(name, [_own_fields()[name]])
    before = unscored.first().to_dict()
    with pytest.raises(ValueError, match=f"field '{name}' that no run of face quality has made"):
        operator(unscored, field="gt", preset=preset)
    with pytest.raises(ValueError, match="no run of face quality has made"):
        delete(unscored, field="gt")
    unscored.reload()
    assert unscored.first().to_dict() == before and not unscored.list_runs()
    assert [n for n in unscored.get_field_schema() if n.startswith("gt")] == [name]


def test_frames_of_the_users_own_are_not_overwritten(operator, delete, preset):
    dataset = fo.Dataset()
    sample = fo.Sample(filepath="/no/such.mp4")
    sample.frames[1] = fo.Frame(gt_faces=_own_fields()["gt_faces"])
    dataset.add_sample(sample)
    for run in (
        lambda: operator(dataset, field="gt", preset=preset),
        lambda: delete(dataset, field="gt"),
    ):
        with pytest.raises(ValueError, match=r"'frames.gt_faces' that no run"):
            run()
    assert dataset.first().frames[1].gt_faces.detections[0].label == "truth"
    dataset.delete()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("faceqgen.quality", fo.StringField),
        ("faceqgen.status", fo.FloatField),
        ("faceqgen.reasons", fo.StringField),
        ("faceqgen_faces.detections.quality", fo.IntField),
    ],
)
def test_a_value_of_another_type_inside_the_field_is_refused_before_work_begins(
    unscored, operator, part, preset, path, kind
):
    root = path.partition(".")[0]
    fields = part("dataset.fields")
    name = {"faceqgen": "document", "faceqgen_faces": "faces"}[root]
    unscored.add_sample_field(
        root,
        fo.EmbeddedDocumentField,
        embedded_doc_type=fields.KINDS[name],
        description=fields.DESCRIPTIONS[name],
    )
    unscored.add_sample_field(path, kind)
    with pytest.raises(ValueError, match=rf"{path} is a {kind.__name__} here"):
        operator(unscored, preset=preset)
    assert not unscored.list_runs()


def test_a_field_is_ours_by_one_of_its_descriptions_or_by_the_record_of_a_run(unscored, part):
    fields, require = part("dataset.fields"), part("dataset.ownership").require_ours
    names = fields.FieldNames()
    fields.declare(unscored, names, heatmap=True, restored=False)
    require(unscored, names)
    for path in (names.document, names.faces):
        field = unscored.get_field(path)
        field.description = "in my own words"
        field.save()
    require(unscored, names)  # its values still say whose they are
    field = unscored.get_field(names.heatmap)
    field.description = "in my own words"
    field.save()
    with pytest.raises(ValueError, match="'faceqgen_heatmap' that no run"):
        require(unscored, names)
    config = unscored.init_run(
        method="faceqgen/score_faces", parameters={"field": "faceqgen", "heatmap": True}
    )
    unscored.register_run("faceqgen_old", config)
    require(unscored, names)


@pytest.mark.parametrize("path", ["faceqgen", "faceqgen.quality", "faceqgen_faces"])
def test_read_only_fields_are_refused_before_scoring_and_before_a_file_is_deleted(
    one_face, score, operator, delete, preset, tmp_path, path
):
    score(one_face, faces="crop", restored_dir=str(tmp_path))
    field = one_face.get_field(path)
    field.read_only = True
    field.save()
    files = sorted((tmp_path / "faceqgen").iterdir())
    with pytest.raises(ValueError, match="read-only"):
        operator(one_face, preset=preset, skip_scored=False, restored_dir=str(tmp_path))
    with pytest.raises(ValueError, match="read-only"):
        delete(one_face)
    assert sorted((tmp_path / "faceqgen").iterdir()) == files
    assert len(one_face.list_runs()) == 1


def test_the_sixty_fifth_index_is_an_extra_that_is_missed_and_no_reason_to_stop(unscored, part):
    for number in range(62 - len(unscored.list_indexes())):
        unscored.add_sample_field(f"n{number}", fo.IntField)
        unscored.create_index(f"n{number}")
    fields = part("dataset.fields")
    notices = fields.declare(unscored, fields.FieldNames(), heatmap=True, restored=True)
    assert len(notices) == 1 and "index(es) could not be made" in notices[0]
    assert unscored.has_field("faceqgen_heatmap")
    assert unscored.get_field("faceqgen_faces.detections.crop_matrix") is not None
    assert "faceqgen.restored_path" in unscored.app_config.media_fields


def test_nothing_is_written_when_a_field_is_refused(unscored, operator, preset, tmp_path):
    unscored.set_values("gt_faces", [_own_fields()["gt_faces"]])
    with pytest.raises(ValueError, match="no run of face quality"):
        operator(unscored, field="gt", preset=preset, restored_dir=str(tmp_path / "new"))
    assert not Path(tmp_path / "new").exists()
