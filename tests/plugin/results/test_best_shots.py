"""``best_shots``: the best of each subject, of each name in a group photograph, of each track of a video."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import numpy as np
import pytest
from PIL import Image, ImageFilter

from tests.images import astronaut
from tests.plugin.conftest import form_of
from tests.videos import write_video

BEST = "@faceqgen/face-quality/best_shots"
SUBJECTS = ["ann", "ann", "bob", None, "ann", "cy"]
QUALITY = [10.0, 90.0, 40.0, 99.0, 70.0, None]


@pytest.fixture
def best() -> Any:
    return foo.get_operator(BEST)


@pytest.fixture
def people() -> Iterator[Any]:
    dataset = fo.Dataset()
    dataset.add_samples(
        [
            fo.Sample(
                filepath=f"/no/such/{i}.png",
                number=i + 0.5,
                subject=subject,
                faceqgen=fo.DynamicEmbeddedDocument(quality=quality, status="scored"),
            )
            for i, (subject, quality) in enumerate(zip(SUBJECTS, QUALITY, strict=True))
        ],
        dynamic=True,
    )
    yield dataset
    dataset.delete()


def _face(quality: float | None, label: fo.Detection | None, **values: Any) -> fo.Detection:
    source = None if label is None else label.id
    return fo.Detection(
        label="face", bounding_box=[0, 0, 1, 1], quality=quality, source_label=source, **values
    )


def _box(label: str, index: int | None = None) -> fo.Detection:
    return fo.Detection(label=label, bounding_box=[0, 0, 1, 1], index=index)


@pytest.fixture
def photographs() -> Iterator[Any]:
    """Two group photographs: Ann is better in the second, Bob is there once, one face has no box of ours."""
    dataset = fo.Dataset()
    boxes = [[_box("ann"), _box("bob")], [_box("ann")]]
    scores = [[20.0, 60.0], [80.0]]
    for labels, qualities in zip(boxes, scores, strict=True):
        # scored faces lie in an order of their own: the largest first
        faces = [_face(q, label) for q, label in zip(qualities, labels, strict=True)][::-1]
        sample = fo.Sample(
            filepath=f"/no/such/{len(dataset)}.png",
            people=fo.Detections(detections=labels),
            faceqgen=fo.DynamicEmbeddedDocument(quality=qualities[0], status="scored"),
            faceqgen_faces=fo.Detections(detections=[*faces, _face(99.0, None)]),
        )
        dataset.add_sample(sample, dynamic=True)
    yield dataset
    dataset.delete()


@pytest.fixture
def video() -> Iterator[Any]:
    """Two videos of three frames; in the first two tracks, in the second another track of number 1."""
    dataset = fo.Dataset()
    for qualities in ([{1: 30.0, 2: 50.0}, {1: 70.0}, {2: None}], [{1: 5.0}, {1: 6.0}, {}]):
        document = fo.DynamicEmbeddedDocument(quality=50.0, status="scored")
        sample = fo.Sample(filepath=f"/no/such/{len(dataset)}.mp4", faceqgen=document)
        for number, tracks in enumerate(qualities, 1):
            boxes = [_box("person", index) for index in tracks]
            faces = [_face(q, box) for q, box in zip(tracks.values(), boxes, strict=True)]
            sample.frames[number] = fo.Frame(
                people=fo.Detections(detections=boxes),
                faceqgen_faces=fo.Detections(detections=faces),
            )
        dataset.add_sample(sample, dynamic=True)
    dataset.add_dynamic_frame_fields()
    yield dataset
    dataset.delete()


def test_of_each_subject_the_best_samples_are_kept(people, best):
    assert best(people, of="subject").values("number") == [1.5, 2.5]
    assert best(people, of="subject", count=2).values("number") == [1.5, 4.5, 2.5]


def test_the_samples_of_subjects_are_tagged_and_the_view_is_saved(people, best):
    best(people, of="subject", tag="best", view_name="best of each")
    people.reload()
    assert people.match_tags("best").values("number") == [1.5, 2.5]
    assert people.load_saved_view("best of each").values("number") == [1.5, 2.5]
    with pytest.raises(ValueError, match="there is a saved view"):
        best(people, of="subject", view_name="best of each")


def test_of_each_named_face_the_best_is_kept_wherever_it_is(photographs, best):
    view = best(photographs, per="label", of="people")
    kept = view.values("faceqgen_faces.detections.quality")
    assert kept == [[60.0], [80.0]]
    assert (
        best(photographs, per="label", of="people", count=2).count("faceqgen_faces.detections") == 3
    )


def test_the_labels_of_kept_faces_are_tagged_and_no_others(photographs, best):
    best(photographs, per="label", of="people", tag="best")
    photographs.reload()
    faces = [face for sample in photographs for face in sample.faceqgen_faces.detections]
    assert [face.quality for face in faces if face.tags] == [60.0, 80.0]
    assert not photographs.match_tags("best")


def test_of_each_track_of_each_video_the_best_frame_is_kept(video, best):
    view = best(video, per="track", of="people")
    assert view.values("frames.frame_number") == [[1, 2], [2]]
    assert view.values("frames.faceqgen_faces.detections.quality") == [[[50.0], [70.0]], [[6.0]]]


def test_tracks_may_be_on_the_scored_faces_themselves(video, best):
    for sample in video:
        for frame in sample.frames.values():
            for face in frame.faceqgen_faces.detections:
                face.index = 7
        sample.save()
    video.add_dynamic_frame_fields()
    view = best(video, per="track")
    assert view.values("frames.faceqgen_faces.detections.quality") == [[[70.0]], [[6.0]]]


def test_the_operator_counts_what_it_keeps_and_shows_it(video, photographs, people):
    for dataset, params, expected in (
        (people, {"of": "subject"}, (2, 2, 2, 1)),
        (photographs, {"per": "label", "of": "people"}, (2, 2, 1, 2)),
        (video, {}, (3, 3, 2, 0)),
    ):
        result = foo.execute_operator(BEST, {"dataset": dataset}, params=params)
        counts = result.result
        assert tuple(counts[k] for k in ("groups", "kept", "left_out", "unnamed")) == expected
        assert [r for r in result.executor._requests if r.operator_uri == "set_view"]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"per": "face", "of": "subject"}, "per must be one of subject, label, track"),
        ({}, "need the field that names them"),
        ({"of": "faceqgen"}, "names no subjects"),
        ({"of": "subject", "count": 0}, "at least 1"),
        ({"of": "subject", "measure": "beauty"}, "measure must be one of"),
        ({"of": "subject", "field": "nothing"}, "run 'Score face quality' first"),
        ({"per": "label", "of": "subject"}, "no scores of faces"),
    ],
)
def test_what_cannot_be_chosen_is_refused_with_a_way_out(people, best, params, message):
    with pytest.raises(ValueError, match=message):
        best(people, **params)


def test_faces_that_were_not_scored_from_the_boxes_are_refused_with_a_way_out(photographs, best):
    photographs.set_values("others", [fo.Detections(detections=[_box("x")])] * 2)
    with pytest.raises(ValueError, match="score the faces with faces='field' and faces_field='oth"):
        best(photographs, per="label", of="others")
    with pytest.raises(ValueError, match="'filepath' is no Detections field here; it has: people"):
        best(photographs, per="label", of="filepath")
    with pytest.raises(ValueError, match="none of the 5 scored faces has an index"):
        best(photographs, per="track")


def test_a_scored_photograph_with_named_boxes_is_followed_from_end_to_end(pictures, score, best):
    dataset = fo.Dataset()
    named = [("ann", [0.355, 0.124, 0.162, 0.21]), ("nobody", [0.7, 0.7, 0.2, 0.2])]
    boxes = [fo.Detection(label=name, bounding_box=box) for name, box in named]
    labels = fo.Detections(detections=boxes)
    dataset.add_sample(fo.Sample(filepath=str(pictures["one"]), people=labels))
    score(dataset, faces="field", faces_field="people", restored=False)
    view = best(dataset, per="label", of="people")
    kept = view.values("faceqgen_faces.detections.source_label", unwind=True)
    assert set(kept) == {box.id for box in boxes}
    dataset.delete()


def test_a_tracked_video_is_followed_from_end_to_end(tmp_path, score, best):
    """The astronaut, blurred in the first second and sharp in the second, tracked in every frame that is scored."""
    sharp = Image.fromarray(astronaut()).resize((256, 256), Image.Resampling.LANCZOS)
    blurred = sharp.filter(ImageFilter.GaussianBlur(2))
    frames = [np.asarray(blurred)] * 10 + [np.asarray(sharp)] * 10
    sample = fo.Sample(filepath=str(write_video(tmp_path / "clip.avi", frames)))
    for number in (1, 11):
        box = fo.Detection(label="person", bounding_box=[0.355, 0.124, 0.162, 0.21], index=4)
        sample.frames[number] = fo.Frame(people=fo.Detections(detections=[box]))
    dataset = fo.Dataset()
    dataset.add_sample(sample, dynamic=True)
    score(dataset, faces="field", faces_field="people")
    view = best(dataset, per="track", of="people", tag="best")
    assert view.values("frames.frame_number") == [[11]]
    dataset.reload()
    tagged = dataset.select_labels(tags="best").first().frames
    assert [n for n, f in tagged.items() if f.faceqgen_faces and f.faceqgen_faces.detections] == [
        11
    ]
    dataset.delete()


def test_the_form_proposes_the_field_of_subjects_and_counts(people):
    form = form_of(BEST, people, {})
    assert form["of"]["default"] == "subject"
    assert form["how_many"]["view"]["label"] == "2 kept, of 2 subjects"
    assert [c["value"] for c in form["per"]["view"]["choices"]] == ["subject", "label"]
    assert not people.match_tags("x") and not people.has_saved_view("y")
    form_of(BEST, people, {"tag": "x", "view_name": "y"})  # a form changes nothing
    people.reload()
    assert not people.match_tags("x") and not people.has_saved_view("y")


def test_the_form_of_videos_proposes_tracks(video):
    form = form_of(BEST, video, {})
    assert form["per"]["default"] == "track" and form["of"]["default"] == "people"


def test_the_form_scolds_beside_the_field_that_is_wrong(people):
    wrong = form_of(BEST, people, {"per": "label"})["of"]
    assert wrong["invalid"] and "No field of this data set has boxes" in wrong["error_message"]
