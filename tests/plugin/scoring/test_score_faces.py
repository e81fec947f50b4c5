"""``score_faces`` end to end: real images, real networks, real database."""

from __future__ import annotations

import fiftyone as fo
import fiftyone.operators as foo
import numpy as np
import pytest

from faceqgen_core import MEASURES
from faceqgen_core.measures import QUALITY
from faceqgen_core.process import heap
from tests.images import faulty_images
from tests.plugin.conftest import SCORE, make_dataset

KEYS = ("quality", "ssim", "mse", "discriminator")


def test_each_sample_gets_the_status_that_its_image_deserves(scored):
    assert scored.values("faceqgen.status") == ["scored", "scored", "no_face", "unreadable"]
    assert scored.values("faceqgen.num_faces") == [1, 2, 0, None]


def test_scores_lie_in_their_ranges_and_failures_have_none(scored):
    ranges = {"quality": (0, 100), **{k: (m.low, m.high) for k, m in MEASURES.items()}}
    for key, (low, high) in ranges.items():
        one, two, none, truncated = scored.values(f"faceqgen.{key}")
        assert low <= one <= high and low <= two <= high
        assert none is None and truncated is None


def test_all_that_is_written_is_declared(scored):
    """Nobody looks for new values in what a run writes: what the schema does not name, the App does not show."""
    assert scored.get_dynamic_field_schema() == {}


def test_a_failure_says_why_and_a_score_needs_no_reason(scored):
    one, two, none, truncated = scored.values("faceqgen.reason")
    # The brim of Grace Hopper's cap may be named: her face is good, not the best.
    assert one is None and two in (None, "occlusion")
    assert len(none) > 10 and "truncated.jpg" in truncated


def test_reasons_are_lists_on_the_sample_and_on_every_face_and_none_without_a_score(scored):
    one, two, none, truncated = scored.values("faceqgen.reasons")
    assert one == [] and two in ([], ["occlusion"]) and none is None and truncated is None
    for sample in scored.limit(2):
        faces = sample.faceqgen_faces.detections
        assert faces[0].reasons == sample.faceqgen.reasons
        assert all(face.reason == next(iter(face.reasons), None) for face in faces)


def test_a_face_that_scores_low_says_why_first_in_its_reason(tmp_path, score):
    blurred = faulty_images(tmp_path)["blurred"][0]
    dataset = make_dataset(blurred)
    score(dataset, restored=False)
    document = dataset.first().faceqgen
    assert document.status == "scored" and document.reasons[0] == document.reason == "blur"
    assert dataset.count_values("faceqgen.reasons")["blur"] == 1
    dataset.delete()


def test_the_field_of_the_reasons_names_and_describes_all_of_them(scored):
    from faceqgen_core.reasons import REASONS

    for path in ("faceqgen.reasons", "faceqgen_faces.detections.reasons"):
        field = scored.get_field(path)
        assert isinstance(field, fo.ListField) and isinstance(field.field, fo.StringField)
        assert all(name in field.description for name in REASONS)


def test_every_face_has_the_values_of_its_sample_and_more_than_one_face_is_kept(scored):
    one, two, none, truncated = scored.values("faceqgen_faces.detections")
    assert (len(one), len(two), none, truncated) == (1, 2, None, None)
    for sample, faces in zip(scored.limit(2), (one, two), strict=True):
        for key in (*KEYS, "status", "preset", "crop_protocol"):
            assert faces[0][key] == sample.faceqgen[key]
    assert all(face.label == "face" and 0 < face.confidence <= 1 for face in one + two)


def test_boxes_are_relative_and_lie_on_the_faces(scored):
    left, top, width, height = scored.first().faceqgen_faces.detections[0].bounding_box
    # the astronaut's eyes are near (204, 100) and (245, 102) of 512
    assert left < 204 / 512 < 245 / 512 < left + width
    assert top < 100 / 512 < top + height


def test_every_score_names_its_preset_and_crop_protocol(scored, preset):
    from faceqgen_core import load_preset

    loaded = load_preset(preset)
    assert scored.distinct("faceqgen.preset") == [loaded.identifier]
    assert scored.distinct("faceqgen.crop_protocol") == [loaded.protocol.identifier]


