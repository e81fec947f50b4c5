"""``apply_model`` and ``compute_embeddings`` on every kind of collection, with all ways to call them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import cv2
import fiftyone as fo
import fiftyone.core.models as fomo
import numpy as np
import pytest

from faceqgen_core.alignment import crop_whole
from faceqgen_core.presets import load_preset
from faceqgen_core.restoration import Pictures, Restorer
from tests.images import astronaut, astronaut_face, grace_hopper
from tests.plugin.conftest import make_dataset
from tests.random_preset import NETWORKS, write_random_preset
from tests.videos import write_video

CALLS = [
    pytest.param({}, id="as it is"),
    pytest.param({"label_field": "mine"}, id="named"),
    pytest.param({"batch_size": 2}, id="batches"),
    pytest.param({"label_field": "mine", "batch_size": 2}, id="named batches"),
]
COUNT = 3


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> str:
    """A preset that takes no time: which samples get what is the question here, not how good it is."""
    return str(write_random_preset(tmp_path_factory.mktemp("presets") / "random"))


@pytest.fixture(scope="module")
def model(operator, small) -> Any:
    return operator.model(preset=small, faces="crop")


class NoFaces:
    """A detector that finds no landmarks: given boxes are cut out as they are."""

    def detect(self, image: Any) -> list[Any]:
        return []


@pytest.fixture
def with_boxes(operator, small) -> Any:
    """Makes a model that takes the boxes of a field."""

    def make(field: str) -> Any:
        model = operator.model(preset=small, faces="field", faces_field=field)
        model._assessor._detector = NoFaces()
        return model

    return make


@pytest.fixture
def images(pictures) -> Iterator[Any]:
    dataset = make_dataset(*[pictures["one"]] * COUNT)
    dataset.set_values("number", list(range(COUNT)))
    yield dataset
    dataset.delete()


class OpenCVReader:
    """FiftyOne's reader of videos without the program ffmpeg."""

    def __init__(self, path: str, frames: Any = None) -> None:
        self._video = cv2.VideoCapture(path)
        self.frame_number = 0

    def __enter__(self) -> OpenCVReader:
        return self

    def __exit__(self, *error: object) -> None:
        self._video.release()

    def __iter__(self) -> OpenCVReader:
        return self

    def __next__(self) -> Any:
        found, frame = self._video.read()
        if not found:
            raise StopIteration
        self.frame_number += 1
        return cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)


@pytest.fixture
def video(tmp_path, monkeypatch) -> Iterator[Any]:
    monkeypatch.setattr(fomo.etav, "FFmpegVideoReader", OpenCVReader)
    path = write_video(tmp_path / "walk.avi", [astronaut()] * COUNT)
    dataset = fo.Dataset()
    size = {"frame_width": 512, "frame_height": 512, "frame_rate": 10}
    metadata = fo.VideoMetadata(total_frame_count=COUNT, **size)
    dataset.add_sample(fo.Sample(filepath=str(path), metadata=metadata))
    yield dataset
    dataset.delete()


@pytest.fixture
def framed(pictures) -> Iterator[Any]:
    """A video whose frames are files."""
    dataset = fo.Dataset()
    sample = fo.Sample(filepath="/no/such.mp4")
    for number in range(1, COUNT + 1):
        sample.frames[number] = fo.Frame(filepath=str(pictures["one"]))
    dataset.add_sample(sample)
    yield dataset
    dataset.delete()


def _name(call: dict[str, Any]) -> str:
    return call.get("label_field", "predictions")


def _require_all_scored(documents: Any, count: int) -> None:
    assert [document.status for document in documents] == ["scored"] * count
    qualities = [document.quality for document in documents]
    # A decoder rounds frames that are alike a little differently, and random weights enlarge that: 1.2 seen.
    assert max(qualities) - min(qualities) < 4


@pytest.mark.parametrize("call", CALLS)
def test_images_are_scored(images, model, call):
    images.apply_model(model, skip_failures=False, **call)
    images.reload()
    _require_all_scored(images.values(_name(call)), COUNT)
    assert images.get_field(f"{_name(call)}.quality").description


