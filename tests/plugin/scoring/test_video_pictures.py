"""Pictures of the frames of videos: made once, made anew where they are missing; and videos that go away during a run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import fiftyone as fo
import pytest

from tests.images import two_faces
from tests.plugin.conftest import make_dataset
from tests.videos import write_video


@pytest.fixture
def video(tmp_path) -> Iterator[Any]:
    """Two frames of two faces; the first frame alone is looked at."""
    dataset = make_dataset(write_video(tmp_path / "two.avi", [two_faces()] * 2))
    yield dataset
    dataset.delete()


@pytest.fixture
def run(operator, preset, tmp_path) -> Any:
    def score(dataset: Any, **params: Any) -> dict[str, Any]:
        result = operator(dataset, preset=preset, restored_dir=str(tmp_path / "out"), **params)
        dataset.reload()
        return result

    return score


def test_a_frame_of_which_one_face_has_no_scores_is_not_scored_again_and_again(video, run):
    """That face has no picture, which was taken for one that is missing."""
    sample = video.first()
    boxes = [[0.1, 0.1, 0.3, 0.5], [0.5, 0.5, 0.005, 0.005]]
    people = [fo.Detection(label="person", bounding_box=box) for box in boxes]
    sample.frames[1] = fo.Frame(people=fo.Detections(detections=people))
    sample.save()
    chosen = {"restored": True, "faces": "field", "faces_field": "people"}
    run(video, **chosen)
    (statuses,) = video.values("frames.faceqgen_faces.detections.status")
    assert statuses == [["scored", "too_small"]]
    again = run(video, **chosen)
    assert (again["frames"], again["remade"], again["skipped"]) == (0, 0, 1)


def test_a_heatmap_of_a_frame_asked_for_later_or_lost_is_made_and_the_restored_image_stays(
    video, run
):
    run(video, restored=True)
    paths = ["frames.faceqgen.restored_path", "frames.faceqgen_faces.detections.restored_path"]
    before = video.values(paths)
    for _ in range(2):
        result = run(video, restored=False, heatmap=True)
        assert result["remade"] == 1 and video.values(paths) == before
        (heatmap,) = video.values("frames.faceqgen_heatmap.map_path", unwind=True)
        assert os.path.isfile(heatmap)
        os.unlink(heatmap)


@pytest.mark.parametrize("which", ["first", "last"])
def test_a_video_that_is_deleted_during_the_run_costs_itself_alone(video, tmp_path, begin, which):
    """FiftyOne sets values of frames of samples that are there, and of no others; the run ended with a KeyError."""
    other = write_video(tmp_path / "other.avi", [two_faces()] * 2)
    video.add_sample(fo.Sample(filepath=str(other)))
    run = begin(video, faces="detect", fps=10)
    next(run)
    video.delete_samples([getattr(video, which)().id])
    for _ in run:
        pass
    video.reload()
    assert video.values("faceqgen.status") == ["scored"]
    config = video.get_run_info(video.list_runs()[0]).config
    assert (config.complete, config.samples, config.total) == (True, 1, 1)


def test_a_video_whose_frames_are_too_large_says_so_and_is_scored_under_a_larger_limit(video, run):
    """Each frame was decoded first; and none was looked at again."""
    assert run(video, max_pixels=1000)["counts"] == {"too_large": 1}
    assert "over the limit of 0.001 megapixels" in video.first().faceqgen.reason
    assert run(video, max_pixels=2000)["skipped"] == 1
    assert run(video)["counts"] == {"scored": 1}
    assert video.values("faceqgen.status") == ["scored"]
