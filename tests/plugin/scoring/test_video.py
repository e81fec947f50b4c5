"""Videos: frames are sampled, scored and kept beside the video, which gets the document of its best frame."""

from __future__ import annotations

import json
from pathlib import Path

import fiftyone as fo
import fiftyone.operators as foo
import numpy as np
import pytest
from PIL import Image, ImageFilter

from faceqgen_core import FaceQualityAssessor
from faceqgen_core.image_io import load_image
from tests.images import astronaut, astronaut_face, no_face, plain, two_faces
from tests.plugin.conftest import SCORE, make_dataset
from tests.videos import cut_off, damage_frame, write_video

SIZE = 256
SHARP, BLURRED = 11, 1
"""Frames of ``clip``: at 10 frames a second, the first of its second and of its first second."""


def _astronaut(blur: float = 0.0) -> np.ndarray:
    picture = Image.fromarray(astronaut()).resize((SIZE, SIZE), Image.Resampling.LANCZOS)
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(blur)) if blur else picture, np.uint8)


def _clip(path: Path) -> Path:
    """Three seconds: the astronaut blurred, the astronaut, no face."""
    empty = no_face()[:SIZE, :SIZE]
    return write_video(path, [*[_astronaut(2)] * 10, *[_astronaut()] * 10, *[empty] * 10])


@pytest.fixture
def clip(tmp_path) -> Path:
    return _clip(tmp_path / "clip.avi")


@pytest.fixture
def videos(clip):
    dataset = make_dataset(clip)
    yield dataset
    dataset.delete()


@pytest.fixture(scope="module")
def scored(operator, preset, tmp_path_factory):
    """The clip, a video without a face, and a file that is no video; for reading only."""
    folder = tmp_path_factory.mktemp("videos")
    faceless = write_video(folder / "faceless.avi", [plain(128, 128)] * 5)
    (folder / "broken.avi").write_bytes(b"no video")
    dataset = make_dataset(_clip(folder / "clip.avi"), faceless, folder / "broken.avi")
    result = operator(dataset, preset=preset)
    dataset.reload()
    yield dataset, result
    dataset.delete()


def test_frames_are_sampled_and_each_gets_the_document_of_an_image(scored, preset):
    dataset, _ = scored
    frames = dataset.first().frames
    assert sorted(frames) == [1, 11, 21]
    assert [frames[n].faceqgen.status for n in (1, 11, 21)] == ["scored", "scored", "no_face"]
    (expected,) = FaceQualityAssessor(preset).assess([_decoded(dataset.first().filepath, SHARP)])
    for key in ("quality", "ssim", "mse", "discriminator"):
        assert frames[SHARP].faceqgen[key] == pytest.approx(getattr(expected, key), abs=1e-4)
        (face,) = frames[SHARP].faceqgen_faces.detections
        assert face[key] == frames[SHARP].faceqgen[key]
    assert frames[21].faceqgen.quality is None and frames[21].faceqgen_faces is None
    assert frames[21].faceqgen.reason


def test_a_video_has_the_document_of_its_best_frame_and_says_which_it_is(scored):
    dataset, _ = scored
    video = dataset.first()
    best = video.frames[SHARP].faceqgen
    assert best.quality > video.frames[BLURRED].faceqgen.quality
    assert video.faceqgen.best_frame == SHARP
    assert (video.faceqgen.frames_scored, video.faceqgen.frames_sampled) == (2, 3)
    for key in best.field_names:
        assert video.faceqgen[key] == best[key]


def test_a_video_that_cannot_be_read_or_shows_no_face_says_so_and_costs_itself_alone(scored):
    dataset, result = scored
    assert dataset.values("faceqgen.status") == ["scored", "no_face", "unreadable"]
    _, faceless, broken = dataset.values("faceqgen.reason")
    assert "none of 1 frames has scores (no_face 1); frame 1:" in faceless
    assert broken.startswith("broken.avi: not a video")
    assert dataset.values("faceqgen.best_frame") == [SHARP, None, None]
    assert dataset.values("faceqgen.frames_scored") == [2, 0, 0]
    assert dataset.values("faceqgen.quality")[1:] == [None, None]
    assert result["counts"] == {"scored": 1, "no_face": 1, "unreadable": 1}
    assert (result["frames"], result["faces"]) == (4, 2)
    config = dataset.get_run_info(result["run_key"]).config
    assert config.complete is True and (config.samples, config.frames) == (3, 4)


