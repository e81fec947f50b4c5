"""Grouped data sets: the active slice is scored, the others are left alone, and the run says so."""

from __future__ import annotations

import fiftyone as fo
import fiftyone.operators as foo
import pytest

from tests.images import astronaut
from tests.plugin.conftest import FILTER, SCORE, form_of
from tests.videos import write_video


@pytest.fixture
def groups(pictures, tmp_path):
    """Two groups of four slices: left and right images, a clip, and a point cloud."""
    clip = write_video(tmp_path / "clip.avi", [astronaut()] * 2)
    dataset = fo.Dataset()
    dataset.add_group_field("group", default="left")
    for left, right in (("one", "none"), ("truncated", "two")):
        group = fo.Group()
        files = {
            "left": pictures[left],
            "right": pictures[right],
            "clip": clip,
            "cloud": tmp_path / "no.pcd",
        }
        dataset.add_samples(
            [fo.Sample(filepath=str(f), group=group.element(name)) for name, f in files.items()]
        )
    yield dataset
    dataset.delete()


def _statuses(dataset, name: str) -> list[str | None]:
    view = dataset.select_group_slices(name)
    return view.values("faceqgen.status") if view.has_field("faceqgen.status") else [None] * 2


def test_the_active_slice_is_scored_and_the_others_are_left_alone(groups, operator, preset):
    result = operator(groups, preset=preset, restored=False)
    groups.reload()
    assert _statuses(groups, "left") == ["scored", "unreadable"]
    assert _statuses(groups, "right") == _statuses(groups, "clip") == [None, None]
    (notice,) = result["notices"]
    assert "active slice 'left' is taken" in notice
    assert (
        "for 'right', 'clip': choose that slice in the App, or with dataset.group_slice" in notice
    )


def test_another_slice_is_scored_when_it_is_the_active_one(groups, operator, preset):
    operator(groups, preset=preset, restored=False)
    first = groups.select_group_slices("left").values("faceqgen.quality")
    groups.group_slice = "right"
    operator(groups, preset=preset, restored=False)
    groups.reload()
    assert _statuses(groups, "right") == ["no_face", "scored"]
    assert groups.select_group_slices("left").values("faceqgen.quality") == first


def test_the_slice_that_is_active_in_the_app_is_scored(groups, preset):
    request = {
        "dataset_name": groups.name,
        "group_slice": "right",
        "params": {"preset": preset, "restored": False},
    }
    context = foo.executor.ExecutionContext(request, executor=foo.executor.Executor())
    bodies = [message.body for message in foo.get_operator(SCORE).execute(context)]
    (warning,) = [b.params["message"] for b in bodies if b.operator_uri == "notify"]
    assert (
        "'right' is taken" in warning
        and "'right' is taken" in bodies[-1].params["results"]["report"]
    )
    groups.reload()
    assert _statuses(groups, "right") == ["no_face", "scored"]
    assert _statuses(groups, "left") == [None, None]


def test_a_delegated_run_scores_the_slice_that_was_active_when_it_was_queued(
    groups, operator, preset
):
    from fiftyone.operators.delegated import DelegatedOperationService

    groups.group_slice = "right"
    operator(groups, preset=preset, restored=False, delegate=True)
    groups.group_slice = "left"
    DelegatedOperationService().execute_queued_operations(operator=SCORE)
    groups.reload()
    assert _statuses(groups, "right") == ["no_face", "scored"]
    assert _statuses(groups, "left") == [None, None]


def test_videos_of_a_slice_are_scored_by_their_frames(groups, operator, preset):
    groups.group_slice = "clip"
    result = operator(groups, preset=preset)
    assert result["frames"] == 2 and result["counts"] == {"scored": 2}
    groups.reload()
    clips = groups.select_group_slices("clip")
    assert clips.values("faceqgen.best_frame") == [1, 1]
    assert clips.values("frames.faceqgen.status") == [["scored"], ["scored"]]
    assert _statuses(groups, "left") == [None, None]