@pytest.mark.parametrize("call", CALLS)
def test_of_a_view_its_own_images_are_scored_and_no_others(images, model, call):
    view = images.match(fo.ViewField("number") > 0).select_fields("number")
    view.apply_model(model, skip_failures=False, **call)
    images.reload()
    none, *found = images.values(_name(call))
    assert none is None
    _require_all_scored(found, COUNT - 1)


@pytest.mark.parametrize("call", CALLS)
def test_the_frames_of_a_video_are_scored(video, model, call):
    video.apply_model(model, skip_failures=False, **call)
    video.reload()
    _require_all_scored(_of_frames(video, call), COUNT)


def _of_frames(dataset: Any, call: dict[str, Any]) -> list[Any]:
    return dataset.values(f"frames.{_name(call)}")[0]


@pytest.mark.parametrize("call", CALLS)
def test_a_view_of_frames_is_scored_and_the_video_has_its_scores(framed, model, call):
    frames = framed.to_frames()
    frames.apply_model(model, skip_failures=False, **call)
    _require_all_scored(frames.values(_name(call)), COUNT)
    framed.reload()
    _require_all_scored(_of_frames(framed, call), COUNT)


def _relative() -> fo.Detection:
    box = astronaut_face()
    numbers = [box.x / 512, box.y / 512, box.width / 512, box.height / 512]
    return fo.Detection(label="face", bounding_box=numbers)


@pytest.fixture
def people(images) -> Any:
    """Two boxes in each image; the second is larger."""
    for sample in images:
        small, large = _relative(), _relative()
        x, y, w, h = large.bounding_box
        large.bounding_box = [x - w / 4, y - h / 4, 1.5 * w, 1.5 * h]
        sample["people"] = fo.Detections(detections=[small, large])
        sample.save()
    return images


def _of_labels(dataset: Any, call: dict[str, Any]) -> list[Any]:
    return [
        [label.get_attribute_value(_name(call), None) for label in sample.people.detections]
        for sample in dataset
    ]


@pytest.mark.parametrize("call", CALLS)
def test_patches_are_scored_and_their_labels_have_the_scores(people, with_boxes, call):
    patches = people.to_patches("people")
    patches.apply_model(with_boxes("people"), skip_failures=False, **call)
    people.reload()
    found = _of_labels(people, call)
    for column in zip(*found, strict=True):
        _require_all_scored(column, COUNT)
    assert found[0][0].quality != found[0][1].quality
    assert not people.has_field(_name(call))
    field = people.get_field(f"people.detections.{_name(call)}.quality")
    assert field.description
    assert f"people.detections.{_name(call)}.quality" in people.list_indexes()
    assert patches.values(f"people.{_name(call)}.quality") == [
        document.quality for pair in found for document in pair
    ]
    low = fo.ViewField(f"{_name(call)}.quality") <= found[0][0].quality
    assert people.filter_labels("people", low).count("people.detections") >= 1


def test_a_patch_has_the_score_that_its_box_has_in_its_image(people, with_boxes):
    alone = with_boxes("people")
    people.to_patches("people").apply_model(alone, label_field="mine", skip_failures=False)
    people.reload()
    sample = people.first()
    first, second = (label.mine.quality for label in sample.people.detections)
    for number, quality in enumerate((first, second)):
        one = sample.copy()
        one.people = fo.Detections(detections=[sample.people.detections[number].copy()])
        document = alone.predict(None, sample=one)
        assert document.quality == pytest.approx(quality, abs=1e-9)