def test_fields_of_frames_and_videos_are_described_and_indexed(scored):
    dataset, _ = scored
    for path in ("frames.faceqgen.quality", "frames.faceqgen_faces.detections.quality"):
        assert "0 to 100, higher is better" in dataset.get_field(path).description
        assert path in dataset.list_indexes()
    assert "from 1" in dataset.get_field("faceqgen.best_frame").description
    assert "faceqgen.quality" in dataset.list_indexes()
    assert not dataset.has_field("faceqgen_faces")
    assert dataset.get_dynamic_field_schema() == dataset.get_dynamic_frame_field_schema() == {}


def test_no_files_are_written_for_videos_unless_asked_for(scored):
    dataset, result = scored
    assert result["restored_dir"] is None
    assert set(dataset.values("frames.faceqgen.restored_path", unwind=True)) == {None}
    assert dataset.app_config.media_fields == ["filepath"]


def test_restored_frames_are_written_if_asked_for(videos, operator, preset, tmp_path):
    chosen = {"restored": True, "heatmap": True, "restored_dir": str(tmp_path / "files")}
    operator(videos, preset=preset, max_frames=2, fps=10, **chosen)
    videos.reload()
    sample = videos.first()
    assert sorted(sample.frames) == [1, 16]
    for frame in sample.frames.values():
        assert load_image(frame.faceqgen.restored_path).shape == (SIZE, SIZE, 3)
        assert Path(frame.faceqgen_faces.detections[0].restored_path).is_file()
        assert frame.faceqgen_heatmap.get_map().shape == (SIZE, SIZE)
    assert sample.faceqgen.restored_path is None  # an image is no file of a video
    folder = tmp_path / "files" / "faceqgen"
    entries = map(json.loads, (folder / "manifest.jsonl").read_text().splitlines())
    named = {name for entry in entries for name in entry["files"]}
    assert named == {p.name for p in folder.iterdir()} - {"manifest.jsonl"}


def test_frames_that_are_scored_are_skipped_and_new_ones_join_them(videos, operator, preset):
    operator(videos, preset=preset, fps=0.5)
    videos.reload()
    sample = videos.first()
    assert sorted(sample.frames) == [1, 21]
    sample.frames[1].faceqgen.quality = 99.5  # would be replaced by a second scoring
    sample.save()
    again = operator(videos, preset=preset, fps=0.5)
    assert (again["skipped"], again["counts"], again["run_key"]) == (1, {}, "")
    assert "skip_scored" in again["notices"][0] and len(videos.list_runs()) == 1
    more = operator(videos, preset=preset, fps=1)
    assert (more["frames"], more["counts"]) == (1, {"scored": 1})
    videos.reload()
    sample = videos.first()
    assert sorted(sample.frames) == [1, 11, 21]
    assert (sample.faceqgen.best_frame, sample.faceqgen.quality) == (1, 99.5)
    assert (sample.faceqgen.frames_scored, sample.faceqgen.frames_sampled) == (2, 3)


def test_without_skip_scored_nothing_of_an_earlier_run_is_left(videos, operator, preset):
    operator(videos, preset=preset, fps=10, max_frames=4)
    assert [n for n in videos.values("frames.frame_number")[0]] == [1, 8, 16, 23]
    result = operator(videos, preset=preset, fps=0.5, skip_scored=False)
    assert result["frames"] == 2
    videos.reload()
    numbers, statuses = videos.values(["frames.frame_number", "frames.faceqgen.status"])
    left = {n: s for n, s in zip(numbers[0], statuses[0], strict=True) if s is not None}
    assert left == {1: "scored", 21: "no_face"}
    assert videos.first().frames[8].faceqgen_faces is None
    assert videos.first().faceqgen.frames_sampled == 2


def test_a_stopped_run_keeps_its_frames_and_the_next_one_goes_on(
    videos, operator, part, preset, monkeypatch
):
    runner, settings = part("scoring.run"), part("scoring.settings")
    monkeypatch.setattr(runner, "CHUNK_SAMPLES", 1)
    run = iter(runner.ScoringRun(videos, settings.ScoreSettings(preset=preset, batch_size=1)))
    state = next(run)
    assert (state.done, state.frames) == (0, 1) and 0 < state.fraction < 1
    run.close()  # as when the App's tab is closed
    videos.reload()
    assert videos.values("faceqgen.status") == [None]
    assert videos.values("frames.faceqgen.status")[0] == ["scored"]
    (key,) = videos.list_runs()
    assert videos.get_run_info(key).config.complete is False
    result = operator(videos, preset=preset)
    assert result["frames"] == 2 and result["counts"] == {"scored": 1}
    videos.reload()
    assert videos.first().faceqgen.frames_sampled == 3


