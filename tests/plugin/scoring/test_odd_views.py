"""Generated views: what cannot be kept is refused before anything is scored, with the way out; filters on patches."""

from __future__ import annotations

import fiftyone as fo
import fiftyone.operators as foo
import pytest

from tests.plugin.conftest import FILTER, make_dataset


@pytest.fixture(scope="module")
def model(operator, preset):
    return operator.model(preset=preset, faces="crop")


@pytest.mark.parametrize("skip_failures", [True, False])
def test_patches_are_refused_by_the_model_before_anything_is_scored(
    scored, model, monkeypatch, skip_failures
):
    asked = []
    monkeypatch.setattr(model._assessor, "assess", lambda *a, **k: asked.append(a) or [])
    patches = scored.to_patches("faceqgen_faces")
    with pytest.raises(ValueError, match="nothing was scored: each patch is a face here"):
        patches.apply_model(model, label_field="again", batch_size=2, skip_failures=skip_failures)
    assert asked == [] and not scored.has_field("again")


def test_a_view_of_frames_is_refused_by_the_operator_with_the_ways_out(pictures, operator, preset):
    dataset = fo.Dataset()
    sample = fo.Sample(filepath="/no/such.mp4")
    sample.frames[1] = fo.Frame(filepath=str(pictures["one"]))
    dataset.add_sample(sample)
    with pytest.raises(ValueError, match=r"run on the data set itself.*or apply the model"):
        operator(dataset.to_frames(), preset=preset)
    assert not dataset.has_frame_field("faceqgen") and dataset.list_runs() == []
    dataset.delete()


def test_a_view_of_frames_is_scored_by_the_model_and_ends_without_an_error(pictures, model):
    dataset = fo.Dataset()
    sample = fo.Sample(filepath="/no/such.mp4")
    sample.frames[1] = fo.Frame(filepath=str(pictures["one"]))
    dataset.add_sample(sample)
    frames = dataset.to_frames()
    frames.apply_model(model, label_field="mine", batch_size=2, skip_failures=False)
    assert frames.values("mine.status") == ["scored"]
    dataset.delete()


def test_a_model_whose_fields_cannot_be_indexed_has_scored_all_the_same(one_face, model, caplog):
    for number in range(64 - len(one_face.list_indexes())):
        one_face.add_sample_field(f"n{number}", fo.IntField)
        one_face.create_index(f"n{number}")
    one_face.apply_model(model, label_field="mine", batch_size=2, skip_failures=False)
    assert one_face.first().mine.status == "scored"
    assert "could not be made" in caplog.text


def test_patches_of_faces_are_filtered_by_their_own_scores(scored):
    patches = scored.to_patches("faceqgen_faces")
    qualities = sorted(patches.values("faceqgen_faces.quality"))
    middle = (qualities[0] + qualities[-1]) / 2
    view = foo.get_operator(FILTER)(patches, value=middle, keep="low")
    found = view.values("faceqgen_faces.quality")
    assert found == [quality for quality in qualities if quality < middle] and len(found) < 3


def test_a_tag_on_patches_goes_to_the_faces_themselves(pictures, score):
    dataset = make_dataset(pictures["two"])
    score(dataset, restored=False)
    patches = dataset.to_patches("faceqgen_faces")
    foo.get_operator(FILTER)(patches, value=0, keep="high", tag="seen")
    dataset.reload()
    assert dataset.count_label_tags("faceqgen_faces")["seen"] == len(patches)
    dataset.delete()


def test_patches_of_something_else_say_what_to_open(scored):
    box = fo.Detection(label="car", bounding_box=[0, 0, 1, 1])
    dataset = scored.clone()
    dataset.set_values("cars", [fo.Detections(detections=[box.copy()]) for _ in dataset])
    with pytest.raises(ValueError, match="open the patches of 'faceqgen_faces'"):
        foo.get_operator(FILTER)(dataset.to_patches("cars"))
    dataset.delete()