def test_of_a_view_of_patches_those_alone_are_scored_and_other_labels_stay_as_they_are(
    people, with_boxes, monkeypatch, part
):
    monkeypatch.setattr(part("scoring.patch_labels"), "AT_ONCE", 1)  # written as it goes on
    sample = people.first()
    sample.people.detections[0]["note"] = "mine"
    sample.save()
    patches = people.to_patches("people", keep_label_lists=True).skip(1)
    patches.apply_model(with_boxes("people"), label_field="mine", skip_failures=False)
    people.reload()
    found = _of_labels(people, {"label_field": "mine"})
    assert found[0][0] is None and people.first().people.detections[0].note == "mine"
    assert [d.status for pair in found for d in pair if d is not None] == ["scored"] * 5
    assert people.count("people.detections") == 2 * COUNT


def test_what_is_scored_before_an_error_is_kept_with_the_labels(people, with_boxes, monkeypatch):
    model = with_boxes("people")
    assess, calls = model._assessor.assess, []

    def fail_later(*args: Any, **options: Any) -> Any:
        calls.append(args)
        if len(calls) == 3:
            raise RuntimeError("the machine is on fire")
        return assess(*args, **options)

    monkeypatch.setattr(model._assessor, "assess", fail_later)
    with pytest.raises(RuntimeError, match="on fire"):
        people.to_patches("people").apply_model(
            model, label_field="mine", batch_size=2, skip_failures=False
        )
    people.reload()
    scored = [d.status for pair in _of_labels(people, {"label_field": "mine"}) for d in pair if d]
    assert scored == ["scored"] * 4


@pytest.mark.parametrize("call", CALLS)
def test_patches_whose_labels_cannot_have_scores_are_refused_before_anything_is_scored(
    images, framed, model, call, monkeypatch
):
    points = fo.Keypoints(keypoints=[fo.Keypoint(points=[[0.5, 0.5]])])
    images.set_values("points", [points.copy() for _ in images])
    for sample in framed:
        for frame in sample.frames.values():
            frame["people"] = fo.Detections(detections=[_relative()])
        sample.save()
    monkeypatch.setattr(model._assessor, "assess", lambda *a, **k: pytest.fail("scored"))
    images.set_values("people", [fo.Detections(detections=[_relative()]) for _ in images])
    refused = (
        images.to_patches("points"),
        framed.to_frames().to_patches("people"),
        images.to_patches("people"),  # by a model that does not take its boxes from there
    )
    for patches in refused:
        with pytest.raises(ValueError, match=r"nothing was scored.*Apply (the|a) model"):
            patches.apply_model(model, **call)
    images.reload()
    assert not images.has_field(_name(call))


@pytest.mark.parametrize("call", CALLS)
def test_boxes_that_are_there_are_scored_in_images(images, model, with_boxes, call):
    images.set_values("people", [fo.Detections(detections=[_relative()]) for _ in images])
    images.apply_model(with_boxes("people"), skip_failures=False, **call)
    images.reload()
    _require_all_scored(images.values(_name(call)), COUNT)
    whole = model.predict(astronaut())
    assert images.first()[_name(call)].quality != pytest.approx(whole.quality, abs=1e-6)


@pytest.mark.parametrize("call", CALLS)
def test_boxes_that_are_there_are_scored_in_the_frames_of_a_video(video, with_boxes, call):
    sample = video.first()
    for number in range(1, COUNT):  # the last has none
        sample.frames[number] = fo.Frame(people=fo.Detections(detections=[_relative()]))
    sample.save()
    video.apply_model(with_boxes("frames.people"), skip_failures=False, **call)
    video.reload()
    *found, last = _of_frames(video, call)
    _require_all_scored(found, COUNT - 1)
    assert last.status == "no_face" and "no face box" in last.reason


@pytest.mark.parametrize("batch_size", [None, 2])
def test_the_embedding_of_a_face_is_the_code_of_the_generator(model, small, batch_size, images):
    images.compute_embeddings(model, embeddings_field="code", batch_size=batch_size)
    images.reload()
    stored = np.stack(images.values("code"))
    loaded = load_preset(small)
    crop = crop_whole(astronaut(), loaded.protocol).image
    (expected,) = Restorer(loaded).restore(crop[None], pictures=Pictures(code=True)).code
    assert expected.shape == (NETWORKS["code"],) and np.abs(expected).max() > 0
    assert stored == pytest.approx(np.stack([expected] * COUNT), abs=1e-5)
    returned = images.compute_embeddings(model, batch_size=batch_size)
    assert returned.shape == (COUNT, NETWORKS["code"]) and returned == pytest.approx(stored)