def test_a_damaged_frame_costs_itself_alone(clip, videos, operator, preset):
    damage_frame(clip, 11)
    operator(videos, preset=preset)
    videos.reload()
    frames = videos.first().frames
    assert [frames[n].faceqgen.status for n in (1, 11, 21)] == ["scored", "unreadable", "no_face"]
    assert frames[11].faceqgen.reason == "clip.avi: frame 11 is damaged"
    assert videos.first().faceqgen.status == "scored" and videos.first().faceqgen.best_frame == 1


def test_a_truncated_video_keeps_the_frames_it_has(clip, videos, operator, preset):
    cut_off(clip, 0.5)
    operator(videos, preset=preset)
    videos.reload()
    frames = videos.first().frames
    assert frames[1].faceqgen.status == "scored" and frames[21].faceqgen.status == "unreadable"
    assert "cannot be decoded" in frames[21].faceqgen.reason
    assert videos.first().faceqgen.status == "scored"


def test_labelled_frames_alone_are_scored_and_tracks_keep_their_numbers(videos, operator, preset):
    face = astronaut_face()
    box = [v / 512 for v in (face.x, face.y, face.width, face.height)]
    sample = videos.first()
    for number in (3, 4, 14):
        label = fo.Detection(label="person", bounding_box=box, index=7)
        sample.frames[number] = fo.Frame(people=fo.Detections(detections=[label]))
    sample.frames[25] = fo.Frame(people=fo.Detections())
    sample.save()
    operator(videos, preset=preset, faces="field", faces_field="frames.people", fps=5)
    videos.reload()
    frames = videos.first().frames
    looked = {n: frame.faceqgen for n, frame in frames.items() if frame.faceqgen is not None}
    assert {n: document.status for n, document in looked.items()} == {3: "scored", 14: "scored"}
    (found,) = frames[14].faceqgen_faces.detections
    assert found.bounding_box == pytest.approx(box, abs=1e-6)
    assert (found.index, found.source_label) == (7, frames[14].people.detections[0].id)
    assert frames[14].people.detections[0].index == 7
    best = foo.get_operator("@faceqgen/face-quality/best_shots")(videos, per="track")
    assert best.values("frames.faceqgen_faces.detections.index") == [[[7]]]
    with pytest.raises(ValueError, match="no Detections field of the frames; there are: people"):
        operator(videos, preset=preset, faces="field", faces_field="filepath", field="other")


def test_all_faces_of_a_frame_are_kept(tmp_path, operator, preset):
    dataset = make_dataset(write_video(tmp_path / "two.avi", [two_faces()] * 2))
    result = operator(dataset, preset=preset)
    frame = dataset.first().frames[1]
    assert len(frame.faceqgen_faces.detections) == 2 == frame.faceqgen.num_faces == result["faces"]
    dataset.delete()


def test_another_preset_does_not_join_frames_that_are_scored(videos, operator, preset):
    operator(videos, preset=preset, fps=0.5)
    videos.set_values("frames.faceqgen.preset", [["other@00000000"] * 2])
    with pytest.raises(ValueError, match="holds scores of preset other@00000000 for 1 sample"):
        operator(videos, preset=preset, fps=1)
    operator(videos, preset=preset, fps=1, skip_scored=False)
    assert "other@00000000" not in videos.distinct("frames.faceqgen.preset")


def test_the_form_asks_for_the_sampling_of_videos_alone(videos, one_face):
    names = {}
    for dataset in (videos, one_face):
        context = foo.executor.ExecutionContext({"dataset_name": dataset.name, "params": {}})
        form = foo.get_operator(SCORE).resolve_input(context)
        names[dataset.media_type] = form.type.properties
    assert {"fps", "max_frames"} <= set(names["video"])
    assert not {"fps", "max_frames"} & set(names["image"])
    assert (
        names["video"]["restored"].default is False and names["image"]["restored"].default is True
    )


def test_the_app_sees_the_frames_go_by(videos, preset):
    request = {"dataset_name": videos.name, "params": {"preset": preset}}
    context = foo.executor.ExecutionContext(request, executor=foo.executor.Executor())
    requests = [message.body for message in foo.get_operator(SCORE).execute(context)]
    labels = [r.params["label"] for r in requests if r.operator_uri == "set_progress"]
    assert labels[-1] == "1 of 1 samples, 3 frames"
    assert "frames looked at: 3" in requests[-1].params["results"]["report"]


def _decoded(path: str, number: int) -> np.ndarray:
    from faceqgen_core.video_io import Video

    with Video(path) as video:
        ((_, frame),) = video.read([number])
    return frame