def test_slices_that_a_view_selects_are_scored_without_a_notice(groups, operator, preset):
    flat = groups.select_group_slices(["left", "right"])
    result = operator(flat, preset=preset, restored=False)
    assert sum(result["counts"].values()) == 4 and result["notices"] == []


def test_a_view_of_groups_is_scored_as_far_as_it_goes(groups, operator, preset):
    operator(groups.limit(1), preset=preset, restored=False)
    groups.reload()
    assert _statuses(groups, "left") == ["scored", None]


def test_slices_of_other_media_are_refused_with_the_slices_that_fit(groups, operator, preset):
    groups.group_slice = "cloud"
    with pytest.raises(
        ValueError,
        match=r"'cloud' .*'point-cloud': choose one of 'left', 'right', 'clip' in the App",
    ):
        operator(groups, preset=preset)


def test_dynamic_groups_are_refused_with_a_way_out(dataset, groups, operator, preset):
    for collection in (dataset, groups):
        with pytest.raises(ValueError, match=r"group_by\(\).*view.flatten\(\)"):
            operator(collection.group_by("filepath"), preset=preset)
    dynamic = dataset.group_by("filepath")
    assert operator(dynamic.flatten(), preset=preset, restored=False)["counts"]["scored"] == 2


def test_another_preset_is_refused_whichever_slice_holds_the_first(groups, operator, preset):
    operator(groups, preset=preset, restored=False)
    left = groups.select_group_slices("left")
    left.set_field("faceqgen.preset", "other@00000000").save()
    groups.group_slice = "right"
    with pytest.raises(ValueError, match="holds scores of preset other@00000000 for 2 sample"):
        operator(groups, preset=preset, skip_scored=False)


def test_patches_of_a_group_are_scored_through_their_images(groups, operator, preset):
    operator(groups, preset=preset, restored=False)
    groups.reload()
    patches = groups.select_group_slices("left").to_patches("faceqgen_faces")
    result = operator(patches, preset=preset, restored=False, field="again")
    assert result["counts"] == {"scored": 1}


def test_the_form_says_which_slice_is_scored(groups, one_face):
    for dataset, slice_name, said in (
        (groups, "right", "'right' is taken"),
        (one_face, None, None),
    ):
        request = {"dataset_name": dataset.name, "group_slice": slice_name, "params": {}}
        form = foo.get_operator(SCORE).resolve_input(foo.executor.ExecutionContext(request))
        notice = form.type.properties.get("slice")
        assert (notice is None) == (said is None)
        assert said is None or said in notice.view.label
        if said and hasattr(foo.executor.ExecutionContext, "get_group_slice_scopes"):
            target = form.type.properties["view_target"]
            described = {choice.value: choice.description for choice in target.view.choices}
            assert described["CURRENT_VIEW"].endswith("in the current slice (right)")


@pytest.mark.parametrize(
    "name", ["best_shots", "compare_runs", "export_faces", "face_quality_report", "filter_faces"]
)
def test_the_forms_beside_scoring_say_which_slice_they_take(groups, name):
    form = form_of(f"@faceqgen/face-quality/{name}", groups, {})
    assert "'left' is taken" in form["slice"]["view"]["label"]
    target = form["view_target"]
    if hasattr(foo.executor.ExecutionContext, "get_group_slice_scopes"):
        assert "(left)" in str([c["description"] for c in target["view"]["choices"]])
        assert target["default"] == ("DATASET_VIEW" if name == "filter_faces" else "CURRENT_VIEW")


def test_groups_are_filtered_by_the_scores_of_the_active_slice(groups, operator, preset):
    operator(groups, preset=preset, restored=False)
    groups.reload()
    chosen = {"value": 0, "keep": "high", "view_target": "DATASET_VIEW"}
    result = foo.execute_operator(FILTER, {"dataset": groups}, params=chosen).result
    assert (result["kept"], result["unscored"]) == (1, 1)


def test_the_form_of_dynamic_groups_names_no_slice(dataset):
    view = dataset.group_by("filepath")._serialize()
    request = {"dataset_name": dataset.name, "view": view, "params": {}}
    form = foo.get_operator(SCORE).resolve_input(foo.executor.ExecutionContext(request))
    assert "slice" not in form.type.properties