def test_an_image_without_a_face_has_no_embedding_and_costs_no_other_its_own(pictures, model):
    dataset = make_dataset(pictures["one"], pictures["truncated"], pictures["one"])
    dataset.compute_embeddings(model, embeddings_field="code", batch_size=3, skip_failures=False)
    assert [code is None for code in dataset.values("code")] == [False, True, False]
    with pytest.raises(ValueError, match="there is no code without a face"):
        model.embed(str(pictures["truncated"]))
    dataset.delete()


@pytest.mark.parametrize("batch_size", [None, 2])
def test_embeddings_that_are_returned_are_a_list_where_an_image_has_none(
    pictures, model, batch_size
):
    dataset = make_dataset(pictures["one"], pictures["truncated"], pictures["one"])
    found = dataset.compute_embeddings(model, batch_size=batch_size)
    assert [code is None for code in found] == [False, True, False]
    assert found[0] == pytest.approx(found[2])
    dataset.delete()


@pytest.mark.parametrize("batch_size", [None, 2])
def test_the_embedding_of_a_patch_is_that_of_the_part_of_the_image(pictures, model, batch_size):
    whole = fo.Detection(label="person", bounding_box=[0, 0, 1, 1])
    dataset = make_dataset(pictures["one"], pictures["truncated"])
    dataset.set_values("people", [fo.Detections(detections=[whole.copy()]) for _ in dataset])
    found = dataset.compute_patch_embeddings(model, "people", batch_size=batch_size)
    one, damaged = (found[key] for key in dataset.values("id"))
    (expected,) = dataset[:1].compute_embeddings(model, batch_size=1)
    assert one[0] == pytest.approx(expected, abs=1e-5) and damaged is None
    dataset.compute_patch_embeddings(model, "people", "code", batch_size=batch_size)
    stored = dataset.values("people.detections.code")
    assert stored[0][0] == pytest.approx(expected, abs=1e-5) and stored[1] == [None]
    dataset.delete()


def test_a_patch_without_a_face_costs_no_other_its_embedding(pictures, model, monkeypatch):
    assess = model._assess_codes

    def one_less(args):
        found = assess(args)
        return [found[0], *(replace(other, code=None) for other in found[1:])]

    monkeypatch.setattr(model, "_assess_codes", one_less)
    boxes = [fo.Detection(label="person", bounding_box=[0, 0, 1, 1]) for _ in range(2)]
    dataset = make_dataset(pictures["one"])
    dataset.set_values("people", [fo.Detections(detections=boxes)])
    dataset.compute_patch_embeddings(model, "people", "code", batch_size=2)
    assert [code is None for code in dataset.values("people.detections.code")[0]] == [False, True]
    dataset.delete()


def test_embeddings_of_given_boxes_are_refused_with_a_way_out(images, with_boxes):
    images.set_values("people", [fo.Detections(detections=[_relative()]) for _ in images])
    with pytest.raises(ValueError, match="Make the model with faces='detect'"):
        images.compute_embeddings(with_boxes("people"), embeddings_field="code", batch_size=2)


def test_the_shipped_preset_has_a_code_of_320_numbers_that_tells_two_people_apart(preset):
    loaded = load_preset(preset)
    crops = np.stack(
        [
            cv2.resize(face, (128, 128))
            for face in (astronaut()[:240, 105:345], grace_hopper()[:380, 80:460])
        ]
    )
    codes = Restorer(loaded).restore(crops, pictures=Pictures(code=True)).code
    assert codes.shape == (2, loaded.networks["code"]) and codes.dtype == np.float32
    assert loaded.networks["code"] == 320
    assert np.abs(codes[0] - codes[1]).max() > 0.1
