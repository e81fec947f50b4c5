"""The operators beside ``score_faces`` on data sets that are empty, not scored, grouped, of patches or of videos."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import pytest

from faceqgen_core.image_io import save_png
from tests.images import lfw_faces

NAMES = (
    "best_shots",
    "compare_runs",
    "delete_face_quality",
    "export_faces",
    "face_quality_report",
    "filter_faces",
)


def _operator(name: str) -> Any:
    return foo.get_operator(f"@faceqgen/face-quality/{name}")


def _form(name: str, **context: Any) -> dict[str, Any]:
    from fiftyone.operators.executor import ExecutionContext

    dataset = context.pop("dataset")
    request = {"dataset_name": dataset.name, "params": {}, **context}
    return _operator(name).resolve_input(ExecutionContext(request)).to_json()["type"]["properties"]


@pytest.fixture
def grouped(tmp_path) -> Iterator[Any]:
    """Two groups of two slices, both scored in two fields; the left ones are better."""
    dataset = fo.Dataset()
    dataset.add_group_field("group", default="left")
    files = [tmp_path / "in" / f"{i}.png" for i in range(4)]
    for file, image in zip(files, lfw_faces(4), strict=True):
        save_png(file, image)
    for pair in (files[:2], files[2:]):
        group = fo.Group()
        for file, side, quality in zip(pair, ("left", "right"), (80.0, 20.0), strict=True):
            document = fo.DynamicEmbeddedDocument(quality=quality, status="scored", preset="p@1")
            sample = fo.Sample(
                filepath=str(file),
                group=group.element(side),
                subject=file.stem,
                faceqgen=document,
                other=document.copy(),
            )
            dataset.add_sample(sample, dynamic=True)
    yield dataset
    dataset.delete()


@pytest.mark.parametrize("name", NAMES)
def test_the_form_opens_on_an_empty_data_set(name):
    empty = fo.Dataset()
    form = _form(name, dataset=empty)
    assert name == "filter_faces" or any(prop.get("invalid") for prop in form.values())
    empty.delete()


@pytest.mark.parametrize("name", NAMES)
def test_the_form_opens_on_patches_and_on_a_view(name, scored):
    patches = scored.to_patches("faceqgen_faces")
    for view in (patches, scored.limit(1), scored.limit(0)):
        assert _form(name, dataset=scored, view=view._serialize())


@pytest.mark.parametrize("name", [n for n in NAMES if n != "delete_face_quality"])
def test_an_empty_view_of_a_scored_data_set_gives_an_empty_result(name, scored, tmp_path):
    params: dict[str, Any] = {
        "best_shots": {"of": "filepath_", "per": "label"},
        "compare_runs": {"first": "faceqgen", "second": "faceqgen2"},
        "export_faces": {"path": str(tmp_path / "out.csv")},
        "face_quality_report": {"path": str(tmp_path / "out.html")},
        "filter_faces": {},
    }[name]
    if name == "compare_runs":
        scored = scored.clone()
        scored.clone_sample_field("faceqgen", "faceqgen2")
    if name == "best_shots":
        params["of"] = None
    result = _operator(name)(scored.limit(0), **params)
    if name in ("best_shots", "filter_faces"):
        assert len(result) == 0
    elif name == "compare_runs":
        assert result.ids == [] and len(result.view) == 0
        scored.delete()
    elif name == "export_faces":
        assert result["exported"] == 0 and Path(result["where"]).read_text().count("\n") == 1
    else:
        assert "Nothing is scored yet" in Path(result).read_text()


@pytest.mark.parametrize("name", ["export_faces", "face_quality_report"])
def test_a_delegated_run_writes_its_file_as_well(name, scored, tmp_path):
    from fiftyone.operators.delegated import DelegatedOperationService

    path = tmp_path / ("out.csv" if name == "export_faces" else "out.html")
    queued = _operator(name)(scored, path=str(path), delegate=True)
    assert queued.delegated and not path.exists()
    DelegatedOperationService().execute_queued_operations(operator=_operator(name).uri)
    assert path.is_file()


def test_of_groups_the_active_slice_is_exported_reported_compared_and_chosen(grouped, tmp_path):
    grouped.group_slice = "right"
    result = _operator("export_faces")(grouped, value=0, path=str(tmp_path / "right.csv"))
    assert result["exported"] == 2 and "'right'" in result["notices"][0]
    assert "left/" not in Path(result["where"]).read_text()
    report = _operator("face_quality_report")(grouped, path=str(tmp_path / "r.html"))
    text = Path(report).read_text()
    assert "2 of its 4 samples" in text and "'right' is taken" in unescape(text)
    assert _operator("compare_runs")(grouped, "faceqgen", "other").first == [20.0, 20.0]
    view = _operator("best_shots")(grouped, of="subject")
    assert sorted(view.values("subject")) == ["1", "3"]


def test_fields_of_all_slices_of_groups_are_deleted(grouped, part):
    fields = part("dataset.fields")
    fields.declare_sample(grouped, fields.FieldNames())
    result = _operator("delete_face_quality")(grouped)
    assert result["samples"] == 4
    for side in ("left", "right"):
        grouped.group_slice = side
        assert not grouped.has_field("faceqgen") and grouped.first().other.quality


def test_patches_are_exported_as_the_images_they_were_cut_from(scored, tmp_path):
    patches = scored.to_patches("faceqgen_faces")
    result = _operator("export_faces")(patches, value=0, path=str(tmp_path / "out.csv"))
    assert result["exported"] == 2 and "behind these patches" in result["notices"][0]


def test_videos_are_exported_with_their_best_frame_and_not_face_by_face(tmp_path):
    videos = fo.Dataset()
    document = fo.DynamicEmbeddedDocument(quality=70.0, status="scored", best_frame=11)
    videos.add_sample(fo.Sample(filepath="/no/such.mp4", faceqgen=document), dynamic=True)
    export = _operator("export_faces")
    result = export(videos, value=50, path=str(tmp_path / "out.csv"))
    assert ",11," in Path(result["where"]).read_text()
    for options in ({"kind": "crops"}, {"all_faces": True}):
        with pytest.raises(ValueError, match="single faces are exported of images"):
            export(videos, value=50, **options)
    videos.delete()