def test_the_scores_are_indexed_so_that_the_app_can_sort_by_them(scored):
    wanted = {f"faceqgen.{key}" for key in (*KEYS, "status")}
    assert wanted <= set(scored.list_indexes())


def test_each_score_is_described_with_direction_and_range(scored):
    for path in ("faceqgen", "faceqgen_faces.detections"):
        assert "0 to 100, higher is better" in scored.get_field(f"{path}.quality").description
        for key, measure in MEASURES.items():
            text = scored.get_field(f"{path}.{key}").description
            direction = "higher is better" if measure.higher_is_better else "LOWER is better"
            assert f"{measure.low:g} to {measure.high:g}, {direction}" in text


def test_the_plugin_knows_the_measures_their_directions_and_ranges_as_the_core(part):
    core = {"quality": QUALITY, **MEASURES}
    known = part("dataset.fields").SCORES
    assert {k: (m.higher_is_better, m.low, m.high) for k, m in core.items()} == {
        k: (s.higher_is_better, s.low, s.high) for k, s in known.items()
    }


def test_a_run_is_registered_with_preset_versions_parameters_and_counts(scored, preset):
    (key,) = scored.list_runs()
    config = scored.get_run_info(key).config
    assert config.method == "faceqgen/score_faces"
    assert config.preset == scored.first().faceqgen.preset
    assert {"faceqgen", "fiftyone", "tensorflow", "mtcnn"} <= set(config.versions)
    assert config.parameters["preset"] == preset and config.parameters["heatmap"] is True
    assert config.counts == {"scored": 2, "no_face": 1, "unreadable": 1}
    assert config.samples == 4 and config.faces == 3 and config.complete is True


def test_each_face_keeps_the_matrix_of_the_crop_that_was_scored(scored):
    sample = scored.first()
    (face,) = sample.faceqgen_faces.detections
    matrix = np.reshape(face.crop_matrix, (2, 3))
    x, y, w, h = np.multiply(face.bounding_box, 512)
    corners = np.array([[x, y, 1], [x + w, y + h, 1]]) @ matrix.T
    assert (corners > 0).all() and (corners < 128).all()
    assert scored.get_field("faceqgen_faces.detections.crop_matrix").description


def test_the_restored_image_joins_the_users_media_fields_and_replaces_none(one_face, score):
    one_face.add_sample_field("thumbnail", fo.StringField)
    one_face.app_config.media_fields.append("thumbnail")
    one_face.save()
    for _ in range(2):
        score(one_face, skip_scored=False)
    wanted = ["filepath", "thumbnail", "faceqgen.restored_path"]
    assert one_face.app_config.media_fields == wanted
    assert one_face.app_config.media_fallback is True


def test_each_of_the_ten_faulty_images_gets_its_right_status_in_one_run(tmp_path, score):
    expected = faulty_images(tmp_path)
    dataset = make_dataset(*(path for path, _ in expected.values()))
    score(dataset, restored=False)
    found = dict(zip(expected, dataset.values("faceqgen.status"), strict=True))
    assert found == {name: status.value for name, (_, status) in expected.items()}
    dataset.delete()


def test_a_call_from_a_notebook_scores_and_returns_the_counts(dataset, operator, preset):
    result = operator(dataset.limit(1), preset=preset, field="mine", restored=False)
    assert result["counts"] == {"scored": 1} and result["faces"] == 1 and result["skipped"] == 0
    assert result["run_key"] in dataset.list_runs()
    dataset.reload()
    assert [v is None for v in dataset.values("mine.quality")] == [False, True, True, True]


def test_only_the_target_view_is_scored(dataset, score):
    score(dataset.skip(2), restored=False)
    assert dataset.values("faceqgen.status") == [None, None, "no_face", "unreadable"]


def test_only_the_selection_is_scored_if_that_is_the_target(dataset, score):
    chosen = dataset.values("id")[2:3]
    score(dataset, context={"selected": chosen}, restored=False, view_target="SELECTED_SAMPLES")
    assert dataset.values("faceqgen.status") == [None, None, "no_face", None]


