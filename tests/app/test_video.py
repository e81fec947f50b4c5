"""Videos and grouped data sets in a real Chromium: they open, and the panel says what it looks at."""

from __future__ import annotations

import fiftyone as fo
import numpy as np
import pytest
from PIL import Image, ImageFilter

from faceqgen_core.image_io import save_png
from tests.app.browser import App
from tests.images import astronaut, no_face
from tests.videos import RATE, write_video

SIDE = 256
LENGTH = RATE  # frames of each part of a video: a second


def _face(blur: float = 0.0) -> np.ndarray:
    picture = Image.fromarray(astronaut()).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(blur)) if blur else picture, np.uint8)


@pytest.fixture(scope="module")
def dataset(demo, preset, tmp_path_factory):
    """Three videos, scored: a face that becomes sharp in the second second, a blurred face, no face."""
    import fiftyone.operators as foo

    folder = tmp_path_factory.mktemp("videos")
    parts = {
        "sharpens": [_face(2), _face()],
        "blurred": [_face(2)],
        "faceless": [no_face()[:SIDE, :SIDE]],
    }
    dataset = fo.Dataset("faceqgen-video-test")
    for name, pictures in parts.items():
        frames = [picture for picture in pictures for _ in range(LENGTH)]
        # WebM: Chromium plays it. The App asks ffprobe for what the metadata does not say.
        path = write_video(folder / f"{name}.webm", frames, codec="VP80")
        metadata = fo.VideoMetadata(
            frame_width=SIDE,
            frame_height=SIDE,
            frame_rate=RATE,
            total_frame_count=len(frames),
            duration=len(frames) / RATE,
        )
        dataset.add_sample(fo.Sample(filepath=str(path), metadata=metadata))
    foo.get_operator(demo.OPERATOR)(dataset, preset=preset)
    dataset.reload()
    return dataset


@pytest.fixture(scope="module")
def groups(dataset, demo, preset, tmp_path_factory):
    """Two groups of the slices left and right; the left ones are scored."""
    import fiftyone.operators as foo

    folder = tmp_path_factory.mktemp("groups")
    save_png(folder / "face.png", _face())
    save_png(folder / "none.png", no_face())
    groups = fo.Dataset("faceqgen-groups-test")
    groups.add_group_field("group", default="left")
    for left, right in (("face", "none"), ("none", "face")):
        group = fo.Group()
        files = {"left": left, "right": right}
        groups.add_samples(
            [
                fo.Sample(filepath=str(folder / f"{file}.png"), group=group.element(name))
                for name, file in files.items()
            ]
        )
    foo.get_operator(demo.OPERATOR)(groups, preset=preset, restored=False)
    groups.reload()
    return groups


@pytest.fixture
def app(groups, app) -> App:
    """The App, started when there are groups, too."""
    return app


def _open_panel(app: App):
    app.page.locator('img[src*="panel.svg"]').first.click()
    panel = app.part("panel-content-face_quality")
    panel.wait_for()
    return panel


def test_videos_are_counted_and_looked_at_by_their_best_frame(app, dataset):
    app.open(dataset.name, len(dataset))
    panel = _open_panel(app)
    for text in ("Scored: 2", "No face: 1", "Kept"):
        panel.get_by_text(text).first.wait_for()
    app.shoot("video-panel")
    tab, note = panel.get_by_role("tab", name="Look"), panel.get_by_text("Videos show no crop")
    # A panel that is still being drawn forgets the click.
    app.until(
        lambda: note.count() or (tab.get_attribute("aria-selected") != "true" and tab.click()),
        "the panel looks at a video",
    )
    panel.get_by_text("best frame, number 1").wait_for()
    app.shoot("video-look")
    panel.get_by_role("button", name="Better").click()
    panel.get_by_text(f"best frame, number {LENGTH + 1}").wait_for()
    panel.get_by_text("2 of 2, worst first").wait_for()
    assert dataset.values("faceqgen.best_frame") == [LENGTH + 1, 1, None]
    panel.get_by_role("button", name="Open sample").click()
    app.part("modal").get_by_text("sharpens.webm").first.wait_for()
    app.part("modal").get_by_text("frames.faceqgen_faces").first.wait_for()
    app.shoot("video-open")


def test_of_groups_the_active_slice_is_counted_and_the_form_names_it(app, groups):
    app.page.goto(f"/datasets/{groups.name}")
    form = app.open_operator("Filter by face quality")
    form.get_by_text("The active group slice 'left' is taken").wait_for()
    form.get_by_text("in the current slice (left)").first.wait_for()
    app.shoot("groups-form")
    app.page.goto(f"/datasets/{groups.name}")
    panel = _open_panel(app)
    for text in ("Scored: 1", "No face: 1", "Kept 1"):
        panel.get_by_text(text).first.wait_for()
    app.shoot("groups-panel")
