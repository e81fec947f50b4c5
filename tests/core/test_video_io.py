"""Frames out of videos: which ones, in which order, and what becomes of those that cannot be decoded."""

from __future__ import annotations

import numpy as np
import pytest

from faceqgen_core.types import Status
from faceqgen_core.video_io import UnreadableVideo, Video, VideoTooLarge, choose_frames
from tests.images import plain
from tests.videos import cut_off, damage_frame, write_video


def _numbered(count: int = 30) -> list[np.ndarray]:
    """Frames whose grey says their number: 8 times it."""
    return [plain(64, 48, (8 * i, 8 * i, 8 * i)) for i in range(1, count + 1)]


def _shown(frame: np.ndarray) -> int:
    return round(float(frame.mean()) / 8)


@pytest.fixture
def clip(tmp_path):
    return write_video(tmp_path / "clip.avi", _numbered())


@pytest.mark.parametrize(
    ("name", "codec"), [("a.avi", "MJPG"), ("a.mp4", "mp4v"), ("a.webm", "VP80")]
)
def test_frames_come_by_their_numbers_from_1_in_rgb(tmp_path, name, codec):
    path = write_video(tmp_path / name, _numbered(), codec=codec)
    with Video(path) as video:
        assert (video.frames, video.rate) == (30, 10.0)
        found = list(video.read([29, 1, 15]))
    assert [(number, _shown(frame)) for number, frame in found] == [(1, 1), (15, 15), (29, 29)]
    red = write_video(tmp_path / f"red-{name}", [plain(64, 48, (220, 30, 30))] * 3, codec=codec)
    with Video(red) as video:
        ((_, frame),) = video.read([2])
    assert frame.shape == (48, 64, 3) and frame.dtype == np.uint8
    assert frame[..., 0].mean() > 180 and frame[..., 2].mean() < 80


def test_only_the_frames_up_to_the_last_one_wanted_are_decoded(clip):
    with Video(clip) as video:
        frames = video.read([3, 5])
        next(frames)
        assert video._capture.get(1) == 3  # the position: no look-ahead
        assert [number for number, _ in frames] == [5]


def test_a_damaged_frame_costs_itself_and_moves_no_other_number(clip):
    damage_frame(clip, 11)
    with Video(clip) as video:
        found = dict(video.read([10, 11, 12, 30]))
    assert {n: _shown(found[n]) for n in (10, 12, 30)} == {10: 10, 12: 12, 30: 30}
    assert isinstance(found[11], UnreadableVideo) and found[11].status is Status.UNREADABLE
    assert found[11].reason == "clip.avi: frame 11 is damaged"


def test_frames_behind_the_end_of_a_truncated_video_say_so(clip):
    cut_off(clip, 0.5)
    with Video(clip) as video:
        found = dict(video.read([1, 25, 29]))
    assert _shown(found[1]) == 1
    for number in (25, 29):
        assert found[number].reason.startswith(
            f"clip.avi: frame {number} cannot be decoded; of 30 frames the last that can is"
        )


def test_frames_that_were_never_promised_are_left_out(clip):
    with Video(clip) as video:
        video.frames = None  # as for a stream that does not say
        assert [number for number, _ in video.read([29, 30, 31, 40])] == [29, 30]
    with Video(clip) as video:
        video.frames = 32  # as for a container that estimates
        assert [number for number, _ in video.read([29, 32])] == [29]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.mp4", None, "none.mp4: no such file"),
        ("empty.mp4", b"", "not a video"),
        ("text.mp4", b"no video at all", "not a video"),
        ("folder.mp4", "folder", "not a file"),
    ],
)
def test_what_is_no_video_says_why(tmp_path, name, content, message):
    path = tmp_path / name
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(UnreadableVideo, match=message):
        Video(path)


def test_frames_are_chosen_evenly_by_rate_and_spread_where_there_are_too_many():
    assert choose_frames(30, 10.0, fps=1, max_frames=100) == [1, 11, 21]
    assert choose_frames(30, 10.0, fps=100, max_frames=100) == list(range(1, 31))
    assert choose_frames(30, 10.0, fps=10, max_frames=3) == [1, 11, 21]
    assert choose_frames(5, 30.0, fps=1, max_frames=9) == [1]
    assert choose_frames(None, 10.0, fps=2, max_frames=3) == [1, 6, 11]
    assert choose_frames(7, 29.97, fps=12, max_frames=9) == [1, 3, 5]


@pytest.mark.parametrize("frames", [1, 2, 29, 1000, 99_991])
@pytest.mark.parametrize("fps", [0.01, 1, 7.3, 1000])
def test_no_frame_is_chosen_twice_or_behind_the_end_or_beyond_the_limit(frames, fps):
    chosen = choose_frames(frames, 29.97, fps=fps, max_frames=50)
    assert chosen == sorted(set(chosen)) and chosen[0] == 1 and chosen[-1] <= frames
    assert len(chosen) <= 50


def test_among_labelled_frames_those_a_step_apart_are_chosen():
    labelled = [40, 5, 6, 7, 15, 16, 90]
    assert choose_frames(100, 10.0, fps=1, max_frames=9, among=labelled) == [5, 15, 40, 90]
    assert choose_frames(100, 10.0, fps=10, max_frames=9, among=labelled) == sorted(labelled)
    assert choose_frames(100, 10.0, fps=1, max_frames=2, among=labelled) == [5, 40]
    assert choose_frames(100, 10.0, fps=1, max_frames=2, among=[]) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fps": 0, "max_frames": 1}, "fps must be above 0"),
        ({"fps": float("nan"), "max_frames": 1}, "fps must be above 0"),
        ({"fps": 1, "max_frames": 0}, "max_frames must be at least 1"),
    ],
)
def test_a_choice_of_nothing_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        choose_frames(30, 10.0, **options)


def test_frames_over_the_limit_are_not_decoded(tmp_path):
    """A video of 3 MB with frames of 225 megapixels took 3.1 GB before its frames were found to be too large."""
    path = write_video(tmp_path / "large.avi", [plain(128, 160)] * 2)
    with pytest.raises(VideoTooLarge, match=r"frames of 128 x 160 pixels, .* raise max_pixels"):
        Video(path, max_pixels=128 * 160 - 1)
    with Video(path, max_pixels=128 * 160) as video:
        video._max_pixels = 100  # as where a later frame is larger than the first
        ((number, frame),) = video.read([2])
    assert number == 2 and isinstance(frame, VideoTooLarge) and frame.status == "too_large"