def test_a_delegated_run_scores_as_well(one_face, preset):
    from fiftyone.operators.delegated import DelegatedOperationService

    queued = foo.execute_operator(
        SCORE,
        {"dataset": one_face},
        params={"preset": preset, "restored": False},
        request_delegation=True,
    )
    assert queued.delegated and not one_face.has_field("faceqgen")
    DelegatedOperationService().execute_queued_operations(operator=SCORE)
    one_face.reload()
    assert one_face.values("faceqgen.status") == ["scored"]


def test_an_empty_view_is_no_error_and_says_so(dataset, operator, preset):
    result = operator(dataset.limit(0), preset=preset)
    assert result["counts"] == {} and "no samples" in result["notices"][0]
    assert not dataset.has_field("faceqgen") and not dataset.list_runs()


def test_patches_are_scored_through_the_images_they_were_cut_from(scored, operator, preset):
    patches = scored.to_patches("faceqgen_faces")
    result = operator(patches.limit(1), preset=preset, field="by_patch", restored=False)
    assert "behind these patches" in result["notices"][0]
    scored.reload()
    assert scored.values("by_patch.status") == ["scored", None, None, None]
    for name in ("by_patch", "by_patch_faces"):
        scored.delete_sample_field(name)
    scored.delete_run(result["run_key"])


def test_media_that_are_no_images_or_videos_are_refused(operator, preset):
    scenes = fo.Dataset()
    scenes.add_sample(fo.Sample(filepath="/no/such/scene.fo3d"))
    with pytest.raises(ValueError, match=r"needs images or videos.*'3d'"):
        operator(scenes, preset=preset)
    scenes.delete()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"faces": "guess"}, "faces must be one of detect, field, crop"),
        ({"faces": "field"}, "needs faces_field"),
        ({"faces": "field", "faces_field": "nowhere"}, "'nowhere' is no Detections field"),
        ({"field": "not a name"}, "cannot name a field"),
        ({"field": "filepath"}, "another kind"),
        ({"preset": "no-such-preset"}, "no preset"),
        ({"device": "abacus"}, "device"),
        ({"batch_size": 0}, "batch_size must be at least 1 and a whole number, got 0"),
        ({"fps": 0}, "fps must be a number above 0, got 0"),
        ({"max_frames": 0}, "max_frames must be at least 1"),
        ({"batch_size": "8"}, "batch_size must be at least 1 and a whole number, got '8'"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_written(
    one_face, operator, preset, params, message
):
    before = set(one_face.get_field_schema(flat=True))
    with pytest.raises(ValueError, match=message):
        operator(one_face, **{"preset": preset, **params})
    one_face.reload()
    assert set(one_face.get_field_schema(flat=True)) == before and not one_face.list_runs()


def test_a_failing_run_tells_the_app_and_still_raises_for_python(one_face):
    with pytest.raises(foo.executor.ExecutionError, match="no preset"):
        foo.execute_operator(SCORE, {"dataset": one_face}, params={"preset": "no-such-preset"})
    seen = []
    with pytest.raises(ValueError, match="no preset"):
        for message in _generate(one_face, preset="no-such-preset"):
            seen.append((message.body.operator_uri, message.body.params))
    assert ("notify", "error") in [(name, params.get("variant")) for name, params in seen]


def test_the_app_sees_the_progress_and_at_the_end_the_counts(dataset, preset):
    requests = [message.body for message in _generate(dataset, preset=preset, restored=False)]
    labels = [r.params["label"] for r in requests if r.operator_uri == "set_progress"]
    assert labels[0] == "Loading the preset" and labels[-1] == "4 of 4 samples"
    assert [r.operator_uri for r in requests[-2:]] == ["reload_dataset", "show_output"]
    report = requests[-1].params["results"]["report"]
    assert "**scored**: 2" in report and "**unreadable**: 1" in report


def _generate(dataset, **params):
    """What the operator sends to the App, message by message."""
    from fiftyone.operators.executor import ExecutionContext, Executor

    request = {"dataset_name": dataset.name, "params": params}
    return foo.get_operator(SCORE).execute(ExecutionContext(request, executor=Executor()))


def test_a_run_gives_freed_memory_back_when_it_ends(one_face, score, monkeypatch):
    """An App server that scores again and again does not keep what the pictures took."""
    given = []
    monkeypatch.setattr(heap, "give_back", lambda **when: given.append(when))
    score(one_face)
    assert given[-1] == {"after": 0}
